import { assert, describe, it } from "@effect/vitest";
import type * as Secret from "@x/core/Secret";
import * as NodePrivateKey from "@x/node/NodePrivateKey";
import * as Effect from "effect/Effect";
import * as Redacted from "effect/Redacted";
import * as Crypto from "node:crypto";
import * as Fs from "node:fs/promises";
import * as Os from "node:os";
import * as Path from "node:path";
import * as Util from "node:util";

const passphrase = Redacted.make(`canary-${Crypto.randomBytes(8).toString("hex")}`);

const rsa = () => Crypto.generateKeyPairSync("rsa", { modulusLength: 2048 });
const ec = () => Crypto.generateKeyPairSync("ec", { namedCurve: "P-256" });

const encrypted = (key: Crypto.KeyObject, type: "pkcs8" | "pkcs1" | "sec1") =>
  Buffer.from(
    key.export({
      type,
      format: "pem",
      cipher: "aes-256-cbc",
      passphrase: Redacted.value(passphrase),
    }),
  );

const directory = Effect.acquireRelease(
  Effect.promise(() => Fs.mkdtemp(Path.join(Os.tmpdir(), "x-key-"))),
  (made) => Effect.promise(() => Fs.rm(made, { recursive: true })),
);

/** Writes a file in a directory of its own. */
const written = (contents: string | Uint8Array) =>
  Effect.gen(function* () {
    const path = Path.join(yield* directory, "signing.key");
    yield* Effect.promise(() => Fs.writeFile(path, contents));
    return path;
  });

/** Reads the one value of a secret as a key. */
const keyOf = (secret: Secret.Secret) =>
  Effect.map(secret.read, ([value, ...more]) => {
    assert.lengthOf(more, 0);
    const pem = Redacted.value(value ?? assert.fail("no value"));
    assert.match(pem, /^-----BEGIN PRIVATE KEY-----\n/);
    return Crypto.createPrivateKey(pem);
  });

const pkcs8 = (key: Crypto.KeyObject) => key.export({ type: "pkcs8", format: "pem" }).toString();

describe("NodePrivateKey.make", () => {
  const ecKey = ec().privateKey;
  const rsaKey = rsa().privateKey;
  const der = (key: Crypto.KeyObject, type: "pkcs8" | "pkcs1" | "sec1") =>
    key.export({ type, format: "der" });
  const forms: Readonly<Record<string, readonly [Crypto.KeyObject, string | Uint8Array]>> = {
    "PKCS#8 in PEM": [ecKey, pkcs8(ecKey)],
    "PKCS#1 in PEM": [rsaKey, rsaKey.export({ type: "pkcs1", format: "pem" })],
    "SEC1 in PEM": [ecKey, ecKey.export({ type: "sec1", format: "pem" })],
    "encrypted PKCS#8 in PEM": [ecKey, encrypted(ecKey, "pkcs8")],
    "encrypted PKCS#1 in PEM": [rsaKey, encrypted(rsaKey, "pkcs1")],
    "encrypted SEC1 in PEM": [ecKey, encrypted(ecKey, "sec1")],
    "PKCS#8 in DER": [ecKey, der(ecKey, "pkcs8")],
    "PKCS#1 in DER": [rsaKey, der(rsaKey, "pkcs1")],
    "SEC1 in DER": [ecKey, der(ecKey, "sec1")],
    "encrypted PKCS#8 in DER": [
      ecKey,
      ecKey.export({
        type: "pkcs8",
        format: "der",
        cipher: "aes-256-cbc",
        passphrase: Redacted.value(passphrase),
      }),
    ],
    "a JWK": [ecKey, JSON.stringify(ecKey.export({ format: "jwk" }))],
    "a JWK after a BOM and a line end": [
      rsaKey,
      `\uFEFF\n${JSON.stringify({ ...rsaKey.export({ format: "jwk" }), use: "sig" })}`,
    ],
  };
  for (const [form, [expected, contents]] of Object.entries(forms)) {
    it.live(`reads ${form}, from a file and from memory`, () =>
      Effect.gen(function* () {
        const inputs = [
          { file: yield* written(contents) },
          typeof contents === "string" ? Redacted.make(contents) : contents,
        ];
        for (const key of inputs) {
          const read = yield* keyOf(NodePrivateKey.make({ key, passphrase }));
          assert.isTrue(read.equals(expected));
        }
      }),
    );
  }

  it.live("reads the file and the file of its passphrase again when they change", () =>
    Effect.gen(function* () {
      const path = yield* written(pkcs8(ecKey));
      const secretPath = yield* written("other\n");
      const secret = NodePrivateKey.make({
        key: { file: path },
        passphrase: { file: secretPath },
      });
      assert.isTrue((yield* keyOf(secret)).equals(ecKey));
      yield* Effect.promise(() => Fs.writeFile(path, encrypted(rsaKey, "pkcs8")));
      const { problem } = yield* Effect.flip(secret.read);
      assert.match(problem, /the passphrase does not open it/);
      yield* Effect.promise(() => Fs.writeFile(secretPath, Redacted.value(passphrase)));
      assert.isTrue((yield* keyOf(secret)).equals(rsaKey));
    }),
  );

  it.live("opens an unchanged file once", () =>
    Effect.gen(function* () {
      const path = yield* written(pkcs8(ecKey));
      const past = new Date(Date.now() - 60_000);
      // A change time is not settable, so wait until it is old enough to trust.
      yield* Effect.promise(() => Fs.utimes(path, past, past));
      yield* Effect.sleep("2200 millis");
      const secret = NodePrivateKey.make({ key: { file: path } });
      const [first] = yield* secret.read;
      const [second] = yield* secret.read;
      assert.strictEqual(second, first);
    }),
  );

  const pem = encrypted(rsaKey, "pkcs8");
  const failures: Readonly<
    Record<
      string,
      readonly [Parameters<typeof NodePrivateKey.make>[0], credential: string, problem: RegExp]
    >
  > = {
    "a missing file": [
      { key: { file: "/absent/signing.key" } },
      "signing key (/absent/signing.key)",
      /there is no such file; check the path/,
    ],
    "a directory": [
      { key: { file: Os.tmpdir() } },
      `signing key (${Os.tmpdir()})`,
      /it is a directory; give the path of the file in it/,
    ],
    "an empty path": [{ key: { file: "" } }, "signing key (no path)", /the path is empty/],
    "contents in place of a path": [
      { key: { file: pem.toString() } },
      "signing key (no path)",
      /it holds contents in place of a path/,
    ],
    "a key under another passphrase": [
      { key: pem, passphrase: Redacted.make("wrong") },
      "signing key (in memory)",
      /the passphrase does not open it; give the one/,
    ],
    "an absent passphrase": [
      { key: pem },
      "signing key (in memory)",
      /it is encrypted; give its passphrase/,
    ],
    "a missing file of a passphrase": [
      { key: pem, passphrase: { file: "/absent/passphrase" } },
      "passphrase of the signing key (/absent/passphrase)",
      /there is no such file/,
    ],
    "a text that is no key": [
      { key: Redacted.make("canary") },
      "signing key (in memory)",
      /it is not a private key; give a private key in PEM, DER or JWK/,
    ],
    "a certificate": [
      { key: Redacted.make("-----BEGIN CERTIFICATE-----") },
      "signing key (in memory)",
      /it holds a certificate and no private key/,
    ],
    "a public JWK": [
      { key: Redacted.make(JSON.stringify(rsa().publicKey.export({ format: "jwk" }))) },
      "signing key (in memory)",
      /its JWK is cut off, damaged or not a private key/,
    ],
    "an id-RSASSA-PSS key": [
      {
        key: Redacted.make(
          pkcs8(Crypto.generateKeyPairSync("rsa-pss", { modulusLength: 2048 }).privateKey),
        ),
      },
      "signing key (in memory)",
      /make an rsaEncryption key/,
    ],
  };
  for (const [name, [options, credential, problem]] of Object.entries(failures)) {
    it.live(`fails with CredentialUnavailable for ${name}`, () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(NodePrivateKey.make(options).read);
        assert.strictEqual(error._tag, "CredentialUnavailable");
        assert.strictEqual(error.credential, credential);
        assert.match(error.problem, problem);
        assert.isFalse(error.isTransient);
        assert.notMatch(Util.inspect(error, { depth: Infinity }), /canary|BEGIN|wrong/);
      }),
    );
  }
});
