import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient";
import type * as Undici from "@effect/platform-node/Undici";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import type * as HttpClient from "effect/http/HttpClient";
import * as Scope from "effect/Scope";
import type * as Tls from "node:tls";
import type * as TransportOptions from "../TransportOptions.ts";
import * as AllowedAddresses from "./allowedAddresses.ts";
import * as OpenSockets from "./openSockets.ts";

/** A client that can end before its scope does. */
export interface TlsHttpClient {
  readonly httpClient: HttpClient.HttpClient;
  /**
   * Lets requests finish and closes the sockets, within 5 s.
   *
   * For 1 s it still takes new requests, from callers that have just been given the client. Requests
   * that wait for a connection get the next free one of this client, because a token in them may be
   * bound to its certificate. A request that is not done by the end fails with
   * `ERR_CERTIFICATE_REPLACED`, whether it was sent or not.
   */
  readonly retire: Effect.Effect<void>;
}

/**
 * Makes an `HttpClient` with an agent, TLS sessions and sockets of its own. All end with the scope.
 *
 * It speaks HTTP/1.1 over TLS, follows no redirect and uses no proxy.
 */
export const make = (
  secureContext: Tls.SecureContext,
  options: TransportOptions.TransportOptions,
): Effect.Effect<TlsHttpClient, never, Scope.Scope> =>
  Effect.gen(function* () {
    const scope = yield* Scope.fork(yield* Effect.scope);
    const sockets = new OpenSockets.OpenSockets();
    const dispatcher = yield* Scope.provide(makeDispatcher(secureContext, options, sockets), scope);
    const httpClient = yield* Effect.provideService(
      NodeHttpClient.makeUndici,
      NodeHttpClient.Dispatcher,
      dispatcher,
    );
    return {
      httpClient,
      retire: Effect.sleep(grace).pipe(
        Effect.andThen(
          Effect.timeoutOption(
            Effect.promise(() => dispatcher.close()),
            patience,
          ),
        ),
        Effect.andThen(Effect.sync(() => sockets.end(replaced))),
        Effect.andThen(Scope.close(scope, Exit.void)),
      ),
    };
  });

const makeDispatcher = Effect.fnUntraced(function* (
  secureContext: Tls.SecureContext,
  { allowAddress = () => true }: TransportOptions.TransportOptions,
  sockets: OpenSockets.OpenSockets,
): Effect.fn.Return<Undici.Dispatcher, never, Scope.Scope> {
  const undici = yield* Effect.promise(() => import("@effect/platform-node/Undici"));
  yield* Effect.addFinalizer(() =>
    Effect.sync(() => sockets.end(() => new undici.errors.ClientDestroyedError())),
  );
  const connect = undici.buildConnector({
    secureContext,
    // The default of this option is NODE_TLS_REJECT_UNAUTHORIZED.
    rejectUnauthorized: true,
    allowH2: false,
    lookup: AllowedAddresses.lookup(allowAddress),
    timeout: connectTimeout,
  });
  return yield* NodeHttpClient.makeDispatcherOptions({
    connections,
    pipelining: 1,
    connect: httpsOnly(
      AllowedAddresses.connector(keepingFirstError(sockets.connector(connect)), allowAddress),
    ),
  });
});

/** How long a replaced client takes new requests: longer than a caller takes to send one. */
const grace = "1 second";

/** How long requests may go on after that: together 5 s, as the documentation says. */
const patience = "4 seconds";

const replaced = (): NodeJS.ErrnoException =>
  Object.assign(
    new Error("the certificate or the authorities were replaced while this request waited or ran"),
    { code: "ERR_CERTIFICATE_REPLACED" },
  );

/** Milliseconds, for TCP and the TLS handshake together. */
const connectTimeout = 10_000;

/** Sockets per origin. Further requests wait in line, because vendors limit connections. */
const connections = 64;

/** Refuses `http:`, for which undici's connector would open a socket without TLS. */
const httpsOnly =
  (connect: Undici.buildConnector.connector): typeof connect =>
  (options, callback) =>
    options.protocol === "https:" ? connect(options, callback) : callback(inClear(), null);

const inClear = (): NodeJS.ErrnoException =>
  Object.assign(new Error("this client sends nothing over http:; use an https: URL"), {
    code: "ERR_INVALID_PROTOCOL",
  });

/**
 * Keeps the server's alert as the cause of undici's error.
 *
 * Under TLS 1.3 a server refuses a certificate after the handshake, and undici replaces the alert with
 * its own "other side closed".
 */
const keepingFirstError =
  (connect: Undici.buildConnector.connector): Undici.buildConnector.connector =>
  (options, callback) =>
    connect(options, (...args) => {
      const [, socket] = args;
      let first: Error | undefined;
      socket?.prependListener("error", (error) => {
        if (first === undefined) {
          first = error;
        } else if (error !== first) {
          error.cause ??= first;
        }
      });
      callback(...args);
    });
