/**
 * A token server that plays a script of good answers, bad answers and faults.
 *
 * The same script runs over TLS sockets (`layer`) or in memory as an `HttpClient` (`layerHttpClient`).
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as HttpClient from "effect/http/HttpClient";
import * as Layer from "effect/Layer";
import * as Certificates from "./Certificates.ts";
import type { Script } from "./internal/answer.ts";
import * as ScriptedClient from "./internal/scriptedClient.ts";
import * as ScriptedListener from "./internal/scriptedListener.ts";
import * as ScriptedSocket from "./internal/scriptedSocket.ts";
import * as ScriptPlayer from "./internal/scriptPlayer.ts";
import type { ReceivedRequest } from "./ReceivedRequest.ts";

export type { Answer, Body, Drip, Framing, Headers, Phase, Script } from "./internal/answer.ts";
export {
  type BreakOptions,
  closeAt,
  delayed,
  dripped,
  endless,
  error,
  garbage,
  gzipBomb,
  hang,
  hangAt,
  json,
  type Options,
  oversizedHeaders,
  redirect,
  reset,
  resetAt,
  respond,
  token,
  truncate,
} from "./internal/answers.ts";

/**
 * A running scripted server.
 *
 * The script answers every path, so it can also serve a discovery document.
 *
 * @since 0.1.0
 */
export class TokenServer extends Context.Service<
  TokenServer,
  {
    /** `https://localhost:port`; in memory a host name that no DNS knows. */
    readonly origin: string;
    readonly tokenUrl: string;
    /** PEM. */
    readonly certificateAuthority: string;
    /**
     * Issues client certificates that the server trusts.
     *
     * The server asks for a certificate and accepts every one, or none.
     */
    readonly authority: Certificates.Authority;
    /** The newest 10,000 requests. */
    readonly requests: Effect.Effect<ReadonlyArray<ReceivedRequest>>;
    readonly requestCount: Effect.Effect<number>;
    /** TCP connections accepted; 0 in memory. */
    readonly connectionCount: Effect.Effect<number>;
    /** TCP connections that are still open; 0 in memory. */
    readonly openConnectionCount: Effect.Effect<number>;
    /** Plays another script from its beginning. */
    readonly setScript: (script: Script) => Effect.Effect<void>;
    /** Empties the record of requests and sets the count to zero. */
    readonly forgetRequests: Effect.Effect<void>;
  }
>()("@x/testing/TokenServer") {}

/**
 * Plays a script over TLS on 127.0.0.1, with its own certificate authority.
 *
 * @since 0.1.0
 */
export const layer = (script: Script): Layer.Layer<TokenServer> =>
  Layer.effect(
    TokenServer,
    Effect.gen(function* () {
      const authority = yield* Certificates.makeAuthority("Token server");
      const server = yield* Certificates.issueServer(authority);
      const player = ScriptPlayer.make(script);
      const listener = yield* ScriptedListener.open({
        authority,
        server,
        intercept: () => ScriptedSocket.intercept(player),
        serve: (exchange) => ScriptedSocket.serve(player, exchange),
      });
      return service(player, authority, listener);
    }),
  );

/**
 * Plays a script in memory and provides the `HttpClient` that reaches it.
 *
 * Errors are those that undici reports over sockets, down to the `code` of the cause.
 * Delays use the caller's `Clock`. When the scope closes, waiting callers get a closed
 * connection and later callers a refused one.
 *
 * @since 0.1.0
 */
export const layerHttpClient = (script: Script): Layer.Layer<TokenServer | HttpClient.HttpClient> =>
  Layer.effectContext(
    Effect.gen(function* () {
      const authority = yield* Certificates.makeAuthority("Token server");
      const player = ScriptPlayer.make(script);
      const client = yield* ScriptedClient.make(player);
      return Context.make(HttpClient.HttpClient, client).pipe(
        Context.add(TokenServer, service(player, authority, inMemory)),
      );
    }),
  );

const inMemory: ScriptedListener.ScriptedListener = {
  origin: "https://token-server.test",
  connectionCount: () => 0,
  openConnectionCount: () => 0,
};

const service = (
  player: ScriptPlayer.ScriptPlayer,
  authority: Certificates.Authority,
  listener: ScriptedListener.ScriptedListener,
): TokenServer["Service"] => ({
  origin: listener.origin,
  tokenUrl: `${listener.origin}/oauth/token`,
  certificateAuthority: authority.certificate,
  authority,
  requests: Effect.sync(player.log.newest),
  requestCount: Effect.sync(player.log.count),
  connectionCount: Effect.sync(listener.connectionCount),
  openConnectionCount: Effect.sync(listener.openConnectionCount),
  setScript: (script) => Effect.sync(() => player.setScript(script)),
  forgetRequests: Effect.sync(player.log.forget),
});
