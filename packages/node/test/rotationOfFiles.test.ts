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

import {
  type Pair,
  pause,
  pollInterval,
  start,
  taken,
  write,
  writeBeside,
} from "./fixtures/rotatingFiles.ts";

describe("rotation of files", () => {
  const ways: Record<string, (files: Certificates.Files, pair: Pair) => Effect.Effect<unknown>> = {
    "files that are written in place": (files, pair) =>
      Effect.andThen(
        write(files.certificate, pair.certificate),
        write(files.privateKey, pair.privateKey),
      ),
    "files that are renamed": (files, pair) =>
      Effect.andThen(
        writeBeside(files.certificate, pair.certificate),
        writeBeside(files.privateKey, pair.privateKey),
      ),
    "a certificate that is written long before its key": (files, pair) =>
      writeBeside(files.certificate, pair.certificate).pipe(
        Effect.andThen(pause),
        Effect.andThen(writeBeside(files.privateKey, pair.privateKey)),
      ),
    "a key that is written long before its certificate": (files, pair) =>
      write(files.privateKey, pair.privateKey).pipe(
        Effect.andThen(pause),
        Effect.andThen(write(files.certificate, pair.certificate)),
      ),
    "files that are missing for a while": (files, pair) =>
      Effect.promise(() =>
        Promise.all([Fs.unlink(files.certificate), Fs.unlink(files.privateKey)]),
      ).pipe(
        Effect.andThen(pause),
        Effect.andThen(write(files.certificate, pair.certificate)),
        Effect.andThen(write(files.privateKey, pair.privateKey)),
      ),
    "files whose directory is missing for a while": (files, pair) =>
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
    it.live(`takes the next pair from ${way}`, () =>
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

  it.live("takes five pairs in a row and logs each one", () =>
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

describe("changes without effect", () => {
  it.live("keeps the generation after a touch, the same contents and other files", () =>
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

  it.live("keeps the generation with watch: false", () =>
    Effect.gen(function* () {
      const { files, inputs, authority } = yield* Pki.make;
      const next = yield* Certificates.issueClient(authority, { commonName: "next" });
      const { certificate, privateKey } = inputs;
      const { currentUnsafe } = yield* Rotating.build(
        NodeMutualTls.layerPem({ certificate, privateKey, watch: false }),
      );
      const polling = yield* Rotating.build(
        NodeMutualTls.layerPem({ certificate, privateKey, pollInterval }),
      );
      const before = currentUnsafe();
      yield* write(files.certificate, next.certificate);
      yield* write(files.privateKey, next.privateKey);
      yield* taken(polling, next);
      assert.strictEqual(currentUnsafe(), before);
    }),
  );
});

describe("rotation of other files", () => {
  it.live("takes a replaced PFX and a replaced passphrase file", () =>
    Effect.gen(function* () {
      const { files, inputs, client, authority, certificateAuthorities } = yield* Pki.make;
      const passphraseFile = Path.join(files.directory, "passphrase");
      yield* write(passphraseFile, `${Pki.canary}\n`);
      const rotating = yield* Rotating.build(
        NodeMutualTls.layerPfx({
          pfx: inputs.pfx,
          passphrase: { file: passphraseFile },
          certificateAuthorities,
          pollInterval,
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

  it.live("takes a replaced authority, for the plain client too", () =>
    Effect.gen(function* () {
      const { files, inputs, client, server, authority } = yield* Pki.make;
      const other = yield* Certificates.makeAuthority("Other");
      const otherServer = yield* Server.https(yield* Certificates.issueServer(other));
      const firstServer = yield* Server.https(server);
      const authorities = Path.join(files.directory, "authorities.crt");
      yield* write(authorities, authority.certificate);
      const { currentUnsafe, plain } = yield* Rotating.build(
        NodeMutualTls.layerPem({
          certificate: inputs.certificate,
          privateKey: inputs.privateKey,
          certificateAuthorities: [{ file: authorities }],
          pollInterval,
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
