/**
 * A token server that does what a script says: good answers, bad answers and none.
 *
 * One script runs on real TLS sockets (`layer`) or as an `HttpClient` in memory (`layerHttpClient`).
 *
 * @since 0.1.0
 */
import type { NonEmptyReadonlyArray } from "effect/Array";
import * as Clock from "effect/Clock";
import * as Context from "effect/Context";
import type * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as HttpClient from "effect/http/HttpClient";
import * as HttpClientRequest from "effect/http/HttpClientRequest";
import * as Layer from "effect/Layer";
import * as Certificates from "./Certificates.ts";
import * as RequestLog from "./internal/requestLog.ts";
import * as ScriptedResponse from "./internal/scriptedResponse.ts";
import * as TlsListener from "./internal/tlsListener.ts";
import type { ReceivedRequest } from "./ReceivedRequest.ts";

/**
 * What the server does with one request.
 *
 * @since 0.1.0
 */
export type Answer = (
  | {
      readonly _tag: "Respond";
      readonly status: number;
      readonly headers: Readonly<Record<string, string>>;
      readonly body: string;
    }
  /** Says nothing and keeps the connection. */
  | { readonly _tag: "Hang" }
  /** Destroys the connection before a byte of the answer. */
  | { readonly _tag: "Reset" }
  /** Promises more bytes in `content-length` than it sends, then closes the connection. */
  | {
      readonly _tag: "Truncate";
      readonly status: number;
      readonly headers: Readonly<Record<string, string>>;
      readonly body: string;
    }
  /** Sends `body` and then `filler` over and over. */
  | {
      readonly _tag: "Endless";
      readonly status: number;
      readonly headers: Readonly<Record<string, string>>;
      readonly body: string;
      readonly filler: string;
    }
) & {
  /** Time that passes first; none by default. */
  readonly delay?: Duration.Input | undefined;
};

/**
 * Answers in order, the last one for ever; or a function of the request and of how many came before it.
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
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly delay?: Duration.Input | undefined;
}

/**
 * Answers with a body.
 *
 * @since 0.1.0
 */
export const respond = (body: string, options: Options = {}): Answer => ({
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
 * Never answers.
 *
 * @since 0.1.0
 */
export const hang: Answer = { _tag: "Hang" };

/**
 * Destroys the connection before answering.
 *
 * @since 0.1.0
 */
export const reset: Answer = { _tag: "Reset" };

/**
 * Closes the connection before the body is complete.
 *
 * @since 0.1.0
 */
export const truncate = (body = '{"access_token":"', options: Options = {}): Answer => ({
  _tag: "Truncate",
  ...head(options),
  body,
});

/**
 * Sends a body that never ends, a JSON string by default.
 *
 * @since 0.1.0
 */
export const endless = (
  options: Options & {
    readonly body?: string | undefined;
    readonly filler?: string | undefined;
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
      const listener = yield* TlsListener.open({ authority, server, requestCertificate: true });
      const player = makePlayer(script);
      yield* listener.serve((exchange) =>
        Effect.flatMap(player.next(exchange.received), (answer) =>
          ScriptedResponse.toServer(answer, exchange),
        ),
      );
      return player.service(authority, listener.origin, Effect.sync(listener.connectionCount));
    }),
  );

/**
 * Plays a script in memory: the `HttpClient` that it provides is the server.
 *
 * @since 0.1.0
 */
export const layerHttpClient = (script: Script): Layer.Layer<TokenServer | HttpClient.HttpClient> =>
  Layer.effectContext(
    Effect.gen(function* () {
      const player = makePlayer(script);
      const client = HttpClient.make((request, url) =>
        Effect.gen(function* () {
          const received = yield* receive(request, url);
          return yield* ScriptedResponse.toClient(yield* player.next(received), request);
        }),
      );
      const authority = yield* Certificates.makeAuthority("Token server");
      return Context.make(HttpClient.HttpClient, client).pipe(
        Context.add(
          TokenServer,
          player.service(authority, "https://token-server.test", Effect.succeed(0)),
        ),
      );
    }),
  );

const head = (options: Options) => ({
  status: options.status ?? 200,
  headers: options.headers ?? {},
  delay: options.delay,
});

const makePlayer = (initial: Script) => {
  const log = RequestLog.make();
  let script = initial;
  let index = 0;
  return {
    next: (request: ReceivedRequest): Effect.Effect<Answer> =>
      Effect.suspend(() => {
        log.record(request);
        const position = index++;
        const answer =
          typeof script === "function"
            ? script(request, position)
            : (script[Math.min(position, script.length - 1)] ?? script[0]);
        return Effect.tap(Effect.isEffect(answer) ? answer : Effect.succeed(answer), ({ delay }) =>
          delay === undefined ? Effect.void : Effect.sleep(delay),
        );
      }),
    service: (
      authority: Certificates.Authority,
      origin: string,
      connectionCount: Effect.Effect<number>,
    ): TokenServer["Service"] => ({
      origin,
      tokenUrl: `${origin}/oauth/token`,
      certificateAuthority: authority.certificate,
      authority,
      requests: Effect.sync(log.newest),
      requestCount: Effect.sync(log.count),
      connectionCount,
      setScript: (next) =>
        Effect.sync(() => {
          script = next;
          index = 0;
        }),
      forgetRequests: Effect.sync(log.forget),
    }),
  };
};

const receive = (
  request: HttpClientRequest.HttpClientRequest,
  url: URL,
): Effect.Effect<ReceivedRequest> =>
  Effect.gen(function* () {
    const web = yield* Effect.orDie(HttpClientRequest.toWeb(request));
    return {
      method: request.method,
      path: url.pathname + url.search,
      headers: [...web.headers],
      body: yield* Effect.promise(() => web.text()),
      certificate: undefined,
      at: yield* Clock.currentTimeMillis,
    };
  });
