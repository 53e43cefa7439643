/**
 * An HTTPS server on 127.0.0.1 that passes the client certificate to its handler.
 *
 * @since 0.1.0
 */
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer";
import * as NodeHttpServerRequest from "@effect/platform-node/NodeHttpServerRequest";
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as HttpMiddleware from "effect/http/HttpMiddleware";
import type { HttpServerError } from "effect/http/HttpServerError";
import * as HttpServerRequest from "effect/http/HttpServerRequest";
import type { HttpServerResponse } from "effect/http/HttpServerResponse";
import type * as Scope from "effect/Scope";
import type * as Crypto from "node:crypto";
import type * as Http from "node:http";
import * as Https from "node:https";
import type * as Net from "node:net";
import type * as Tls from "node:tls";
import type { Authority, Certificate } from "./Certificates.ts";
import type { ReceivedRequest } from "./ReceivedRequest.ts";
import { headersOf, thumbprintOf } from "./internal/received.ts";

/**
 * Client certificate of a TLS connection.
 *
 * @since 0.1.0
 */
export interface Peer {
  readonly certificate: Crypto.X509Certificate | undefined;
  /** Whether the certificate chains to the authority and is valid now. */
  readonly trusted: boolean;
}

/**
 * A request with its connection, as a handler receives it.
 *
 * @since 0.1.0
 */
export interface Exchange {
  readonly received: ReceivedRequest;
  readonly peer: Peer;
  readonly incoming: Http.IncomingMessage;
  /** Returns Node's response, for handlers that write to it themselves. */
  readonly outgoing: () => Http.ServerResponse;
}

/**
 * Answers a request.
 *
 * @since 0.1.0
 */
export type Handler = (exchange: Exchange) => Effect.Effect<HttpServerResponse, HttpServerError>;

/**
 * A port that accepts TLS connections.
 *
 * @since 0.1.0
 */
export interface TlsListener {
  /** `https://localhost:port`. */
  readonly origin: string;
  /** Answers requests with the handler until the scope closes. */
  readonly serve: (handler: Handler) => Effect.Effect<void, never, Scope.Scope>;
}

/**
 * Opens a port on 127.0.0.1 with TLS; the port is known before `serve`.
 *
 * The handshake accepts clients without a certificate and with an untrusted one. The handler
 * decides, because real servers also refuse certificates with an HTTP answer.
 *
 * @since 0.1.0
 */
export const open = (options: {
  readonly authority: Authority;
  readonly server: Certificate;
  /** Whether the handshake asks for a client certificate. */
  readonly requestCertificate: boolean;
}): Effect.Effect<TlsListener, never, Scope.Scope> =>
  Effect.gen(function* () {
    const node = Https.createServer({
      cert: options.server.certificate,
      key: options.server.privateKey,
      ca: options.authority.certificate,
      requestCert: options.requestCertificate,
      // concerns clients only; see the doc comment
      rejectUnauthorized: false,
    });
    const sockets = new Set<Net.Socket>();
    node.on("connection", (socket: Net.Socket) => {
      sockets.add(socket);
      socket.once("close", () => sockets.delete(socket));
    });
    const server = yield* Effect.orDie(
      NodeHttpServer.make(() => node, {
        host: "127.0.0.1",
        port: 0,
        disablePreemptiveShutdown: true,
      }),
    );
    const address = node.address();
    if (address === null || typeof address === "string")
      return yield* Effect.die(new Error("no TCP address"));

    return {
      origin: `https://localhost:${address.port}`,
      serve: (handler) =>
        // Effect runs handlers uninterruptibly, so a handler that hangs would block the scope.
        server.serve(Effect.interruptible(Effect.flatMap(toExchange, handler))).pipe(
          // a real server's spans would not appear in the caller's traces
          Effect.provideService(HttpMiddleware.TracerDisabledWhen, () => true),
          Effect.andThen(
            Effect.addFinalizer(() =>
              Effect.sync(() => {
                node.close();
                for (const socket of sockets) socket.destroy();
              }),
            ),
          ),
        ),
    };
  });

const toExchange = Effect.gen(function* () {
  const request = yield* HttpServerRequest.HttpServerRequest;
  const incoming = NodeHttpServerRequest.toIncomingMessage(request) as Http.IncomingMessage;
  const at = yield* Clock.currentTimeMillis;
  const peer = peerOf(incoming.socket as Tls.TLSSocket);
  const received: ReceivedRequest = {
    method: request.method,
    path: incoming.url ?? "/",
    headers: headersOf(incoming.rawHeaders),
    body: yield* request.text,
    certificate: peer.thumbprint,
    at,
  };
  const outgoing = () => NodeHttpServerRequest.toServerResponse(request) as Http.ServerResponse;
  return { received, peer, incoming, outgoing };
});

const peers = new WeakMap<Tls.TLSSocket, Peer & { readonly thumbprint: string | undefined }>();

const peerOf = (socket: Tls.TLSSocket) => {
  let peer = peers.get(socket);
  if (peer === undefined) {
    const certificate = socket.getPeerX509Certificate();
    const thumbprint = thumbprintOf(certificate);
    peer = { certificate, thumbprint, trusted: certificate !== undefined && socket.authorized };
    peers.set(socket, peer);
  }
  return peer;
};
