import { assert, describe, it } from "@effect/vitest";
import * as Grant from "@x/core/Grant";
import * as Options from "@x/core/Options";
import * as PrivateKeyJwt from "@x/core/PrivateKeyJwt";
import * as Provider from "@x/core/Provider";
import * as NodePrivateKey from "@x/node/NodePrivateKey";
import * as TokenServer from "@x/testing/TokenServer";
import * as Effect from "effect/Effect";
import * as Redacted from "effect/Redacted";
import * as Crypto from "node:crypto";
import * as Fs from "node:fs/promises";
import * as Os from "node:os";
import * as Path from "node:path";

const passphrase = Redacted.make("secret of the key");

class Acme extends Provider.Service<Acme>()("test/Acme", {
  name: "Acme",
  options: {
    clientId: Options.Text,
    clientAuth: Options.clientAuth({}),
  },
  environments: { test: { lifetime: "1 hour" } },
  grant: () => Grant.clientCredentials(),
  clientAuth: ({ clientAuth, clientId }) => clientAuth.of({ clientId }),
}) {}

const algorithms = {
  PS256: () => Crypto.generateKeyPairSync("rsa", { modulusLength: 2048 }),
  RS256: () => Crypto.generateKeyPairSync("rsa", { modulusLength: 2048 }),
  ES256: () => Crypto.generateKeyPairSync("ec", { namedCurve: "P-256" }),
  EdDSA: () => Crypto.generateKeyPairSync("ed25519"),
} as const;

/** Verifies the signature of a JWT with a public key, by the code of Node. */
const isSignedBy = (jwt: string, algorithm: keyof typeof algorithms, key: Crypto.KeyObject) => {
  const [header, claims, signature = ""] = jwt.split(".");
  return Crypto.verify(
    algorithm === "EdDSA" ? null : "sha256",
    Buffer.from(`${header}.${claims}`),
    {
      key,
      dsaEncoding: "ieee-p1363",
      ...(algorithm === "PS256" && {
        padding: Crypto.constants.RSA_PKCS1_PSS_PADDING,
        saltLength: Crypto.constants.RSA_PSS_SALTLEN_DIGEST,
      }),
    },
    Buffer.from(signature, "base64url"),
  );
};

const encrypted = (key: Crypto.KeyObject) =>
  key.export({
    type: "pkcs8",
    format: "pem",
    cipher: "aes-256-cbc",
    passphrase: Redacted.value(passphrase),
  });

const keyFile = Effect.map(
  Effect.acquireRelease(
    Effect.promise(() => Fs.mkdtemp(Path.join(Os.tmpdir(), "x-assertion-"))),
    (made) => Effect.promise(() => Fs.rm(made, { recursive: true })),
  ),
  (directory) => Path.join(directory, "signing.key"),
);

/** Replaces a file as a whole, as secret managers do. */
const replace = (path: string, contents: string | Buffer) =>
  Effect.promise(async () => {
    await Fs.writeFile(`${path}.next`, contents);
    await Fs.rename(`${path}.next`, path);
  });

/** Returns the assertion of the newest token request. */
const lastAssertion = Effect.gen(function* () {
  const { requests } = yield* TokenServer.TokenServer;
  const body = (yield* requests).at(-1)?.body;
  return new URLSearchParams(body).get("client_assertion") ?? assert.fail("no assertion");
});

describe("PrivateKeyJwt with a key of NodePrivateKey", () => {
  for (const [algorithm, generate] of Object.entries(algorithms)) {
    const name = algorithm as keyof typeof algorithms;
    it.live(
      `signs the next assertion with a replaced ${algorithm} key file, without a restart`,
      () =>
        Effect.gen(function* () {
          const { tokenUrl } = yield* TokenServer.TokenServer;
          const path = yield* keyFile;
          const [first, second] = [generate(), generate()];
          yield* replace(path, encrypted(first.privateKey));
          const acme = yield* Acme.make({
            environment: "test",
            tokenUrl,
            clientId: "id",
            clientAuth: PrivateKeyJwt.make({
              key: NodePrivateKey.make({ key: { file: path }, passphrase }),
              algorithm: name,
              keyId: "k",
            }),
          });

          const token = yield* acme.get;
          assert.isTrue(isSignedBy(yield* lastAssertion, name, first.publicKey));

          yield* replace(path, encrypted(second.privateKey));
          assert.isTrue(yield* acme.invalidate(token));
          yield* acme.get;
          const assertion = yield* lastAssertion;
          assert.isTrue(isSignedBy(assertion, name, second.publicKey));
          assert.isFalse(isSignedBy(assertion, name, first.publicKey));
        }).pipe(
          Effect.provide(
            TokenServer.layerHttpClient([
              TokenServer.token({ access_token: "one" }),
              TokenServer.token({ access_token: "two" }),
            ]),
          ),
        ),
    );
  }

  it.live("fails with CredentialUnavailable while the key file is missing, and sends nothing", () =>
    Effect.gen(function* () {
      const { tokenUrl, requests } = yield* TokenServer.TokenServer;
      const path = yield* keyFile;
      const acme = yield* Acme.make({
        environment: "test",
        tokenUrl,
        clientId: "id",
        clientAuth: PrivateKeyJwt.make({ key: NodePrivateKey.make({ key: { file: path } }) }),
      });
      const error = yield* Effect.flip(acme.get);
      assert.strictEqual(error.reason._tag, "CredentialUnavailable");
      assert.include(error.message, path);
      assert.lengthOf(yield* requests, 0);
    }).pipe(Effect.provide(TokenServer.layerHttpClient([TokenServer.token({})]))),
  );
});
