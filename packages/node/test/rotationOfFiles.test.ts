import { assert, describe, it } from "@effect/vitest";
import * as NodeMutualTls from "@x/node/NodeMutualTls";
import * as Certificates from "@x/testing/Certificates";
import * as Effect from "effect/Effect";
import * as Redacted from "effect/Redacted";
import * as Fs from "node:fs/promises";
import * as Path from "node:path";
import * as Pki from "./fixtures/pki.ts";
import * as Rotating from "./fixtures/rotating.ts";
import * as Server from "./fixtures/server.ts";

type Pair = Pick<Certificates.Certificate, "certificate" | "privateKey">;

const write = (path: string, contents: string | Uint8Array) =>
  Effect.promise(() => Fs.writeFile(path, contents));

/** As `mv` and most programs that renew certificates do. */
const writeBeside = (path: string, contents: string | Uint8Array) =>
  Effect.promise(async () => {
    await Fs.writeFile(`${path}.new`, contents);
    await Fs.rename(`${path}.new`, path);
  });

/** Longer than the watch waits for quiet, so that it reads what is there. */
const pause = Effect.sleep(400);

const start = Effect.gen(function* () {
  const pki = yield* Pki.make;
  const { files, certificateAuthorities, authority } = pki;
  const rotating = yield* Rotating.build(
    NodeMutualTls.layerPem({
      certificate: files.certificate,
      privateKey: files.privateKey,
      certificateAuthorities,
    }),
  );
  const next = yield* Certificates.issueClient(authority, { commonName: "next" });
  return { ...pki, ...rotating, next };
});

const taken = (
  { currentUnsafe }: Pick<Effect.Success<typeof start>, "currentUnsafe">,
  { thumbprint }: { readonly thumbprint: string },
) => Rotating.until("the replacement is in use", () => currentUnsafe().thumbprint === thumbprint);

describe("a pair of files is replaced", () => {
  const ways: Record<string, (files: Certificates.Files, pair: Pair) => Effect.Effect<unknown>> = {
    "in place": (files, pair) =>
      Effect.andThen(
        write(files.certificate, pair.certificate),
        write(files.privateKey, pair.privateKey),
      ),
    "by a rename": (files, pair) =>
      Effect.andThen(
        writeBeside(files.certificate, pair.certificate),
        writeBeside(files.privateKey, pair.privateKey),
      ),
    "the certificate long before the key": (files, pair) =>
      writeBeside(files.certificate, pair.certificate).pipe(
        Effect.andThen(pause),
        Effect.andThen(writeBeside(files.privateKey, pair.privateKey)),
      ),
    "the key long before the certificate": (files, pair) =>
      write(files.privateKey, pair.privateKey).pipe(
        Effect.andThen(pause),
        Effect.andThen(write(files.certificate, pair.certificate)),
      ),
    "with both away for a while": (files, pair) =>
      Effect.promise(() =>
        Promise.all([Fs.unlink(files.certificate), Fs.unlink(files.privateKey)]),
      ).pipe(
        Effect.andThen(pause),
        Effect.andThen(write(files.certificate, pair.certificate)),
        Effect.andThen(write(files.privateKey, pair.privateKey)),
      ),
    "with their directory away for a while": (files, pair) =>
      Effect.promise(() => Fs.rename(files.directory, `${files.directory}.old`)).pipe(
        Effect.andThen(pause),
        Effect.andThen(Effect.promise(() => Fs.mkdir(files.directory))),
        Effect.andThen(pause),
        Effect.andThen(write(files.certificate, pair.certificate)),
        Effect.andThen(write(files.privateKey, pair.privateKey)),
        Effect.andThen(Effect.promise(() => Fs.rm(`${files.directory}.old`, { recursive: true }))),
      ),
  };
  for (const [way, replace] of Object.entries(ways)) {
    it.live(way, () =>
      Effect.gen(function* () {
        const started = yield* start;
        const { client, next, files, currentUnsafe } = started;
        const server = yield* Server.https(started.server);
        yield* Server.get(currentUnsafe().httpClient, server.url);
        yield* replace(files, next);
        yield* taken(started, next);
        yield* Server.get(currentUnsafe().httpClient, server.url);
        yield* Server.get(started.plain, server.url);
        assert.deepStrictEqual(server.thumbprints, [client.thumbprint, next.thumbprint, undefined]);
      }),
    );
  }

  it.live("and each time anew", () =>
    Effect.gen(function* () {
      const started = yield* start;
      for (let index = 0; index < 5; index++) {
        const next = yield* Certificates.issueClient(started.authority, { commonName: "n" });
        yield* writeBeside(started.files.certificate, next.certificate);
        yield* write(started.files.privateKey, next.privateKey);
        yield* taken(started, next);
      }
      assert.lengthOf(
        started.logged.filter(({ level, text }) => level === "Info" && text.includes("replaced")),
        5,
      );
    }),
  );
});

describe("links are flipped", () => {
  const targets = ["one", "two"] as const;
  const links: Record<
    string,
    (directory: string) => Effect.Effect<{
      /** Where the layer looks. */
      readonly files: string;
      readonly flip: Effect.Effect<void>;
    }>
  > = {
    "as Kubernetes does": (directory) =>
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
    it.live(name, () =>
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
            certificate: `${files}/client.crt`,
            privateKey: `${files}/client.key`,
          }),
        );
        assert.strictEqual(rotating.currentUnsafe().thumbprint, pki.client.thumbprint);
        yield* flip;
        yield* taken(rotating, next);
        assert.deepStrictEqual(rotating.warnings(), []);
        // The new target is watched in the place of the old one.
        yield* write(Path.join(directory, "two", "client.crt"), third.certificate);
        yield* write(Path.join(directory, "two", "client.key"), third.privateKey);
        yield* taken(rotating, third);
      }),
    );
  }

  it.live("in a circle, and the pair stays", () =>
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

describe("a replacement that cannot be used", () => {
  const bad: Record<
    string,
    {
      readonly replace: (started: Effect.Success<typeof start>) => Effect.Effect<unknown>;
      readonly warning: RegExp;
    }
  > = {
    "is garbage": {
      replace: ({ files }) => write(files.certificate, "garbage"),
      warning: /not a certificate/,
    },
    "is empty": {
      replace: ({ files }) => write(files.privateKey, ""),
      warning: /privateKey .*client\.key: it is empty/,
    },
    "is away": {
      replace: ({ files }) => Effect.promise(() => Fs.unlink(files.privateKey)),
      warning: /privateKey .*client\.key: there is no such file/,
    },
    "does not match": {
      replace: ({ files, next }) => write(files.certificate, next.certificate),
      warning: /the key does not belong to the certificate/,
    },
    "is cut off in the key": {
      replace: ({ files, next }) => write(files.privateKey, next.privateKey.slice(0, 120)),
      warning: /a private key that is cut off/,
    },
    "is cut off between the certificate and its chain": {
      replace: ({ files, client, authority }) =>
        write(files.certificate, client.certificate + authority.certificate.slice(0, 3)),
      warning: /cut off or damaged/,
    },
    "has expired": {
      replace: ({ files, authority }) =>
        Effect.gen(function* () {
          const expired = yield* Certificates.issueExpiredClient(authority, { commonName: "e" });
          yield* write(files.certificate, expired.certificate);
          yield* write(files.privateKey, expired.privateKey);
        }),
      warning: /it expired on 2/,
    },
    "is not valid yet": {
      replace: ({ files, authority }) =>
        Effect.gen(function* () {
          const future = yield* Certificates.issueFutureClient(authority, { commonName: "f" });
          yield* write(files.certificate, future.certificate);
          yield* write(files.privateKey, future.privateKey);
        }),
      warning: /it is valid only from 2/,
    },
  };
  for (const [name, { replace, warning }] of Object.entries(bad)) {
    it.live(`${name}: the pair stays, one warning, and the next good one is used`, () =>
      Effect.gen(function* () {
        const started = yield* start;
        const { client, next, files, currentUnsafe, warnings } = started;
        const server = yield* Server.https(started.server);
        yield* replace(started);
        yield* Rotating.until("a warning", () => warnings().length > 0);
        // Nothing has changed, so nothing is said.
        yield* Effect.promise(() => Fs.utimes(files.directory, new Date(), new Date()));
        if (!name.startsWith("is away")) {
          yield* Effect.promise(() => Fs.utimes(files.privateKey, new Date(), new Date()));
        }
        yield* pause;
        assert.strictEqual(currentUnsafe().thumbprint, client.thumbprint);
        yield* Server.get(currentUnsafe().httpClient, server.url);
        const [said, ...more] = warnings();
        assert.deepStrictEqual(more, []);
        assert.match(said ?? "", warning);
        assert.match(said ?? "", /the present one stays/);
        yield* writeBeside(files.privateKey, next.privateKey);
        yield* writeBeside(files.certificate, next.certificate);
        yield* taken(started, next);
        yield* Server.get(currentUnsafe().httpClient, server.url);
        assert.deepStrictEqual(server.thumbprints, [client.thumbprint, next.thumbprint]);
        const printed = JSON.stringify(started.logged);
        for (const pair of [client, next]) {
          assert.notInclude(printed, pair.privateKey.split("\n")[1] ?? assert.fail("a line"));
        }
      }),
    );
  }

  it.live("warns anew when something else is wrong", () =>
    Effect.gen(function* () {
      const { files, warnings } = yield* start;
      yield* write(files.certificate, "garbage");
      yield* Rotating.until("a warning", () => warnings().length === 1);
      yield* write(files.certificate, "other garbage");
      yield* Rotating.until("another", () => warnings().length === 2);
    }),
  );

  it.live("and is taken back is no change", () =>
    Effect.gen(function* () {
      const { files, client, currentUnsafe, logged, warnings } = yield* start;
      const before = currentUnsafe();
      yield* write(files.certificate, "garbage");
      yield* Rotating.until("a warning", () => warnings().length === 1);
      yield* write(files.certificate, client.certificate);
      yield* pause;
      assert.strictEqual(currentUnsafe(), before);
      assert.lengthOf(logged, 1);
    }),
  );
});

describe("changes that change nothing", () => {
  it.live("a touch, the same contents, other files", () =>
    Effect.gen(function* () {
      const { files, client, currentUnsafe, logged } = yield* start;
      const before = currentUnsafe();
      yield* Effect.promise(() => Fs.utimes(files.certificate, new Date(), new Date()));
      yield* write(files.privateKey, client.privateKey);
      yield* writeBeside(files.certificate, client.certificate);
      yield* write(Path.join(files.directory, "other"), "x");
      yield* pause;
      yield* pause;
      assert.strictEqual(currentUnsafe(), before);
      assert.deepStrictEqual(logged, []);
    }),
  );

  it.live("all of them, for a layer that does not watch", () =>
    Effect.gen(function* () {
      const { files, authority } = yield* Pki.make;
      const next = yield* Certificates.issueClient(authority, { commonName: "next" });
      const paths = { certificate: files.certificate, privateKey: files.privateKey };
      const { currentUnsafe } = yield* Rotating.build(
        NodeMutualTls.layerPem({ ...paths, watch: false }),
      );
      const watching = yield* Rotating.build(NodeMutualTls.layerPem(paths));
      const before = currentUnsafe();
      yield* write(files.certificate, next.certificate);
      yield* write(files.privateKey, next.privateKey);
      yield* taken(watching, next);
      assert.strictEqual(currentUnsafe(), before);
    }),
  );
});

describe("beside a pair", () => {
  it.live("a PFX and the file of its passphrase", () =>
    Effect.gen(function* () {
      const { files, client, authority, certificateAuthorities } = yield* Pki.make;
      const passphraseFile = Path.join(files.directory, "passphrase");
      yield* write(passphraseFile, `${Pki.canary}\n`);
      const rotating = yield* Rotating.build(
        NodeMutualTls.layerPfx({
          pfx: files.pfx,
          passphrase: { file: passphraseFile },
          certificateAuthorities,
        }),
      );
      const { currentUnsafe, warnings, logged } = rotating;
      assert.strictEqual(currentUnsafe().thumbprint, client.thumbprint);
      const next = yield* Certificates.issueClient(authority, { commonName: "next" });
      const other = `other-${Pki.canary}`;
      yield* write(files.pfx, yield* Certificates.pfx(next, Redacted.make(other)));
      yield* Rotating.until("a warning", () => warnings().length === 1);
      assert.match(warnings()[0] ?? "", /pfx .*client\.pfx: the passphrase does not open it/);
      yield* write(passphraseFile, "wrong");
      yield* Rotating.until("another warning", () => warnings().length === 2);
      assert.strictEqual(currentUnsafe().thumbprint, client.thumbprint);
      yield* write(passphraseFile, other);
      yield* taken(rotating, next);
      assert.notInclude(JSON.stringify(logged), Pki.canary);
    }),
  );

  it.live("an authority, for the plain client too", () =>
    Effect.gen(function* () {
      const { files, client, server, authority } = yield* Pki.make;
      const other = yield* Certificates.makeAuthority("Other");
      const otherServer = yield* Server.https(yield* Certificates.issueServer(other));
      const firstServer = yield* Server.https(server);
      const authorities = Path.join(files.directory, "authorities.crt");
      yield* write(authorities, authority.certificate);
      const { currentUnsafe, plain } = yield* Rotating.build(
        NodeMutualTls.layerPem({
          certificate: files.certificate,
          privateKey: files.privateKey,
          certificateAuthorities: [authorities],
        }),
      );
      const before = currentUnsafe();
      yield* Server.get(plain, firstServer.url);
      yield* Server.refused(plain, otherServer.url);
      yield* writeBeside(authorities, other.certificate);
      yield* Rotating.until("a new generation", () => currentUnsafe() !== before);
      assert.strictEqual(currentUnsafe().thumbprint, client.thumbprint);
      for (const each of [plain, currentUnsafe().httpClient]) {
        yield* Server.get(each, otherServer.url);
        yield* Server.refused(each, firstServer.url);
      }
    }),
  );
});

it.live("a pair is used at no point at which its files are half-written", () =>
  Effect.gen(function* () {
    const started = yield* start;
    const { client, next, files, currentUnsafe, warnings } = started;
    const seen = new Set<string>();
    const write2 = (path: string, contents: string) =>
      Effect.andThen(
        write(path, contents),
        Effect.sync(() => seen.add(currentUnsafe().thumbprint)),
      );
    for (const [path, contents] of [
      [files.certificate, next.certificate],
      [files.privateKey, next.privateKey],
    ] as const) {
      const step = Math.ceil(contents.length / 12);
      for (let end = 0; end < contents.length - 1; end += step) {
        yield* write2(path, contents.slice(0, end));
        const before = warnings().length;
        yield* Rotating.until("it was read and refused", () => warnings().length > before);
      }
      assert.deepStrictEqual([...seen], [client.thumbprint]);
      yield* write2(path, contents);
    }
    yield* taken(started, next);
  }),
);
