import { assert, describe, it, vi } from "@effect/vitest";
import * as Certificates from "@x/testing/Certificates";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Fiber from "effect/Fiber";
import * as Scope from "effect/Scope";
import type * as Http from "node:http";
import * as Net from "node:net";
import Tls from "node:tls";
import * as Pki from "./fixtures/pki.ts";
import * as Server from "./fixtures/server.ts";
import { buildClient, runChild, writeAuthority } from "./fixtures/mutualTls.ts";

// Not concurrent, because some tests observe or change what the whole process shares.
describe("NodeMutualTls", { concurrent: false }, () => {
  describe("server verification", () => {
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
        // Reaches this machine like localhost, and is not in the certificate.
        host: "0.0.0.0",
        code: "ERR_TLS_CERT_ALTNAME_INVALID",
      },
    };
    for (const [name, { issue, host = "localhost", code }] of Object.entries(servers)) {
      it.live(`sends nothing to a server ${name}`, () =>
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

    it.live("sends nothing over TLS 1.1, also where the environment permits it", () =>
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

    it.live("sends nothing to an untrusted server with NODE_TLS_REJECT_UNAUTHORIZED=0", () =>
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

  describe("alerts", () => {
    const alerts = {
      "TLSv1.2": ["ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE"],
      "TLSv1.3": ["UND_ERR_SOCKET", "ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED"],
    } as const;
    for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
      it.live(`keeps the alert of a server that refuses the certificate, ${version}`, () =>
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

  describe("connections", () => {
    it.live("reuses a connection for requests in a row", () =>
      Effect.gen(function* () {
        const pki = yield* Pki.make;
        const server = yield* Server.https(pki.server);
        const { generation } = yield* buildClient(pki);
        yield* Effect.repeat(Server.get(generation.httpClient, server.url), { times: 19 });
        assert.lengthOf(server.thumbprints, 20);
        // undici opens a second connection when a request follows in the same turn.
        assert.isAtMost(server.sockets.size, 2);
      }),
    );

    it.live("opens 64 connections for a thousand requests at once", () =>
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

    it.live("follows no redirect", () =>
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

    it.live("opens no connection for an http: URL", () =>
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

    it.live("uses no proxy that the environment names", () =>
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

  describe("end of the scope", () => {
    it.live("ends idle connections, running requests and handshakes with the scope", () =>
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

    it.live("lets the process end after the scope", () =>
      Effect.gen(function* () {
        const pki = yield* Pki.make;
        const server = yield* Server.https(pki.server);
        const outcomes = yield* runChild(pki.files, server.url, {}, yield* writeAuthority(pki));
        assert.deepStrictEqual(outcomes, ["pong", "pong"]);
        assert.deepStrictEqual(server.thumbprints, [pki.client.thumbprint, undefined]);
      }),
    );
  });
});
