import { assert, describe, it } from "@effect/vitest";
import * as MutualTls from "@x/core/MutualTls";
import * as NodeMutualTls from "@x/node/NodeMutualTls";
import * as Certificates from "@x/testing/Certificates";
import * as ConfigProvider from "effect/ConfigProvider";
import * as Effect from "effect/Effect";
import * as HttpClient from "effect/http/HttpClient";
import * as Layer from "effect/Layer";
import * as Redacted from "effect/Redacted";
import * as Fs from "node:fs/promises";
import * as Path from "node:path";
import * as Util from "node:util";
import * as Pki from "./fixtures/pki.ts";
import * as Rotating from "./fixtures/rotating.ts";
import * as Server from "./fixtures/server.ts";

type Files = Effect.Success<typeof Pki.make>["files"];
type Env = Record<string, string>;

const fromEnv = (env: Env) =>
  NodeMutualTls.layerConfig("ACME").pipe(
    Layer.provide(
      ConfigProvider.layer(ConfigProvider.fromEnv({ env, preserveEmptyStrings: true })),
    ),
  );

describe("layerConfig", () => {
  const complete: Record<string, (files: Files, authorities: string) => Env> = {
    "a PEM pair": (files, authorities) => ({
      ACME_CERTIFICATE: files.certificate,
      ACME_PRIVATE_KEY: files.privateKey,
      ACME_CERTIFICATE_AUTHORITIES: authorities,
    }),
    "a PEM pair with a passphrase, and an empty PFX": (files, authorities) => ({
      ACME_CERTIFICATE: files.certificate,
      ACME_PRIVATE_KEY: files.encryptedPrivateKey,
      ACME_PASSPHRASE: Pki.canary,
      ACME_PFX: "",
      ACME_CERTIFICATE_AUTHORITIES: `${files.certificate} , ${authorities},`,
    }),
    "a PFX with a passphrase, and an empty PEM pair": (files, authorities) => ({
      ACME_PFX: files.pfx,
      ACME_PASSPHRASE: Pki.canary,
      ACME_CERTIFICATE: "",
      ACME_PRIVATE_KEY: "",
      ACME_CERTIFICATE_AUTHORITIES: authorities,
    }),
  };
  for (const [name, env] of Object.entries(complete)) {
    it.live(`reads ${name}`, () =>
      Effect.gen(function* () {
        const pki = yield* Pki.make;
        const authorities = Path.join(pki.files.directory, "authorities.crt");
        yield* Effect.promise(() => Fs.writeFile(authorities, pki.authority.certificate));
        const server = yield* Server.https(pki.server);
        yield* Effect.gen(function* () {
          const { currentUnsafe } = yield* MutualTls.MutualTls;
          yield* Server.get(currentUnsafe().httpClient, server.url);
          yield* Server.get(yield* HttpClient.HttpClient, server.url);
        }).pipe(Effect.provide(fromEnv(env(pki.files, authorities))));
        assert.deepStrictEqual(server.thumbprints, [pki.client.thumbprint, undefined]);
      }),
    );
  }

  it.live("takes empty optional values for absent", () =>
    Effect.gen(function* () {
      const { client, files } = yield* Pki.make;
      const { currentUnsafe } = yield* Effect.provide(
        MutualTls.MutualTls,
        fromEnv({
          ACME_CERTIFICATE: files.certificate,
          ACME_PRIVATE_KEY: files.privateKey,
          ACME_PASSPHRASE: "",
          ACME_CERTIFICATE_AUTHORITIES: "",
        }),
      );
      assert.strictEqual(currentUnsafe().thumbprint, client.thumbprint);
    }),
  );

  it.live("reads the passphrase from a file, and calls the certificate by its prefix", () =>
    Effect.gen(function* () {
      const { authority, client, files } = yield* Pki.make;
      const passphrase = Path.join(files.directory, "passphrase");
      yield* Effect.promise(() => Fs.writeFile(passphrase, `${Pki.canary}\n`));
      const { currentUnsafe, logged } = yield* Rotating.build(
        fromEnv({
          ACME_PFX: files.pfx,
          ACME_PASSPHRASE: "",
          ACME_PASSPHRASE_FILE: passphrase,
        }),
      );
      assert.strictEqual(currentUnsafe().thumbprint, client.thumbprint);
      const next = yield* Certificates.issueClient(authority, { commonName: "next" });
      const pfx = yield* Certificates.pfx(next, files.passphrase);
      yield* Effect.promise(() => Fs.writeFile(files.pfx, pfx));
      yield* Rotating.until("a line is logged", () => logged.length > 0);
      assert.strictEqual(currentUnsafe().thumbprint, next.thumbprint);
      assert.match(logged[0]?.text ?? "", /^client certificate ACME: replaced/);
    }),
  );

  it.live("reads any provider", () =>
    Effect.gen(function* () {
      const { client, files } = yield* Pki.make;
      const provider = ConfigProvider.fromUnknown({
        ACME_PFX: files.pfx,
        ACME_PASSPHRASE: Redacted.value(files.passphrase),
      });
      const { currentUnsafe } = yield* MutualTls.MutualTls.pipe(
        Effect.provide(NodeMutualTls.layerConfig("ACME")),
        Effect.provideService(ConfigProvider.ConfigProvider, provider),
      );
      assert.strictEqual(currentUnsafe().thumbprint, client.thumbprint);
    }),
  );

  const incomplete: Record<string, { readonly env: Env; readonly message: RegExp }> = {
    "nothing at all": {
      env: {},
      message: /set ACME_CERTIFICATE and ACME_PRIVATE_KEY, or ACME_PFX/,
    },
    "empty values alone": {
      env: { ACME_CERTIFICATE: "", ACME_PRIVATE_KEY: "", ACME_PFX: "" },
      message: /set ACME_CERTIFICATE and ACME_PRIVATE_KEY, or ACME_PFX/,
    },
    "a certificate without a key": {
      env: { ACME_CERTIFICATE: "client.crt" },
      message: /ACME_PRIVATE_KEY/,
    },
    "a certificate with an empty key": {
      env: { ACME_CERTIFICATE: "client.crt", ACME_PRIVATE_KEY: "" },
      message: /ACME_PRIVATE_KEY/,
    },
    "a key without a certificate": {
      env: { ACME_PRIVATE_KEY: "client.key" },
      message: /ACME_CERTIFICATE/,
    },
    "a key without a certificate, with authorities": {
      env: { ACME_PRIVATE_KEY: "client.key", ACME_CERTIFICATE_AUTHORITIES: "ca.crt" },
      message: /ACME_CERTIFICATE"/,
    },
    "both a PEM pair and a PFX": {
      env: {
        ACME_CERTIFICATE: "client.crt",
        ACME_PRIVATE_KEY: "client.key",
        ACME_PFX: "client.pfx",
      },
      message: /set ACME_PFX, or ACME_CERTIFICATE and ACME_PRIVATE_KEY, but not both/,
    },
    "a passphrase and a file of one": {
      env: { ACME_PFX: "client.pfx", ACME_PASSPHRASE_FILE: "passphrase" },
      message: /set ACME_PASSPHRASE or ACME_PASSPHRASE_FILE, but not both/,
    },
    "a key and a PFX": {
      env: { ACME_PRIVATE_KEY: "client.key", ACME_PFX: "client.pfx" },
      message: /but not both/,
    },
  };
  for (const [name, { env, message }] of Object.entries(incomplete)) {
    it.live(`refuses ${name}`, () =>
      Effect.gen(function* () {
        const error = yield* failure({ ...env, ACME_PASSPHRASE: Pki.canary });
        assert.strictEqual(error._tag, "ConfigError");
        assert.match(error.message, message);
        assert.notInclude(Util.inspect(error, { depth: Infinity, showHidden: true }), Pki.canary);
      }),
    );
  }

  it.live("names the path that is wrong", () =>
    Effect.gen(function* () {
      const error = yield* failure({
        ACME_PFX: "/nowhere/client.pfx",
        ACME_PASSPHRASE: Pki.canary,
      });
      assert.strictEqual(
        error.message,
        "NodeMutualTls: the client certificate is unusable: pfx /nowhere/client.pfx: there is no such file; check the path, which is relative to the working directory",
      );
    }),
  );
});

const failure = (env: Env) => Effect.flip(Effect.scoped(Layer.build(fromEnv(env))));
