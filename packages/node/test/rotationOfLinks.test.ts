import { assert, describe, it } from "@effect/vitest";
import * as NodeMutualTls from "@x/node/NodeMutualTls";
import * as Certificates from "@x/testing/Certificates";
import * as Effect from "effect/Effect";
import * as Fs from "node:fs/promises";
import * as Path from "node:path";
import * as Pki from "./fixtures/pki.ts";
import * as Rotating from "./fixtures/rotating.ts";

import { pollInterval, start, taken, write, writeBeside } from "./fixtures/rotatingFiles.ts";

describe("rotation of links", () => {
  const targets = ["one", "two"] as const;
  const links: Record<
    string,
    (directory: string) => Effect.Effect<{
      /** The directory in the options. */
      readonly files: string;
      readonly flip: Effect.Effect<void>;
    }>
  > = {
    "that Kubernetes flips": (directory) =>
      Effect.promise(async () => {
        await Fs.symlink("one", Path.join(directory, "..data"));
        for (const name of ["client.crt", "client.key"]) {
          await Fs.symlink(Path.join("..data", name), Path.join(directory, name));
        }
        return {
          files: directory,
          flip: Effect.promise(async () => {
            await Fs.symlink("two", Path.join(directory, "..data_tmp"));
            await Fs.rename(Path.join(directory, "..data_tmp"), Path.join(directory, "..data"));
            await Fs.rm(Path.join(directory, "one"), { recursive: true });
          }),
        };
      }),
    "far up in the path": (directory) =>
      Effect.promise(async () => {
        await Fs.mkdir(Path.join(directory, "releases"));
        await Fs.symlink(Path.join(directory, "releases", "current"), Path.join(directory, "app"));
        await Fs.symlink("../one", Path.join(directory, "releases", "current"));
        return {
          files: Path.join(directory, "app", ".", "..", "app"),
          flip: Effect.promise(async () => {
            await Fs.unlink(Path.join(directory, "releases", "current"));
            await Fs.symlink("../two", Path.join(directory, "releases", "current"));
          }),
        };
      }),
  };
  for (const [name, prepare] of Object.entries(links)) {
    it.live(`takes the next pair through a link ${name}`, () =>
      Effect.gen(function* () {
        const pki = yield* Pki.make;
        const next = yield* Certificates.issueClient(pki.authority, { commonName: "next" });
        const third = yield* Certificates.issueClient(pki.authority, { commonName: "third" });
        const { directory } = pki.files;
        for (const [target, pair] of [
          [targets[0], pki.client],
          [targets[1], next],
        ] as const) {
          yield* Effect.promise(() => Fs.mkdir(Path.join(directory, target)));
          yield* write(Path.join(directory, target, "client.crt"), pair.certificate);
          yield* write(Path.join(directory, target, "client.key"), pair.privateKey);
        }
        for (const path of [pki.files.certificate, pki.files.privateKey]) {
          yield* Effect.promise(() => Fs.unlink(path));
        }
        const { files, flip } = yield* prepare(directory);
        const rotating = yield* Rotating.build(
          NodeMutualTls.layerPem({
            certificate: { file: `${files}/client.crt` },
            privateKey: { file: `${files}/client.key` },
            pollInterval,
          }),
        );
        assert.strictEqual(rotating.currentUnsafe().thumbprint, pki.client.thumbprint);
        yield* flip;
        yield* taken(rotating, next);
        assert.deepStrictEqual(rotating.warnings(), []);
        // The poll follows the new target too.
        yield* write(Path.join(directory, "two", "client.crt"), third.certificate);
        yield* write(Path.join(directory, "two", "client.key"), third.privateKey);
        yield* taken(rotating, third);
      }),
    );
  }

  it.live("keeps the pair while a link leads to itself", () =>
    Effect.gen(function* () {
      const started = yield* start;
      const { certificate } = started.files;
      yield* Effect.promise(async () => {
        await Fs.symlink(certificate, `${certificate}.new`);
        await Fs.rename(`${certificate}.new`, certificate);
      });
      yield* Rotating.until("a warning", () => started.warnings().length > 0);
      assert.strictEqual(started.currentUnsafe().thumbprint, started.client.thumbprint);
      yield* writeBeside(certificate, started.next.certificate);
      yield* write(started.files.privateKey, started.next.privateKey);
      yield* taken(started, started.next);
    }),
  );
});
