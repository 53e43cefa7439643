/**
 * A token server that does what a script says: good answers, bad answers and none.
 *
 * One script runs on real TLS sockets (`layer`) or as an `HttpClient` in memory (`layerHttpClient`).
 *
 * @since 0.1.0
 */
import type { NonEmptyReadonlyArray } from "effect/Array";
import * as Context from "effect/Context";
import type * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as HttpClient from "effect/http/HttpClient";
import * as Layer from "effect/Layer";
import * as Certificates from "./Certificates.ts";
import type { Answer, Body, Drip, Framing, Headers, Phase } from "./internal/answer.ts";
import * as Gzip from "./internal/gzip.ts";
import * as ScriptedClient from "./internal/scriptedClient.ts";
import * as ScriptedListener from "./internal/scriptedListener.ts";
import * as ScriptedSocket from "./internal/scriptedSocket.ts";
import * as ScriptPlayer from "./internal/scriptPlayer.ts";
import type { ReceivedRequest } from "./ReceivedRequest.ts";

export type { Answer, Body, Drip, Framing, Headers, Phase } from "./internal/answer.ts";

/**
 * Answers in order, the last one for ever; or a function of the request and of how many came before it.
 *
 * In a list, an answer at `accept`, `handshake` or `tls` is for the next connection: the server closes the present one
 * after the answer before it. Where a request comes by a connection that is open still, and from a function, which is
 * asked once there is a request, these phases are `request`. In memory every request has a connection of its own.
 *
 * @since 0.1.0
 */
export type Script =
  | NonEmptyReadonlyArray<Answer>
  | ((request: ReceivedRequest, index: number) => Answer | Effect.Effect<Answer>);

/**
 * A running scripted server.
 *
 * The script answers every path, so it can play a discovery document too.
 *
 * @since 0.1.0
 */
export class TokenServer extends Context.Service<
  TokenServer,
  {
    /** `https://localhost:port`, or a name that exists in memory only. */
    readonly origin: string;
    readonly tokenUrl: string;
    /** PEM. */
    readonly certificateAuthority: string;
    /** Issues client certificates that the server trusts; it asks for one and takes none amiss. */
    readonly authority: Certificates.Authority;
    /** The newest 10,000. */
    readonly requests: Effect.Effect<ReadonlyArray<ReceivedRequest>>;
    readonly requestCount: Effect.Effect<number>;
    /** TCP connections accepted; 0 in memory. */
    readonly connectionCount: Effect.Effect<number>;
    /** TCP connections that neither side has closed; 0 in memory. */
    readonly openConnectionCount: Effect.Effect<number>;
    /** Plays another script from its beginning. */
    readonly setScript: (script: Script) => Effect.Effect<void>;
    readonly forgetRequests: Effect.Effect<void>;
  }
>()("@x/testing/TokenServer") {}

/**
 * Options of answers with a head.
 *
 * @since 0.1.0
 */
export interface Options {
  /** Default 200. */
  readonly status?: number | undefined;
  readonly headers?: Headers | undefined;
  readonly delay?: Duration.Input | undefined;
  readonly drip?: Drip | undefined;
}

/**
 * Answers with a body.
 *
 * @since 0.1.0
 */
export const respond = (body: Body, options: Options = {}): Answer => ({
  _tag: "Respond",
  ...head(options),
  body,
});

/**
 * Answers with JSON.
 *
 * @since 0.1.0
 */
export const json = (value: unknown, options: Options = {}): Answer =>
  respond(JSON.stringify(value), {
    ...options,
    headers: { "content-type": "application/json", ...options.headers },
  });

/**
 * Answers with a token of one hour (RFC 6749 §5.1), or with the given members instead; `undefined` leaves one out.
 *
 * @since 0.1.0
 */
export const token = (
  members: Readonly<Record<string, unknown>> = {},
  options: Options = {},
): Answer =>
  json(
    { access_token: "token-of-the-script", token_type: "Bearer", expires_in: 3600, ...members },
    options,
  );

/**
 * Answers with an OAuth error (RFC 6749 §5.2), status 400 by default.
 *
 * @since 0.1.0
 */
export const error = (code: string, options: Options = {}): Answer =>
  json({ error: code }, { status: 400, ...options });

/**
 * Sends the client elsewhere, with status 302 by default.
 *
 * @since 0.1.0
 */
export const redirect = (location: string, options: Options = {}): Answer =>
  respond("", { status: 302, ...options, headers: { location, ...options.headers } });

/**
 * Answers with a token and, in a header of its own, more bytes than clients put up with: 1 MiB by default.
 *
 * @since 0.1.0
 */
export const oversizedHeaders = (bytes = 1_048_576, options: Options = {}): Answer =>
  token({}, { ...options, headers: { ...options.headers, "x-padding": "a".repeat(bytes) } });

/**
 * Answers with a small body that nobody asked to be compressed and that expands to a JSON text of so many MiB.
 *
 * @since 0.1.0
 */
export const gzipBomb = (mebibytes = 64, options: Options = {}): Answer =>
  respond(Gzip.repeated('{"access_token":"', "a".repeat(1_048_576), mebibytes, '"}'), {
    ...options,
    headers: {
      "content-type": "application/json",
      "content-encoding": "gzip",
      ...options.headers,
    },
  });

/**
 * Sends bytes that are not HTTP in place of an answer, the greeting of an SSH server by default.
 *
 * In memory they are never an answer: a 100 is a bad response, any other `HTTP/` a connection that was closed, and the
 * rest a parser's error.
 *
 * @since 0.1.0
 */
export const garbage = (bytes: Body = "SSH-2.0-OpenSSH_9.9\r\n"): Answer => ({
  _tag: "Garbage",
  bytes,
});

/**
 * Options of answers that break off.
 *
 * @since 0.1.0
 */
export interface BreakOptions extends Options {
  /** What comes before a break at `"body"`. */
  readonly body?: Body | undefined;
}

/**
 * Falls silent at a phase and keeps the connection.
 *
 * @since 0.1.0
 */
export const hangAt = (at: Phase, options: BreakOptions = {}): Answer => ({
  _tag: "Hang",
  at,
  ...options,
});

/**
 * Resets the connection at a phase, with a TCP RST.
 *
 * @since 0.1.0
 */
export const resetAt = (at: Phase, options: BreakOptions = {}): Answer => ({
  _tag: "Reset",
  at,
  ...options,
});

/**
 * Closes the connection at a phase, in order and without a word.
 *
 * @since 0.1.0
 */
export const closeAt = (at: Phase, options: BreakOptions = {}): Answer => ({
  _tag: "Close",
  at,
  ...options,
});

/**
 * Never answers.
 *
 * @since 0.1.0
 */
export const hang: Answer = hangAt("request");

/**
 * Resets the connection in place of an answer.
 *
 * @since 0.1.0
 */
export const reset: Answer = resetAt("request");

/**
 * Closes the connection before the body is complete.
 *
 * @since 0.1.0
 */
export const truncate = (
  body: Body = '{"access_token":"',
  options: Options & {
    /** How many bytes of the body are sent; all by default. */
    readonly at?: number | undefined;
    readonly framing?: Framing | undefined;
  } = {},
): Answer => ({
  _tag: "Truncate",
  ...head(options),
  body,
  at: options.at,
  framing: options.framing,
});

/**
 * Sends a body that never ends, a JSON string by default.
 *
 * @since 0.1.0
 */
export const endless = (
  options: Options & {
    readonly body?: Body | undefined;
    readonly filler?: Body | undefined;
  } = {},
): Answer => ({
  _tag: "Endless",
  ...head({ ...options, headers: { "content-type": "application/json", ...options.headers } }),
  body: options.body ?? '{"access_token":"',
  filler: options.filler ?? "a".repeat(16_384),
});

/**
 * Lets time pass before an answer.
 *
 * @since 0.1.0
 */
export const delayed = (answer: Answer, delay: Duration.Input): Answer => ({ ...answer, delay });

/**
 * Sends an answer slowly; one without a head is sent as it was.
 *
 * @since 0.1.0
 */
export const dripped = (answer: Answer, drip: Drip): Answer => ({ ...answer, drip });

/**
 * Plays a script on 127.0.0.1 over TLS, with an authority of its own.
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
 * Plays a script in memory: the `HttpClient` that it provides is the server.
 *
 * It reports what undici reports over sockets, down to the `code` of the cause, and takes its time from the caller's
 * `Clock`. When its scope closes, whoever waits finds the connection closed, and whoever comes finds it refused.
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

const head = (options: Options) => ({
  status: options.status ?? 200,
  headers: options.headers ?? {},
  delay: options.delay,
  drip: options.drip,
});

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
