import type * as Duration from "effect/Duration";

/**
 * Where a connection is when something happens to it.
 *
 * | Phase | The client has | The server has read |
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
 * Headers by name; a list sends the header once for each of its values.
 *
 * @since 0.1.0
 */
export type Headers = Readonly<Record<string, string | ReadonlyArray<string>>>;

/**
 * Text is sent as UTF-8.
 *
 * @since 0.1.0
 */
export type Body = string | Uint8Array;

/**
 * Sends bytes in pieces, with a pause before each but the first.
 *
 * @since 0.1.0
 */
export interface Drip {
  readonly pause: Duration.Input;
  /** Size of a piece; default 1. */
  readonly bytes?: number | undefined;
  /** Default `"body"`, whose head goes out whole. */
  readonly from?: "headers" | "body" | undefined;
}

/**
 * What tells a client where a body ends; `"close"` is nothing but the end of the connection.
 *
 * @since 0.1.0
 */
export type Framing = "content-length" | "chunked" | "close";

/**
 * What the server does with one request, or with one connection.
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
  /** Says nothing more and keeps the connection (`Hang`), resets it (`Reset`) or closes it in order (`Close`). */
  | {
      readonly _tag: "Hang" | "Reset" | "Close";
      /** Default `"request"`. */
      readonly at?: Phase | undefined;
      /** Of the answer that breaks off at `"headers"` or `"body"`; default 200. */
      readonly status?: number | undefined;
      readonly headers?: Headers | undefined;
      /** What comes before the break at `"body"`; the head promises 64 bytes more. */
      readonly body?: Body | undefined;
    }
  /** Closes the connection in order before the body is complete. */
  | {
      readonly _tag: "Truncate";
      readonly status: number;
      readonly headers: Headers;
      readonly body: Body;
      /** How many bytes of the body are sent; all by default, where the head promises 64 more. */
      readonly at?: number | undefined;
      /** Default `"content-length"`. */
      readonly framing?: Framing | undefined;
    }
  /** Sends `body` and then `filler` over and over. */
  | {
      readonly _tag: "Endless";
      readonly status: number;
      readonly headers: Headers;
      readonly body: Body;
      readonly filler: Body;
    }
  /** Sends bytes that need not be HTTP in place of an answer, then closes the connection. */
  | { readonly _tag: "Garbage"; readonly bytes: Body }
) & {
  /** Time that passes first; none by default. */
  readonly delay?: Duration.Input | undefined;
  /** Sends slowly what has a head; all at once by default. */
  readonly drip?: Drip | undefined;
};
