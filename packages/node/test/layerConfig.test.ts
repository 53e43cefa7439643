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

  it.live("counts empty values as absent", () =>
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

  it.live("reads the passphrase from a file and names the certificate by its prefix", () =>
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

  it.live("reads from any ConfigProvider", () =>
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

  const pem = `-----BEGIN PRIVATE KEY-----\n${Pki.canary}\n-----END PRIVATE KEY-----\n`;
  const base64 = `MIIK${Buffer.from(Pki.canary.repeat(5)).toString("base64")}`;
  const contents =
    "cannot be used: it holds contents in place of a path; write them to a file and give its path";
  const incomplete: Record<string, { readonly env: Env; readonly message: string }> = {
    "a configuration without a key": {
      env: {},
      message:
        "key ACME_CERTIFICATE is missing; set ACME_CERTIFICATE and ACME_PRIVATE_KEY, or ACME_PFX",
    },
    "a configuration with empty values only": {
      env: { ACME_CERTIFICATE: "", ACME_PRIVATE_KEY: "", ACME_PFX: "" },
      message:
        "key ACME_CERTIFICATE is missing; set ACME_CERTIFICATE and ACME_PRIVATE_KEY, or ACME_PFX",
    },
    "a certificate without a key": {
      env: { ACME_CERTIFICATE: "client.crt" },
      message: "key ACME_PRIVATE_KEY is missing; it belongs to ACME_CERTIFICATE",
    },
    "a certificate with an empty key": {
      env: { ACME_CERTIFICATE: "client.crt", ACME_PRIVATE_KEY: "" },
      message: "key ACME_PRIVATE_KEY is missing; it belongs to ACME_CERTIFICATE",
    },
    "a key without a certificate": {
      env: { ACME_PRIVATE_KEY: "client.key" },
      message: "key ACME_CERTIFICATE is missing; it belongs to ACME_PRIVATE_KEY",
    },
    "a key without a certificate, with authorities": {
      env: { ACME_PRIVATE_KEY: "client.key", ACME_CERTIFICATE_AUTHORITIES: "ca.crt" },
      message: "key ACME_CERTIFICATE is missing; it belongs to ACME_PRIVATE_KEY",
    },
    "both a PEM pair and a PFX": {
      env: {
        ACME_CERTIFICATE: "client.crt",
        ACME_PRIVATE_KEY: "client.key",
        ACME_PFX: "client.pfx",
      },
      message:
        "key ACME_PFX is set beside a PEM pair; set ACME_PFX, or ACME_CERTIFICATE and ACME_PRIVATE_KEY",
    },
    "both a passphrase and a file of a passphrase": {
      env: { ACME_PFX: "client.pfx", ACME_PASSPHRASE_FILE: "passphrase" },
      message: "key ACME_PASSPHRASE_FILE is set beside ACME_PASSPHRASE; remove one of them",
    },
    "PEM in place of the path of a key": {
      env: { ACME_CERTIFICATE: "client.crt", ACME_PRIVATE_KEY: pem },
      message: `key ACME_PRIVATE_KEY ${contents}`,
    },
    "base64 in place of the path of a PFX": {
      env: { ACME_PFX: base64 },
      message: `key ACME_PFX ${contents}`,
    },
    "base64 of PEM in place of the path of a certificate": {
      env: {
        ACME_CERTIFICATE: Buffer.from(pem).toString("base64"),
        ACME_PRIVATE_KEY: "client.key",
      },
      message: `key ACME_CERTIFICATE ${contents}`,
    },
    "PEM in place of the path of an authority": {
      env: { ACME_PFX: "client.pfx", ACME_CERTIFICATE_AUTHORITIES: `ca.crt,${pem}` },
      message: `key ACME_CERTIFICATE_AUTHORITIES ${contents}`,
    },
    "a JWK in place of the path of a passphrase": {
      env: {
        ACME_PFX: "client.pfx",
        ACME_PASSPHRASE: "",
        ACME_PASSPHRASE_FILE: `{"k":"${Pki.canary}"}`,
      },
      message: `key ACME_PASSPHRASE_FILE ${contents}`,
    },
    "a path of blanks": {
      env: { ACME_PFX: "  " },
      message: "key ACME_PFX cannot be used: the path is empty; give the path of a file",
    },
    "a key and a PFX": {
      env: { ACME_PRIVATE_KEY: "client.key", ACME_PFX: "client.pfx" },
      message:
        "key ACME_PFX is set beside a PEM pair; set ACME_PFX, or ACME_CERTIFICATE and ACME_PRIVATE_KEY",
    },
  };
  for (const [name, { env, message }] of Object.entries(incomplete)) {
    it.live(`refuses ${name}`, () =>
      Effect.gen(function* () {
        const error = yield* failure({ ACME_PASSPHRASE: Pki.canary, ...env });
        assert.strictEqual(error.reason._tag, "OptionInvalid");
        assert.strictEqual(error.message, `NodeMutualTls: ${message}`);
        const printed = Util.inspect(error, { depth: Infinity, showHidden: true });
        for (const secret of [Pki.canary, base64.slice(0, 40)]) assert.notInclude(printed, secret);
      }),
    );
  }

  it.live("names every problem in one error, by option and key", () =>
    Effect.gen(function* () {
      const { reason } = yield* failure({
        ACME_PRIVATE_KEY: pem,
        ACME_PASSPHRASE: Pki.canary,
        ACME_PASSPHRASE_FILE: "passphrase",
        ACME_CERTIFICATE_AUTHORITIES: " ,ca.crt, {}",
      });
      assert.deepStrictEqual(reason._tag === "OptionInvalid" && reason.problems, [
        { option: "privateKey", key: "ACME_PRIVATE_KEY", problem: contents },
        {
          option: "certificateAuthorities",
          key: "ACME_CERTIFICATE_AUTHORITIES",
          problem: contents,
        },
        {
          option: "passphraseFile",
          key: "ACME_PASSPHRASE_FILE",
          problem: "is set beside ACME_PASSPHRASE; remove one of them",
        },
        {
          option: "certificate",
          key: "ACME_CERTIFICATE",
          problem: "is missing; it belongs to ACME_PRIVATE_KEY",
        },
      ]);
    }),
  );

  it.live("names a source that cannot be read", () =>
    Effect.gen(function* () {
      const away = ConfigProvider.make(() =>
        Effect.fail(new ConfigProvider.SourceError({ message: "the vault is sealed" })),
      );
      const error = yield* Layer.build(NodeMutualTls.layerConfig("ACME")).pipe(
        Effect.provideService(ConfigProvider.ConfigProvider, away),
        Effect.scoped,
        Effect.flip,
      );
      assert.match(error.message, /ACME_PFX cannot be read: the vault is sealed/);
    }),
  );

  it.live("names a wrong path", () =>
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
