import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient";
import type * as Undici from "@effect/platform-node/Undici";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import type * as HttpClient from "effect/http/HttpClient";
import * as Scope from "effect/Scope";
import type * as Tls from "node:tls";
import * as AllowedAddresses from "./allowedAddresses.ts";
import * as OpenSockets from "./openSockets.ts";

/** A client and how it ends before its scope does. */
export interface TlsHttpClient {
  readonly httpClient: HttpClient.HttpClient;
  /**
   * Lets requests finish and closes the sockets, within 5 s.
   *
   * For the first second, requests of callers that have just been given the client are still taken.
   * Those that wait for a connection get the next free one of this client, as what is in them may be
   * bound to its certificate. What is not done by the end fails with `ERR_CERTIFICATE_REPLACED`,
   * whether it was sent or not.
   */
  readonly retire: Effect.Effect<void>;
}

/**
 * An `HttpClient` of its own agent, TLS sessions and sockets, all of which end with the scope.
 *
 * It speaks HTTP/1.1 over TLS, follows no redirect and asks no proxy.
 */
export const make = (
  secureContext: Tls.SecureContext,
  allowAddress: AllowedAddresses.AllowAddress = () => true,
): Effect.Effect<TlsHttpClient, never, Scope.Scope> =>
  Effect.gen(function* () {
    const scope = yield* Scope.fork(yield* Effect.scope);
    const sockets = new OpenSockets.OpenSockets();
    const dispatcher = yield* Scope.provide(
      makeDispatcher(secureContext, allowAddress, sockets),
      scope,
    );
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
  allowAddress: AllowedAddresses.AllowAddress,
  sockets: OpenSockets.OpenSockets,
): Effect.fn.Return<Undici.Dispatcher, never, Scope.Scope> {
  const undici = yield* Effect.promise(() => import("@effect/platform-node/Undici"));
  yield* Effect.addFinalizer(() =>
    Effect.sync(() => sockets.end(() => new undici.errors.ClientDestroyedError())),
  );
  const connect = undici.buildConnector({
    secureContext,
    // Said explicitly, so that NODE_TLS_REJECT_UNAUTHORIZED=0 has no say.
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

const grace = "1 second";
const patience = "4 seconds";

const replaced = (): NodeJS.ErrnoException =>
  Object.assign(
    new Error("the certificate or the authorities were replaced while this request waited or ran"),
    { code: "ERR_CERTIFICATE_REPLACED" },
  );

/** Milliseconds, for TCP and the TLS handshake together. */
const connectTimeout = 10_000;

/** Sockets an origin; requests beyond wait in line, as the servers of vendors limit connections. */
const connections = 64;

/** Refuses `http:`, for which undici's connector would make a socket in clear. */
const httpsOnly =
  (connect: Undici.buildConnector.connector): typeof connect =>
  (options, callback) =>
    options.protocol === "https:" ? connect(options, callback) : callback(inClear(), null);

const inClear = (): NodeJS.ErrnoException =>
  Object.assign(new Error("http: is in clear, and this client asks for https: URLs alone"), {
    code: "ERR_INVALID_PROTOCOL",
  });

/**
 * Under TLS 1.3 a server refuses a certificate after the handshake, and undici puts its own "other
 * side closed" in place of the alert. This keeps the alert as the cause.
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
