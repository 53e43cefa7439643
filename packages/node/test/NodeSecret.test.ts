import { assert, describe, it } from "@effect/vitest";
import * as Secret from "@x/core/Secret";
import * as NodeSecret from "@x/node/NodeSecret";
import * as Effect from "effect/Effect";
import * as Redacted from "effect/Redacted";
import * as Fs from "node:fs/promises";
import FsPromises from "node:fs/promises";
import * as Module from "node:module";
import * as Os from "node:os";
import * as Path from "node:path";
import * as Util from "node:util";

const start = Effect.map(
  Effect.acquireRelease(
    Effect.promise(() => Fs.mkdtemp(Path.join(Os.tmpdir(), "x-secret-"))),
    (made) => Effect.promise(() => Fs.rm(made, { recursive: true })),
  ),
  (directory) => {
    const path = Path.join(directory, "secret");
    return {
      directory,
      path,
      secret: NodeSecret.file(path),
      write: (contents: string | Uint8Array) => Effect.promise(() => Fs.writeFile(path, contents)),
    };
  },
);

/** Rounds the times that `stat` tells, as FAT does. The size and the inode stay the same anyway. */
const coarseTimes = Effect.acquireRelease(
  Effect.sync(() => {
    const { stat } = FsPromises;
    const rounded = (millis: number) => Math.floor(millis / 2_000) * 2_000;
    Object.assign(FsPromises, {
      stat: async (path: string) => {
        const stats = await stat(path);
        return Object.assign(stats, {
          mtimeMs: rounded(stats.mtimeMs),
          ctimeMs: rounded(stats.ctimeMs),
        });
      },
    });
    Module.syncBuiltinESMExports();
    return stat;
  }),
  (stat) =>
    Effect.sync(() => {
      Object.assign(FsPromises, { stat });
      Module.syncBuiltinESMExports();
    }),
);

const read = (secret: Secret.Secret) =>
  Effect.map(secret.read, (values) => values.map(Redacted.value));

// Not concurrent, because one test changes how the whole process looks at files.
describe("NodeSecret.file", { concurrent: false }, () => {
  for (const [name, contents] of [
    ["no line end", "s3cret"],
    ["a line end", "s3cret\n"],
    ["a line end of Windows", "s3cret\r\n"],
    ["a BOM", "\uFEFFs3cret\n"],
  ] as const) {
    it.live(`reads the text of a file with ${name}`, () =>
      Effect.gen(function* () {
        const { secret, write } = yield* start;
        yield* write(contents);
        assert.isTrue(Secret.isSecret(secret));
        assert.deepStrictEqual(yield* read(secret), ["s3cret"]);
      }),
    );
  }

  it.live("keeps blanks and line ends inside the text", () =>
    Effect.gen(function* () {
      const { secret, write } = yield* start;
      yield* write(" a b\nc \n");
      assert.deepStrictEqual(yield* read(secret), [" a b\nc "]);
    }),
  );

  it.live("sees every replacement on a file system that keeps times in steps of 2 s", () =>
    Effect.gen(function* () {
      yield* coarseTimes;
      const { secret, write } = yield* start;
      for (let index = 0; index < 100; index++) {
        const text = `secret-${index % 10}`;
        yield* write(text);
        assert.deepStrictEqual(yield* read(secret), [text]);
      }
    }),
  );

  it.live("sees a link that Kubernetes flips", () =>
    Effect.gen(function* () {
      const { directory, path, secret } = yield* start;
      yield* Effect.promise(async () => {
        for (const name of ["one", "two"]) {
          await Fs.mkdir(Path.join(directory, name));
          await Fs.writeFile(Path.join(directory, name, "secret"), name);
        }
        await Fs.symlink("one", Path.join(directory, "..data"));
        await Fs.symlink("..data/secret", path);
      });
      // Old enough that the file is not read again while its stamp stays the same.
      yield* Effect.sleep("2200 millis");
      assert.deepStrictEqual(yield* read(secret), ["one"]);
      yield* Effect.promise(async () => {
        await Fs.symlink("two", Path.join(directory, "..data_tmp"));
        await Fs.rename(Path.join(directory, "..data_tmp"), Path.join(directory, "..data"));
      });
      assert.deepStrictEqual(yield* read(secret), ["two"]);
    }),
  );

  it.live("fails while the file is missing, and reads it once it is there", () =>
    Effect.gen(function* () {
      const { path, secret, write } = yield* start;
      const error = yield* Effect.flip(secret.read);
      assert.strictEqual(error._tag, "CredentialUnavailable");
      assert.strictEqual(error.credential, `secret (${path})`);
      assert.match(error.problem, /there is no such file; check the path/);
      assert.isFalse(error.isTransient);
      yield* write("s3cret");
      assert.deepStrictEqual(yield* read(secret), ["s3cret"]);
    }),
  );

  // Reading it is an I/O error on Linux.
  it.live.skipIf(process.platform !== "linux")("fails transiently for an I/O error", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(NodeSecret.file("/proc/self/mem").read);
      assert.match(error.problem, /it cannot be read \(EIO\); check the path and the file system/);
      assert.isTrue(error.isTransient);
    }),
  );

  for (const [name, contents, problem] of [
    ["an empty file", "", /it is empty; write it again/],
    ["a file with a line end only", "\n", /it is empty; write it again/],
    [
      "a file in UTF-16",
      Buffer.from("\uFEFFs3cret", "utf16le"),
      /it is text in UTF-16; save it as UTF-8/,
    ],
  ] as const) {
    it.live(`fails for ${name}`, () =>
      Effect.gen(function* () {
        const { secret, write } = yield* start;
        yield* write(contents);
        const error = yield* Effect.flip(secret.read);
        assert.match(error.problem, problem);
        assert.notInclude(Util.inspect(error, { depth: Infinity }), "s3cret");
      }),
    );
  }
});
