import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as FiberSet from "effect/FiberSet";
import type * as Scope from "effect/Scope";
import * as Http from "node:http";
import * as Net from "node:net";
import * as Tls from "node:tls";
import type { Authority, Certificate } from "../Certificates.ts";
import type { ReceivedRequest } from "../ReceivedRequest.ts";
import { headersOf, thumbprintOf } from "./received.ts";

/** A connection as its TCP socket and the TLS socket on top of it. */
export interface Connection {
  readonly tcp: Net.Socket;
  readonly tls: Tls.TLSSocket;
}

/** A request and the sockets to answer it with. */
export interface Exchange extends Connection {
  readonly received: ReceivedRequest;
  readonly outgoing: Http.ServerResponse;
}

/** What to do with a connection before it can carry a request. */
export type Interception =
  | { readonly at: "tcp"; readonly run: (tcp: Net.Socket) => Effect.Effect<void> }
  | { readonly at: "tls"; readonly run: (connection: Connection) => Effect.Effect<void> };

export interface ScriptedListener {
  /** `https://localhost:port`. */
  readonly origin: string;
  /** Connections accepted so far. */
  readonly connectionCount: () => number;
  readonly openConnectionCount: () => number;
}

/**
 * Listens on 127.0.0.1 with separate TCP, TLS and HTTP servers, so a script can stop at each layer.
 *
 * Work for a connection or a request ends with the connection, and all work with the scope.
 */
export const open = (options: {
  readonly authority: Authority;
  readonly server: Certificate;
  readonly intercept: () => Interception | undefined;
  readonly serve: (exchange: Exchange) => Effect.Effect<void>;
}): Effect.Effect<ScriptedListener, never, Scope.Scope> =>
  Effect.gen(function* () {
    const fork = yield* FiberSet.makeRuntime<never>();
    // Node's TLS socket cannot send a RST: the client's port finds the TCP socket below it
    const connections = new Map<number, Net.Socket>();
    const tlsInterceptions = new WeakMap<
      Net.Socket,
      (connection: Connection) => Effect.Effect<void>
    >();
    let accepted = 0;

    const runUntilClosed = (socket: Net.Socket, effect: Effect.Effect<void>) => {
      const fiber = fork(effect);
      const stop = () => fiber.interruptUnsafe();
      socket.once("close", stop);
      fiber.addObserver(() => socket.off("close", stop));
    };

    // no keep-alive timeout: closing an idle connection would race with a client that reuses it
    const http = Http.createServer({ keepAliveTimeout: 0 }, (incoming, outgoing) => {
      const tls = incoming.socket as Tls.TLSSocket;
      const tcp = connections.get(tls.remotePort ?? 0);
      if (tcp === undefined) return tls.destroy();
      runUntilClosed(
        tls,
        Effect.flatMap(receive(incoming, tls), (received) =>
          options.serve({ received, outgoing, tcp, tls }),
        ),
      );
    });

    const tls = Tls.createServer(
      {
        cert: options.server.certificate,
        key: options.server.privateKey,
        ca: options.authority.certificate,
        requestCert: true,
        // Concerns clients only: a script records every certificate, trusted or not.
        rejectUnauthorized: false,
        ALPNProtocols: ["http/1.1"],
      },
      (socket) => {
        const tcp = connections.get(socket.remotePort ?? 0);
        if (tcp === undefined) return socket.destroy();
        const intercept = tlsInterceptions.get(tcp);
        if (intercept === undefined) return void http.emit("connection", socket);
        socket.on("error", ignore).resume();
        runUntilClosed(socket, intercept({ tcp, tls: socket }));
      },
    );

    const tcp = Net.createServer((socket) => {
      accepted++;
      const port = socket.remotePort ?? 0;
      connections.set(port, socket);
      socket.on("error", ignore);
      socket.once("close", () => {
        if (connections.get(port) === socket) connections.delete(port);
      });
      const interception = options.intercept();
      if (interception?.at === "tcp") return runUntilClosed(socket, interception.run(socket));
      if (interception !== undefined) tlsInterceptions.set(socket, interception.run);
      tls.emit("connection", socket);
    });

    yield* Effect.addFinalizer(() =>
      Effect.sync(() => {
        tcp.close();
        http.close();
        for (const socket of connections.values()) socket.destroy();
      }),
    );
    const port = yield* listen(tcp);
    return {
      origin: `https://localhost:${port}`,
      connectionCount: () => accepted,
      openConnectionCount: () => connections.size,
    };
  });

const ignore = () => {};

const listen = (server: Net.Server) =>
  Effect.callback<number>((resume) => {
    server.once("error", (error) => resume(Effect.die(error)));
    server.listen({ host: "127.0.0.1", port: 0 }, () => {
      const address = server.address();
      resume(
        address === null || typeof address === "string"
          ? Effect.die(new Error("no TCP address"))
          : Effect.succeed(address.port),
      );
    });
  });

const receive = (
  incoming: Http.IncomingMessage,
  tls: Tls.TLSSocket,
): Effect.Effect<ReceivedRequest> =>
  Effect.gen(function* () {
    const at = yield* Clock.currentTimeMillis;
    const body = yield* Effect.callback<Buffer>((resume) => {
      const parts: Array<Buffer> = [];
      incoming.on("data", (part: Buffer) => parts.push(part));
      incoming.once("end", () => resume(Effect.succeed(Buffer.concat(parts))));
    });
    return {
      method: incoming.method ?? "",
      path: incoming.url ?? "/",
      headers: headersOf(incoming.rawHeaders),
      body: body.toString("utf8"),
      certificate: thumbprintOf(tls.getPeerX509Certificate()),
      at,
    };
  });
