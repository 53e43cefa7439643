import { assert, describe, it } from "@effect/vitest";
import * as NodePrivateKey from "@x/node/NodePrivateKey";
import * as Effect from "effect/Effect";
import * as Redacted from "effect/Redacted";
import * as Crypto from "node:crypto";
import * as Fs from "node:fs/promises";
import * as Os from "node:os";
import * as Path from "node:path";

const passphrase = Redacted.make(`canary-${Crypto.randomBytes(8).toString("hex")}`);
const input = new TextEncoder().encode("header.claims");

const rsa = () => Crypto.generateKeyPairSync("rsa", { modulusLength: 2048 });
const ec = () => Crypto.generateKeyPairSync("ec", { namedCurve: "P-256" });
const ed = () => Crypto.generateKeyPairSync("ed25519");

const encrypted = (key: Crypto.KeyObject, type: "pkcs8" | "pkcs1" | "sec1") =>
  Buffer.from(
    key.export({
      type,
      format: "pem",
      cipher: "aes-256-cbc",
      passphrase: Redacted.value(passphrase),
    }),
  );

const verify = {
  PS256: (key: Crypto.KeyObject, signature: Uint8Array) =>
    Crypto.verify(
      "sha256",
      input,
      { key, padding: Crypto.constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 },
      signature,
    ),
  RS256: (key: Crypto.KeyObject, signature: Uint8Array) =>
    Crypto.verify("sha256", input, key, signature),
  ES256: (key: Crypto.KeyObject, signature: Uint8Array) =>
    Crypto.verify("sha256", input, { key, dsaEncoding: "ieee-p1363" }, signature),
  EdDSA: (key: Crypto.KeyObject, signature: Uint8Array) =>
    Crypto.verify(null, input, key, signature),
};

describe("NodePrivateKey.signer signs with", () => {
  const forms = [
    ["PS256", rsa, "pkcs8"],
    ["PS256", rsa, "pkcs1"],
    ["RS256", rsa, "pkcs8"],
    ["ES256", ec, "pkcs8"],
    ["ES256", ec, "sec1"],
    ["EdDSA", ed, "pkcs8"],
  ] as const;
  for (const [algorithm, generate, type] of forms) {
    it.live(`${algorithm} and an encrypted key in ${type}, from memory and from a file`, () =>
      Effect.gen(function* () {
        const pair = generate();
        const pem = encrypted(pair.privateKey, type);
        const directory = yield* Effect.acquireRelease(
          Effect.promise(() => Fs.mkdtemp(Path.join(Os.tmpdir(), "x-key-"))),
          (made) => Effect.promise(() => Fs.rm(made, { recursive: true })),
        );
        const path = Path.join(directory, "signing.key");
        yield* Effect.promise(() => Fs.writeFile(path, pem));
        for (const privateKey of [pem, path]) {
          const signer = yield* NodePrivateKey.signer({
            privateKey,
            passphrase,
            algorithm,
            keyId: "k",
          });
          assert.deepInclude(signer, { algorithm, keyId: "k" });
          assert.isTrue(verify[algorithm](pair.publicKey, yield* signer.sign(input)));
        }
      }),
    );
  }
});

describe("NodePrivateKey.signer refuses", () => {
  const pem = encrypted(rsa().privateKey, "pkcs8");
  const refused: Readonly<Record<string, readonly [NodePrivateKey.Options, RegExp]>> = {
    "a wrong passphrase": [
      { privateKey: pem, passphrase: Redacted.make("wrong") },
      /the passphrase does not open it/,
    ],
    "no passphrase": [{ privateKey: pem }, /the passphrase does not open it/],
    "a file that is absent": [{ privateKey: "absent.key" }, /absent\.key cannot be read/],
    "what is no key": [{ privateKey: Buffer.from("canary") }, /is not a private key in PEM/],
    "contents in place of a path": [{ privateKey: pem.toString() }, /the contents as bytes/],
    "a key of RSA-PSS alone": [
      {
        privateKey: encrypted(
          Crypto.generateKeyPairSync("rsa-pss", { modulusLength: 2048 }).privateKey,
          "pkcs8",
        ),
        passphrase,
      },
      /an rsaEncryption key, not id-RSASSA-PSS/,
    ],
    "another kind of key than the algorithm's": [
      { privateKey: pem, passphrase, algorithm: "ES256" },
      /ES256, which takes a P-256 private key/,
    ],
  };
  for (const [name, [options, message]] of Object.entries(refused)) {
    it.live(name, () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(NodePrivateKey.signer(options));
        assert.strictEqual(error.option, "clientAuth.key");
        assert.match(error.message, message);
        assert.notMatch(`${error.message}${JSON.stringify(error)}`, /canary|BEGIN|wrong/);
      }),
    );
  }
});
