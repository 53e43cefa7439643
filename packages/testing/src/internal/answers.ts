/** The answers that a script is made of. */
import type * as Duration from "effect/Duration";
import type { Answer, Body, Drip, Framing, Headers, Phase } from "./answer.ts";
import * as Gzip from "./gzip.ts";

/**
 * Options of answers that send a head.
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
 * Answers with a token that lives one hour (RFC 6749 §5.1).
 *
 * `members` replace members of the answer; `undefined` removes one.
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
 * Redirects the client, with status 302 by default.
 *
 * @since 0.1.0
 */
export const redirect = (location: string, options: Options = {}): Answer =>
  respond("", { status: 302, ...options, headers: { location, ...options.headers } });

/**
 * Answers with a token and a header that is larger than clients accept, by default 1 MiB.
 *
 * @since 0.1.0
 */
export const oversizedHeaders = (bytes = 1_048_576, options: Options = {}): Answer =>
  token({}, { ...options, headers: { ...options.headers, "x-padding": "a".repeat(bytes) } });

/**
 * Answers with a small gzip body that expands to JSON of the given size in MiB.
 *
 * The answer is compressed although the client did not ask for it.
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
 * Sends bytes that are not HTTP, by default the greeting of an SSH server.
 *
 * In memory these bytes always fail: a 100 is a bad response, any other `HTTP/` is a closed
 * connection, everything else is a parser error.
 *
 * @since 0.1.0
 */
export const garbage = (bytes: Body = "SSH-2.0-OpenSSH_9.9\r\n"): Answer => ({
  _tag: "Garbage",
  bytes,
});

/**
 * Options of answers that stop at a phase.
 *
 * @since 0.1.0
 */
export interface BreakOptions extends Options {
  /** Bytes sent before the answer stops at `"body"`. */
  readonly body?: Body | undefined;
}

/**
 * Sends nothing from a phase on and keeps the connection open.
 *
 * @since 0.1.0
 */
export const hangAt = (at: Phase, options: BreakOptions = {}): Answer => ({
  _tag: "Hang",
  at,
  ...options,
});

/**
 * Resets the connection at a phase with a TCP RST.
 *
 * @since 0.1.0
 */
export const resetAt = (at: Phase, options: BreakOptions = {}): Answer => ({
  _tag: "Reset",
  at,
  ...options,
});

/**
 * Closes the connection at a phase with a TCP FIN.
 *
 * @since 0.1.0
 */
export const closeAt = (at: Phase, options: BreakOptions = {}): Answer => ({
  _tag: "Close",
  at,
  ...options,
});

/**
 * Never answers a request.
 *
 * @since 0.1.0
 */
export const hang: Answer = hangAt("request");

/**
 * Resets the connection instead of an answer.
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
    /** Number of body bytes that are sent; by default all of them. */
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
 * Sends a body that never ends, by default a JSON string.
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
 * Waits before it plays an answer.
 *
 * @since 0.1.0
 */
export const delayed = (answer: Answer, delay: Duration.Input): Answer => ({ ...answer, delay });

/**
 * Sends an answer in pieces with pauses between them.
 *
 * It does not change answers without a head.
 *
 * @since 0.1.0
 */
export const dripped = (answer: Answer, drip: Drip): Answer => ({ ...answer, drip });

const head = (options: Options) => ({
  status: options.status ?? 200,
  headers: options.headers ?? {},
  delay: options.delay,
  drip: options.drip,
});
