import { assert, describe, it } from "@effect/vitest";
import * as NodeMutualTls from "@x/node/NodeMutualTls";
import * as NodePrivateKey from "@x/node/NodePrivateKey";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Crypto from "node:crypto";

const rsa = Crypto.generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
const ec = Crypto.generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
const ed = Crypto.generateKeyPairSync("ed25519").privateKey;

const der = (key: Crypto.KeyObject) => key.export({ type: "pkcs8", format: "der" });
const pem = (key: Crypto.KeyObject) => key.export({ type: "pkcs8", format: "pem" }).toString();
const base64 = (text: string | Buffer) => Buffer.from(text).toString("base64");
const sec1 = ec.export({ type: "sec1", format: "der" });

const contents: Readonly<Record<string, string>> = {
  PEM: pem(ec),
  "PEM whose line ends are escaped": pem(ec).replaceAll("\n", "\\n"),
  "PEM without line ends and labels": pem(rsa).replaceAll(/-----[A-Z ]+-----|\n/g, ""),
  "PEM whose line ends are blanks": pem(rsa)
    .replaceAll(/-----[A-Z ]+-----/g, "")
    .replaceAll("\n", " "),
  "a JWK": JSON.stringify(ec.export({ format: "jwk" })),
  "a JWK that starts with a blank": ` ${JSON.stringify(rsa.export({ format: "jwk" }))}`,
  "base64 of DER": base64(der(rsa)),
  "base64 of SEC 1": base64(sec1),
  "base64 of a short key": base64(der(ed)),
  "base64 with many slashes": `${"MHcCAQEEIA3/".repeat(12)}==`,
  "base64 of PEM": base64(pem(ec)),
  "base64 of a JWK": base64(JSON.stringify(ec.export({ format: "jwk" }))),
  "base64url of DER": der(rsa).toString("base64url"),
  "base64url of SEC 1": sec1.toString("base64url"),
  "base64 after a blank": ` ${base64(sec1)}`,
  "base64 in double quotes": `"${base64(sec1)}"`,
  "base64 in single quotes": `'${base64(sec1)}'`,
  "base64 after a prefix": `base64:${base64(sec1)}`,
  "a data URL": `data:application/x-pem-file;base64,${base64(pem(ec))}`,
  "a data URL with a dot": `data:application/vnd.key;base64,${base64(der(ed))}`,
  hex: sec1.toString("hex"),
  "hex in capitals": sec1.toString("hex").toUpperCase(),
  "hex as openssl prints it": sec1.toString("hex").replaceAll(/(..)(?!$)/g, "$1:"),
  "what is longer than a path": `${"a/".repeat(2_048)}a`,
  "what is longer than a name": "a".repeat(256),
};

const paths: ReadonlyArray<string> = [
  "client.key",
  "./certs/client.key",
  "/var/run/secrets/kubernetes.io/serviceaccount/..2026_11_21_10_00_00.123456789/tls.crt",
  "/run/secrets/acme-production-client-certificate-key",
  "/etc/ssl/private/acme-production-eu-west-1-client-certificate-2026-11-21.key",
  "/Users/Thomas/Projects/Acme2026/Certificates/Production/client.key",
  "C:\\ProgramData\\Acme\\Certificates\\client certificate.pfx",
  "/absent/9f86d081884c7d659a2feaa0c55ad015/tls.key",
  `/absent${"/directory".repeat(60)}/client.key`,
  "/srv/schlüssel/kunde.key",
];

/** Every option that takes a path, and what it says of a string. */
const options: Readonly<Record<string, (file: string) => Effect.Effect<unknown, unknown>>> = {
  "NodePrivateKey.signer": (privateKey) => NodePrivateKey.signer({ privateKey }),
  certificate: (certificate) => build({ certificate, privateKey: new Uint8Array([1]) }),
  privateKey: (privateKey) => build({ certificate: new Uint8Array([1]), privateKey }),
  certificateAuthorities: (file) =>
    build({
      certificate: new Uint8Array([1]),
      privateKey: new Uint8Array([1]),
      certificateAuthorities: [file],
    }),
  passphrase: (file) =>
    build({
      certificate: new Uint8Array([1]),
      privateKey: new Uint8Array([1]),
      passphrase: { file },
    }),
  pfx: (pfx) => Effect.scoped(Layer.build(NodeMutualTls.layerPfx({ pfx }))),
};

const build = (pair: NodeMutualTls.PemOptions) =>
  Effect.scoped(Layer.build(NodeMutualTls.layerPem(pair)));

const printed = (effect: Effect.Effect<unknown, unknown>) =>
  Effect.map(Effect.flip(effect), (error) => {
    assert.instanceOf(error, Error);
    return { message: error.message, all: error.message + JSON.stringify(error) };
  });

for (const [option, use] of Object.entries(options)) {
  describe(`${option} given`, () => {
    for (const [form, text] of Object.entries(contents)) {
      it.effect(`${form} in place of a path does not print it`, () =>
        Effect.gen(function* () {
          const { message, all } = yield* printed(use(text));
          assert.include(message, "(contents in place of a path)");
          // Any 12 characters in a row would be too many.
          for (let start = 0; start + 12 <= text.length; start += 1) {
            assert.notInclude(all, text.slice(start, start + 12));
          }
        }),
      );
    }

    it.effect("a path that leads nowhere names it", () =>
      Effect.forEach(paths, (path) =>
        Effect.map(printed(use(path)), ({ message }) => assert.include(message, path)),
      ),
    );
  });
}
