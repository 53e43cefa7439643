import { assert, describe, it } from "@effect/vitest";
import * as NodeMutualTls from "@x/node/NodeMutualTls";
import * as Certificates from "@x/testing/Certificates";
import * as Effect from "effect/Effect";
import * as Redacted from "effect/Redacted";
import * as Crypto from "node:crypto";
import * as DiagnosticsChannel from "node:diagnostics_channel";
import * as FsSync from "node:fs";
import * as Fs from "node:fs/promises";
import * as Path from "node:path";
import Tls from "node:tls";
import * as Util from "node:util";
import * as Pki from "./fixtures/pki.ts";
import * as Server from "./fixtures/server.ts";
import { build } from "./fixtures/mutualTls.ts";

const bytes = Pki.bytes;

// Not concurrent, because some tests observe or change what the whole process shares.
describe("NodeMutualTls", { concurrent: false }, () => {
  describe("identity", () => {
    const forms: Record<
      string,
      (pki: Effect.Success<typeof Pki.make>) => ReturnType<typeof NodeMutualTls.layerPem>
    > = {
      "PEM files": ({ inputs, certificateAuthorities }) =>
        NodeMutualTls.layerPem({ ...plainFiles(inputs), certificateAuthorities }),
      "PEM in memory": ({ client, certificateAuthorities }) =>
        NodeMutualTls.layerPem({
          certificate: bytes(client.certificate),
          privateKey: bytes(client.privateKey),
          certificateAuthorities,
        }),
      "an encrypted PEM key": ({ files, inputs, certificateAuthorities }) =>
        NodeMutualTls.layerPem({
          certificate: inputs.certificate,
          privateKey: inputs.encryptedPrivateKey,
          passphrase: files.passphrase,
          certificateAuthorities,
        }),
      "one PEM for both with the key first, and a needless passphrase": ({
        client,
        files,
        certificateAuthorities,
      }) => {
        const both = bytes(client.privateKey + client.certificate);
        return NodeMutualTls.layerPem({
          certificate: both,
          privateKey: both,
          passphrase: files.passphrase,
          certificateAuthorities,
        });
      },
      "a PEM chain": ({ authority, client, inputs, certificateAuthorities }) =>
        NodeMutualTls.layerPem({
          certificate: bytes(client.certificate + authority.certificate),
          privateKey: inputs.privateKey,
          certificateAuthorities,
        }),
      "PEM text": ({ client, certificateAuthorities }) =>
        NodeMutualTls.layerPem({ ...Pki.contents(client), certificateAuthorities }),
      "a PEM certificate and a JWK": ({ client, inputs, certificateAuthorities }) =>
        NodeMutualTls.layerPem({
          certificate: inputs.certificate,
          privateKey: Redacted.make(
            JSON.stringify(Crypto.createPrivateKey(client.privateKey).export({ format: "jwk" })),
          ),
          certificateAuthorities,
        }),
      "a PEM certificate and an encrypted DER key": ({
        client,
        files,
        inputs,
        certificateAuthorities,
      }) =>
        NodeMutualTls.layerPem({
          certificate: inputs.certificate,
          privateKey: Crypto.createPrivateKey(client.privateKey).export({
            type: "pkcs8",
            format: "der",
            cipher: "aes-256-cbc",
            passphrase: Pki.canary,
          }),
          passphrase: files.passphrase,
          certificateAuthorities,
        }),
      "a PFX in base64": ({ files, certificateAuthorities }) =>
        NodeMutualTls.layerPfx({
          pfx: Redacted.make(FsSync.readFileSync(files.pfx, "base64")),
          passphrase: files.passphrase,
          certificateAuthorities,
        }),
      "a PFX": ({ files, inputs, certificateAuthorities }) =>
        NodeMutualTls.layerPfx({
          pfx: inputs.pfx,
          passphrase: files.passphrase,
          certificateAuthorities,
        }),
    };
    for (const [form, layer] of Object.entries(forms)) {
      it.live(`shows the certificate of ${form}, but not in the plain client`, () =>
        Effect.gen(function* () {
          const pki = yield* Pki.make;
          const server = yield* Server.https(pki.server);
          const { generation, plain } = yield* build(layer(pki));
          assert.strictEqual(yield* Server.get(generation.httpClient, server.url), "pong");
          assert.strictEqual(yield* Server.get(plain, server.url), "pong");
          assert.deepStrictEqual(server.thumbprints, [pki.client.thumbprint, undefined]);
          assert.strictEqual(generation.thumbprint, pki.client.thumbprint);
          assert.isBelow(generation.notBefore, Date.now());
          assert.isAbove(generation.notAfter, Date.now());
          assert.strictEqual(generation.notAfter % 1_000, 0);
        }),
      );
    }

    it.live("shows the certificate of an RSA pair", () =>
      Effect.gen(function* () {
        const pki = yield* Pki.make;
        const client = yield* Certificates.issueClient(pki.authority, {
          commonName: "rsa",
          algorithm: "RSA",
        });
        const server = yield* Server.https(pki.server, { maxVersion: "TLSv1.2" });
        const { generation } = yield* build(
          NodeMutualTls.layerPem({
            certificate: bytes(client.certificate),
            privateKey: bytes(client.privateKey),
            certificateAuthorities: pki.certificateAuthorities,
          }),
        );
        yield* Server.get(generation.httpClient, server.url);
        assert.deepStrictEqual(server.thumbprints, [client.thumbprint]);
      }),
    );
  });

  describe("trust", () => {
    it.live("trusts one or several authorities, in PEM or DER, from files or bytes", () =>
      Effect.gen(function* () {
        const pki = yield* Pki.make;
        const other = yield* Certificates.makeAuthority("Other");
        const bundle = Path.join(pki.files.directory, "authorities.pem");
        yield* Effect.promise(() =>
          Fs.writeFile(bundle, `# Other\n${other.certificate}\n${pki.authority.certificate}`),
        );
        const server = yield* Server.https(pki.server);
        const otherServer = yield* Server.https(yield* Certificates.issueServer(other));
        for (const certificateAuthorities of [
          [{ file: bundle }],
          [der(pki.authority.certificate), bytes(other.certificate)],
        ]) {
          const { generation, plain } = yield* build(
            NodeMutualTls.layerPem({ ...plainFiles(pki.inputs), certificateAuthorities }),
          );
          for (const client of [generation.httpClient, plain]) {
            yield* Server.get(client, server.url);
            yield* Server.get(client, otherServer.url);
          }
        }
      }),
    );

    it.live("trusts Node's roots with and without certificateAuthorities", () =>
      Effect.gen(function* () {
        const pki = yield* Pki.make;
        const system = yield* Certificates.makeAuthority("System");
        yield* withSystemRoot(system.certificate);
        const server = yield* Server.https(yield* Certificates.issueServer(system));
        for (const certificateAuthorities of [pki.certificateAuthorities, []]) {
          const { generation, plain } = yield* build(
            NodeMutualTls.layerPem({ ...plainFiles(pki.inputs), certificateAuthorities }),
          );
          yield* Server.get(generation.httpClient, server.url);
          yield* Server.get(plain, server.url);
        }
      }),
    );
  });

  it.live("prints no key and no passphrase", () =>
    Effect.gen(function* () {
      const pki = yield* Pki.make;
      const server = yield* Server.https(pki.server);
      const connected: Array<unknown> = [];
      const subscriber = (message: unknown) => void connected.push(message);
      DiagnosticsChannel.subscribe("undici:client:connected", subscriber);
      yield* Effect.addFinalizer(() =>
        Effect.sync(() => DiagnosticsChannel.unsubscribe("undici:client:connected", subscriber)),
      );
      const options = {
        passphrase: Redacted.make(Pki.canary),
        certificateAuthorities: pki.certificateAuthorities,
      };
      const layers = [
        NodeMutualTls.layerPem({
          ...options,
          certificate: pki.inputs.certificate,
          privateKey: pki.inputs.encryptedPrivateKey,
        }),
        NodeMutualTls.layerPfx({ ...options, pfx: pki.inputs.pfx }),
      ];
      for (const layer of layers) {
        const { context, generation } = yield* build(layer);
        yield* Server.get(generation.httpClient, server.url);
        assert.isNotEmpty(connected);
        for (const value of [layer, context, generation, ...connected.splice(0)]) {
          const printed = Util.inspect(value, {
            depth: Infinity,
            showHidden: true,
            maxArrayLength: null,
            maxStringLength: null,
          });
          assert.notInclude(printed, "PRIVATE KEY");
          assert.notInclude(printed, Pki.canary);
        }
        assert.notInclude(JSON.stringify([generation, layer]), Pki.canary);
      }
    }),
  );
});

const plainFiles = ({ certificate, privateKey }: ReturnType<typeof Pki.inputs>) => ({
  certificate,
  privateKey,
});

const der = (pem: string): Uint8Array =>
  Buffer.from(pem.replaceAll(/-----[A-Z ]+-----/g, ""), "base64");

const withSystemRoot = (certificate: string) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const before = Tls.getCACertificates("default");
      Tls.setDefaultCACertificates([...before, certificate]);
      return before;
    }),
    (before) => Effect.sync(() => Tls.setDefaultCACertificates(before)),
  );
