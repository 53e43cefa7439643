import { assert, describe, it, vi } from "@effect/vitest";
import * as MutualTls from "@x/core/MutualTls";
import * as NodeMutualTls from "@x/node/NodeMutualTls";
import * as Certificates from "@x/testing/Certificates";
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Fiber from "effect/Fiber";
import * as HttpClient from "effect/http/HttpClient";
import * as Layer from "effect/Layer";
import * as Redacted from "effect/Redacted";
import * as Scope from "effect/Scope";
import { execFile } from "node:child_process";
import * as DiagnosticsChannel from "node:diagnostics_channel";
import * as Fs from "node:fs/promises";
import type * as Http from "node:http";
import * as Net from "node:net";
import * as Path from "node:path";
import Tls from "node:tls";
import * as Url from "node:url";
import * as Util from "node:util";
import * as Pki from "./fixtures/pki.ts";
import * as Server from "./fixtures/server.ts";

const bytes = Pki.bytes;

const build = (layer: ReturnType<typeof NodeMutualTls.layerPem>) =>
  Effect.map(Layer.build(layer), (context) => ({
    generation: Context.get(context, MutualTls.MutualTls).currentUnsafe(),
    plain: Context.get(context, HttpClient.HttpClient),
    context,
  }));

const buildClient = (pki: Effect.Success<typeof Pki.make>) =>
  build(
    NodeMutualTls.layerPem({
      certificate: pki.files.certificate,
      privateKey: pki.files.privateKey,
      certificateAuthorities: pki.certificateAuthorities,
    }),
  );

// One after the other: some watch or change what the whole process shares.
describe("NodeMutualTls", { concurrent: false }, () => {
  describe("shows the certificate and only where it should", () => {
    const forms: Record<
      string,
      (pki: Effect.Success<typeof Pki.make>) => ReturnType<typeof NodeMutualTls.layerPem>
    > = {
      "PEM files": ({ files, certificateAuthorities }) =>
        NodeMutualTls.layerPem({ ...plainFiles(files), certificateAuthorities }),
      "PEM in memory": ({ client, certificateAuthorities }) =>
        NodeMutualTls.layerPem({
          certificate: bytes(client.certificate),
          privateKey: bytes(client.privateKey),
          certificateAuthorities,
        }),
      "an encrypted PEM key": ({ files, certificateAuthorities }) =>
        NodeMutualTls.layerPem({
          certificate: files.certificate,
          privateKey: files.encryptedPrivateKey,
          passphrase: files.passphrase,
          certificateAuthorities,
        }),
      "one PEM for both, the key first, and a passphrase that it does not need": ({
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
      "a chain": ({ authority, client, files, certificateAuthorities }) =>
        NodeMutualTls.layerPem({
          certificate: bytes(client.certificate + authority.certificate),
          privateKey: files.privateKey,
          certificateAuthorities,
        }),
      "a PFX": ({ files, certificateAuthorities }) =>
        NodeMutualTls.layerPfx({
          pfx: files.pfx,
          passphrase: files.passphrase,
          certificateAuthorities,
        }),
    };
    for (const [form, layer] of Object.entries(forms)) {
      it.live(form, () =>
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

    it.live("an RSA pair", () =>
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

  describe("trusts", () => {
    it.live("authorities in a file, PEM or DER, one or several", () =>
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
          [bundle],
          [der(pki.authority.certificate), bytes(other.certificate)],
        ]) {
          const { generation, plain } = yield* build(
            NodeMutualTls.layerPem({ ...plainFiles(pki.files), certificateAuthorities }),
          );
          for (const client of [generation.httpClient, plain]) {
            yield* Server.get(client, server.url);
            yield* Server.get(client, otherServer.url);
          }
        }
      }),
    );

    it.live("Node's roots, with authorities of its own and without", () =>
      Effect.gen(function* () {
        const pki = yield* Pki.make;
        const system = yield* Certificates.makeAuthority("System");
        yield* withSystemRoot(system.certificate);
        const server = yield* Server.https(yield* Certificates.issueServer(system));
        for (const certificateAuthorities of [pki.certificateAuthorities, []]) {
          const { generation, plain } = yield* build(
            NodeMutualTls.layerPem({ ...plainFiles(pki.files), certificateAuthorities }),
          );
          yield* Server.get(generation.httpClient, server.url);
          yield* Server.get(plain, server.url);
        }
      }),
    );
  });

  describe("sends nothing to a server", () => {
    const day = 86_400_000;
    const servers: Record<
      string,
      {
        readonly issue: (
          authority: Certificates.Authority,
        ) => Effect.Effect<Certificates.Certificate>;
        readonly host?: string;
        readonly code: string;
      }
    > = {
      "of another authority": {
        issue: () =>
          Effect.flatMap(Certificates.makeAuthority("Other"), (_) => Certificates.issueServer(_)),
        code: "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
      },
      "with an expired certificate": {
        issue: (authority) =>
          Certificates.issueServer(authority, {
            notBefore: new Date(Date.now() - 2 * day),
            notAfter: new Date(Date.now() - day),
          }),
        code: "CERT_HAS_EXPIRED",
      },
      "of another name": {
        issue: (authority) => Certificates.issueServer(authority),
        // reaches this machine like localhost, and is not in the certificate
        host: "0.0.0.0",
        code: "ERR_TLS_CERT_ALTNAME_INVALID",
      },
    };
    for (const [name, { issue, host = "localhost", code }] of Object.entries(servers)) {
      it.live(name, () =>
        Effect.gen(function* () {
          const pki = yield* Pki.make;
          const server = yield* Server.recording(yield* issue(pki.authority));
          const { generation, plain } = yield* buildClient(pki);
          for (const client of [generation.httpClient, plain]) {
            const url = `https://${host}:${server.port}/`;
            assert.deepStrictEqual(yield* Server.refused(client, url), [code]);
          }
          yield* Server.closed(server);
          assert.deepStrictEqual(server.received, []);
        }),
      );
    }

    it.live("of TLS 1.1, which the environment permits", () =>
      Effect.gen(function* () {
        const pki = yield* Pki.make;
        const server = yield* Server.https(pki.server, {
          minVersion: "TLSv1.1",
          maxVersion: "TLSv1.1",
          ciphers: "DEFAULT@SECLEVEL=0",
        });
        const outcomes = yield* runChild(
          pki.files,
          server.url,
          { NODE_OPTIONS: "--tls-min-v1.0 --tls-cipher-list=DEFAULT@SECLEVEL=0" },
          yield* writeAuthority(pki),
        );
        const code = "ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION";
        assert.deepStrictEqual(outcomes, [[code], [code]]);
      }),
    );

    it.live("whose verification the environment switches off", () =>
      Effect.gen(function* () {
        const pki = yield* Pki.make;
        const other = yield* Certificates.makeAuthority("Other");
        const server = yield* Server.recording(yield* Certificates.issueServer(other));
        const outcomes = yield* runChild(pki.files, server.url, {
          NODE_TLS_REJECT_UNAUTHORIZED: "0",
        });
        assert.deepStrictEqual(outcomes, [
          ["UNABLE_TO_VERIFY_LEAF_SIGNATURE"],
          ["UNABLE_TO_VERIFY_LEAF_SIGNATURE"],
        ]);
        yield* Server.closed(server);
        assert.deepStrictEqual(server.received, []);
      }),
    );
  });

  describe("keeps the reason of a server that refuses the certificate", () => {
    const alerts = {
      "TLSv1.2": ["ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE"],
      "TLSv1.3": ["UND_ERR_SOCKET", "ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED"],
    } as const;
    for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
      it.live(version, () =>
        Effect.gen(function* () {
          const pki = yield* Pki.make;
          const server = yield* Server.https(pki.server, {
            ca: pki.authority.certificate,
            rejectUnauthorized: true,
            minVersion: version,
            maxVersion: version,
          });
          const { generation, plain } = yield* buildClient(pki);
          assert.strictEqual(yield* Server.get(generation.httpClient, server.url), "pong");
          assert.deepStrictEqual(yield* Server.refused(plain, server.url), alerts[version]);
        }),
      );
    }
  });

  describe("connects", () => {
    it.live("not anew for requests in a row", () =>
      Effect.gen(function* () {
        const pki = yield* Pki.make;
        const server = yield* Server.https(pki.server);
        const { generation } = yield* buildClient(pki);
        yield* Effect.repeat(Server.get(generation.httpClient, server.url), { times: 19 });
        assert.lengthOf(server.thumbprints, 20);
        // undici opens a second one when a request follows in the same turn
        assert.isAtMost(server.sockets.size, 2);
      }),
    );

    it.live("64 times for a thousand requests at once", () =>
      Effect.gen(function* () {
        const pki = yield* Pki.make;
        const waiting: Array<Http.ServerResponse> = [];
        let open = false;
        const server = yield* Server.https(pki.server, {}, (response) => {
          waiting.push(response);
          open ||= waiting.length === 64;
          if (open) for (const held of waiting.splice(0)) held.end("pong");
        });
        const { generation } = yield* buildClient(pki);
        yield* Effect.forEach(
          Array.from({ length: 1_000 }),
          () => Server.get(generation.httpClient, server.url),
          { concurrency: "unbounded" },
        );
        assert.lengthOf(server.thumbprints, 1_000);
        assert.strictEqual(server.sockets.size, 64);
      }),
    );

    it.live("to no place that a server redirects to", () =>
      Effect.gen(function* () {
        const pki = yield* Pki.make;
        const target = yield* Server.https(pki.server);
        const server = yield* Server.https(pki.server, {}, (response) =>
          response.writeHead(302, { location: target.url }).end("moved"),
        );
        const { generation, plain } = yield* buildClient(pki);
        assert.strictEqual(yield* Server.get(generation.httpClient, server.url), "moved");
        assert.strictEqual(yield* Server.get(plain, server.url), "moved");
        assert.deepStrictEqual(target.thumbprints, []);
      }),
    );

    it.live("to no server in clear", () =>
      Effect.gen(function* () {
        const clear = yield* Server.listen(Net.createServer((socket) => void socket.resume()));
        const { generation, plain } = yield* buildClient(yield* Pki.make);
        for (const client of [generation.httpClient, plain]) {
          const codes = yield* Server.refused(client, clear.url.replace("https:", "http:"));
          assert.deepStrictEqual(codes, ["ERR_INVALID_PROTOCOL"]);
        }
        assert.strictEqual(clear.connections(), 0);
      }),
    );

    it.live("through no proxy that the environment names", () =>
      Effect.gen(function* () {
        const pki = yield* Pki.make;
        const server = yield* Server.https(pki.server);
        const proxy = "http://127.0.0.1:9";
        const outcomes = yield* runChild(pki.files, server.url, {
          NODE_EXTRA_CA_CERTS: yield* writeAuthority(pki),
          NODE_USE_ENV_PROXY: "1",
          HTTPS_PROXY: proxy,
          https_proxy: proxy,
        });
        assert.deepStrictEqual(outcomes, ["pong", "pong"]);
      }),
    );
  });

  describe("ends with its scope", () => {
    it.live("idle connections, requests under way and handshakes", () =>
      Effect.gen(function* () {
        const pki = yield* Pki.make;
        const idle = yield* Server.https(pki.server);
        const silent = yield* Server.recording(pki.server);
        const mute = yield* Server.listen(Net.createServer((socket) => void socket.resume()));
        const connect = vi.spyOn(Tls, "connect");
        yield* Effect.addFinalizer(() => Effect.sync(() => connect.mockRestore()));
        const scope = yield* Scope.make();
        const { generation, plain } = yield* buildClient(pki).pipe(Scope.provide(scope));
        yield* Server.get(generation.httpClient, idle.url);
        yield* Server.get(plain, idle.url);
        const pending = yield* Effect.forkChild(
          Effect.all(
            [
              Server.refused(generation.httpClient, silent.url),
              Server.refused(generation.httpClient, mute.url),
            ],
            { concurrency: "unbounded" },
          ),
        );
        yield* Effect.sync(() => silent.received.length + mute.sockets.size).pipe(
          Effect.delay(5),
          Effect.repeat({ until: (seen) => seen === 2 }),
        );
        assert.strictEqual(idle.sockets.size, 2);
        yield* Scope.close(scope, Exit.void);
        const sockets = connect.mock.results.map(({ value }) => value);
        assert.lengthOf(sockets, 4);
        assert.isTrue(sockets.every((socket) => socket.destroyed));
        assert.deepStrictEqual(yield* Fiber.join(pending), [
          ["UND_ERR_DESTROYED"],
          ["UND_ERR_DESTROYED"],
        ]);
        yield* Effect.forEach([idle, silent, mute], Server.closed);
        assert.deepStrictEqual(yield* Server.refused(generation.httpClient, idle.url), [
          "UND_ERR_DESTROYED",
        ]);
      }),
    );

    it.live("and lets the process end", () =>
      Effect.gen(function* () {
        const pki = yield* Pki.make;
        const server = yield* Server.https(pki.server);
        const outcomes = yield* runChild(pki.files, server.url, {}, yield* writeAuthority(pki));
        assert.deepStrictEqual(outcomes, ["pong", "pong"]);
        assert.deepStrictEqual(server.thumbprints, [pki.client.thumbprint, undefined]);
      }),
    );
  });

  it.live("shows no key and no passphrase to whoever prints it", () =>
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
          certificate: pki.files.certificate,
          privateKey: pki.files.encryptedPrivateKey,
        }),
        NodeMutualTls.layerPfx({ ...options, pfx: pki.files.pfx }),
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

const plainFiles = ({ certificate, privateKey }: Certificates.Files) => ({
  certificate,
  privateKey,
});

const der = (pem: string): Uint8Array =>
  Buffer.from(pem.replaceAll(/-----[A-Z ]+-----/g, ""), "base64");

const writeAuthority = (pki: Effect.Success<typeof Pki.make>) => {
  const path = Path.join(pki.files.directory, "authority.crt");
  return Effect.as(
    Effect.promise(() => Fs.writeFile(path, pki.authority.certificate)),
    path,
  );
};

const withSystemRoot = (certificate: string) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const before = Tls.getCACertificates("default");
      Tls.setDefaultCACertificates([...before, certificate]);
      return before;
    }),
    (before) => Effect.sync(() => Tls.setDefaultCACertificates(before)),
  );

const runChild = (
  files: Certificates.Files,
  url: string,
  env: Record<string, string>,
  ...authorities: ReadonlyArray<string>
) =>
  Effect.callback<unknown, Error>((resume) => {
    const child = execFile(
      process.execPath,
      [
        Url.fileURLToPath(new URL("./fixtures/child.ts", import.meta.url)),
        url,
        files.certificate,
        files.privateKey,
        ...authorities,
      ],
      { env: { ...process.env, ...env } },
      (error, stdout) =>
        resume(error === null ? Effect.sync(() => JSON.parse(stdout)) : Effect.fail(error)),
    );
    return Effect.sync(() => void child.kill());
  });
