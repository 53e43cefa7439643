import { assert, describe, it } from "@effect/vitest";
import * as Certificates from "@x/testing/Certificates";
import * as Effect from "effect/Effect";
import * as Tls from "node:tls";
import type * as HttpClient from "effect/http/HttpClient";
import type * as Layer from "effect/Layer";
import { Acme, clientNames, clients, everyText, options, secret } from "./acme.ts";

const day = 86_400_000;

/** Starts a TLS server that counts connections and decrypted bytes. */
const listen = (server: Certificates.Certificate, host: string) =>
  Effect.acquireRelease(
    Effect.callback<{
      readonly port: number;
      readonly counts: { connections: number; bytes: number };
      readonly close: () => void;
    }>((resume) => {
      const counts = { connections: 0, bytes: 0 };
      const listener = Tls.createServer(
        { cert: server.certificate, key: server.privateKey },
        (socket) => {
          socket.on("error", () => {});
          socket.on("data", (data) => {
            counts.bytes += data.length;
            socket.end("HTTP/1.1 500 Server Error\r\ncontent-length: 0\r\n\r\n");
          });
        },
      );
      listener.on("connection", () => counts.connections++);
      listener.on("tlsClientError", () => {});
      listener.listen({ host: host === "localhost" ? "127.0.0.1" : host, port: 0 }, () => {
        const address = listener.address();
        if (address === null || typeof address === "string") return;
        resume(Effect.succeed({ port: address.port, counts, close: () => void listener.close() }));
      });
    }),
    ({ close }) => Effect.sync(close),
  );

const cases: ReadonlyArray<
  readonly [
    name: string,
    server: (authority: Certificates.Authority) => Effect.Effect<Certificates.Certificate>,
    codes: RegExp,
    host?: string,
  ]
> = [
  [
    "from another authority",
    () => Effect.flatMap(Certificates.makeAuthority("Other"), Certificates.issueServer),
    /^(UNABLE_TO_VERIFY_LEAF_SIGNATURE|UNABLE_TO_GET_ISSUER_CERT_LOCALLY)$/,
  ],
  [
    "from another authority of the same name",
    () => Effect.flatMap(Certificates.makeAuthority("Root"), Certificates.issueServer),
    /^(CERT_SIGNATURE_FAILURE|UNABLE_TO_VERIFY_LEAF_SIGNATURE|UNABLE_TO_GET_ISSUER_CERT_LOCALLY)$/,
  ],
  [
    "that is self-signed",
    () => Certificates.selfSigned({ commonName: "localhost" }),
    /^(DEPTH_ZERO_SELF_SIGNED_CERT|INVALID_PURPOSE)$/,
  ],
  [
    "that has expired",
    (authority) =>
      Certificates.issueServer(authority, {
        notBefore: new Date(Date.now() - 2 * day),
        notAfter: new Date(Date.now() - day),
      }),
    /^CERT_HAS_EXPIRED$/,
  ],
  [
    "that is not yet valid",
    (authority) =>
      Certificates.issueServer(authority, {
        notBefore: new Date(Date.now() + day),
        notAfter: new Date(Date.now() + 2 * day),
      }),
    /^CERT_NOT_YET_VALID$/,
  ],
  [
    "for another host",
    (authority) => Certificates.issueServer(authority),
    /^ERR_TLS_CERT_ALTNAME_INVALID$/,
    "127.0.0.2",
  ],
  [
    "of a client",
    (authority) => Certificates.issueClient(authority, { commonName: "localhost" }),
    /^(INVALID_PURPOSE|ERR_TLS_CERT_ALTNAME_INVALID)$/,
  ],
];

const acquire = (origin: string, client: Layer.Layer<HttpClient.HttpClient>) =>
  Effect.flatMap(
    Acme.make({ ...options({ origin, tokenUrl: `${origin}/token` }), clientAuth: "basic" }),
    ({ get }) => get,
  ).pipe(Effect.flip, Effect.provide(client));

describe("an acquisition from a server with an invalid certificate", () => {
  for (const client of clientNames) {
    for (const [name, issue, codes, host = "localhost"] of cases) {
      it.live(`sends no byte and does not retry over ${client}: certificate ${name}`, () =>
        Effect.gen(function* () {
          const authority = yield* Certificates.makeAuthority("Root");
          const { counts, port } = yield* listen(yield* issue(authority), host);
          const error = yield* acquire(
            `https://${host}:${port}`,
            clients[client]({ ca: authority.certificate }),
          );
          const { reason } = error;
          assert.isTrue(reason._tag === "ServerUntrusted" && reason.problem === "certificate");
          assert.match(String("code" in reason && reason.code), codes);
          assert.strictEqual(counts.connections, 1);
          assert.strictEqual(counts.bytes, 0);
          assert.notInclude(everyText(error), secret);
        }),
      );
    }
  }
});
