import type { NonEmptyReadonlyArray } from "effect/Array";
import type * as Duration from "effect/Duration";
import type * as Effect from "effect/Effect";
import type { ReceivedRequest } from "../ReceivedRequest.ts";

/**
 * How far a connection has come when the server acts on it.
 *
 * | Phase | The client has received | The server has read |
 * | --- | --- | --- |
 * | `accept` | a TCP connection | nothing |
 * | `handshake` | the first bytes of the server's hello | the client's hello |
 * | `tls` | a TLS connection | no request |
 * | `request` | no byte of an answer | the request |
 * | `headers` | half of the head | the request |
 * | `body` | the head and part of the body | the request |
 *
 * @since 0.1.0
 */
export type Phase = "accept" | "handshake" | "tls" | "request" | "headers" | "body";

/**
 * Headers by name; a list sends the header once for each value.
 *
 * @since 0.1.0
 */
export type Headers = Readonly<Record<string, string | ReadonlyArray<string>>>;

/**
 * Body of an answer; text is sent as UTF-8.
 *
 * @since 0.1.0
 */
export type Body = string | Uint8Array;

/**
 * Sends bytes in pieces, with a pause before each piece after the first.
 *
 * @since 0.1.0
 */
export interface Drip {
  readonly pause: Duration.Input;
  /** Bytes in a piece; default 1. */
  readonly bytes?: number | undefined;
  /** First part that is cut into pieces. Default `"body"`: the head is sent whole. */
  readonly from?: "headers" | "body" | undefined;
}

/**
 * How a client learns where a body ends; with `"close"` only from the end of the connection.
 *
 * @since 0.1.0
 */
export type Framing = "content-length" | "chunked" | "close";

/**
 * What the server does with one request or one connection.
 *
 * @since 0.1.0
 */
export type Answer = (
  | {
      readonly _tag: "Respond";
      readonly status: number;
      readonly headers: Headers;
      readonly body: Body;
    }
  /** Stops and keeps the connection (`Hang`), resets it (`Reset`) or closes it (`Close`). */
  | {
      readonly _tag: "Hang" | "Reset" | "Close";
      /** Default `"request"`. */
      readonly at?: Phase | undefined;
      /** Status of an answer that stops at `"headers"` or `"body"`; default 200. */
      readonly status?: number | undefined;
      readonly headers?: Headers | undefined;
      /** Bytes sent before the stop at `"body"`; the head promises 64 bytes more. */
      readonly body?: Body | undefined;
    }
  /** Closes the connection before the body is complete. */
  | {
      readonly _tag: "Truncate";
      readonly status: number;
      readonly headers: Headers;
      readonly body: Body;
      /** Number of body bytes that are sent. By default all, and the head promises 64 more. */
      readonly at?: number | undefined;
      /** Default `"content-length"`. */
      readonly framing?: Framing | undefined;
    }
  /** Sends `body`, then `filler` again and again. */
  | {
      readonly _tag: "Endless";
      readonly status: number;
      readonly headers: Headers;
      readonly body: Body;
      readonly filler: Body;
    }
  /** Sends bytes that need not be HTTP, then closes the connection. */
  | { readonly _tag: "Garbage"; readonly bytes: Body }
) & {
  /** Time to wait first; none by default. */
  readonly delay?: Duration.Input | undefined;
  /** Sends an answer with a head in pieces; whole by default. */
  readonly drip?: Drip | undefined;
};

/**
 * A list of answers, or a function of the request and its index.
 *
 * The last answer of a list repeats. In a list, an answer at `accept`, `handshake` or `tls`
 * applies to the next connection: the server closes the current one after the answer before.
 * These phases mean `request` for a request over an open connection, and in a function,
 * because the function is called with a request. In memory every request has its own connection.
 *
 * @since 0.1.0
 */
export type Script =
  | NonEmptyReadonlyArray<Answer>
  | ((request: ReceivedRequest, index: number) => Answer | Effect.Effect<Answer>);
