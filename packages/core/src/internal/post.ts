/** Makes one exchange with an authorization server: no redirects, a time limit, a size limit. */
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import type * as Headers from "effect/http/Headers";
import * as HttpClient from "effect/http/HttpClient";
import type * as HttpClientError from "effect/http/HttpClientError";
import type * as HttpClientRequest from "effect/http/HttpClientRequest";
import * as Predicate from "effect/Predicate";
import * as Stream from "effect/Stream";
import type { Connection } from "../ClientAuth.ts";
import * as TokenError from "../TokenError.ts";
import { firstCode, transportReason } from "./classify.ts";
import { withoutRedirects } from "./redirects.ts";

/** The whole answer of a server. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers.Headers;
  readonly body: Uint8Array;
}

/** Sends a request and reads its whole answer, whatever the status. Fails with reasons of transport alone. */
export const exchange = (
  connection: Connection,
  request: HttpClientRequest.HttpClientRequest,
  bounds: { readonly timeout: Duration.Duration; readonly maxBytes: number },
): Effect.Effect<Answer, TokenError.Reason> =>
  withoutRedirects(connection.httpClient, request).pipe(
    Effect.mapError((error) =>
      error._tag === "ServerUntrusted" ? error : transportReason(codesOf(error), connection.source),
    ),
    Effect.flatMap((response) =>
      Effect.map(readBody(response.stream, bounds.maxBytes), (body) => ({
        status: response.status,
        headers: response.headers,
        body,
      })),
    ),
    // The caller makes its own span: the client's would carry URLs and headers.
    Effect.provideService(HttpClient.TracerDisabledWhen, () => true),
    Effect.timeoutOrElse({
      duration: bounds.timeout,
      orElse: () => Effect.fail(new TokenError.ServerUnavailable({ problem: "timeout" })),
    }),
  );

const readBody = (
  stream: Stream.Stream<Uint8Array, HttpClientError.HttpClientError>,
  maxBytes: number,
): Effect.Effect<Uint8Array, TokenError.Reason> =>
  stream.pipe(
    // `fetch` has no body to stream for a 204, and for an empty answer to some methods.
    Stream.catchIf(
      (error) => error.reason._tag === "EmptyBodyError",
      () => Stream.empty,
    ),
    Stream.mapError(
      (error) =>
        new TokenError.ServerUnavailable({ problem: "truncated", ...firstCode(codesOf(error)) }),
    ),
    Stream.runFoldEffect(
      (): Body => ({ chunks: [], size: 0 }),
      (body, chunk) => {
        body.chunks.push(chunk);
        body.size += chunk.byteLength;
        return body.size > maxBytes
          ? Effect.fail(
              new TokenError.ResponseMalformed({ problem: `it is larger than ${maxBytes} bytes` }),
            )
          : Effect.succeed(body);
      },
    ),
    Effect.map(join),
  );

interface Body {
  readonly chunks: Array<Uint8Array>;
  size: number;
}

const join = ({ chunks, size }: Body): Uint8Array => {
  const body = new Uint8Array(size);
  let offset = 0;
  for (const chunk of chunks) {
    body.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return body;
};

/** Returns the codes in a chain of causes, outermost first. Messages are dropped, because they quote headers. */
const codesOf = (error: HttpClientError.HttpClientError): ReadonlyArray<string> => {
  const codes: Array<string> = [];
  let cause: unknown = error.reason.cause;
  for (let depth = 0; depth < 8 && Predicate.isObject(cause); depth++) {
    if (
      "code" in cause &&
      typeof cause.code === "string" &&
      /^[A-Z0-9_/]{2,80}$/.test(cause.code)
    ) {
      codes.push(cause.code);
    }
    cause = "cause" in cause ? cause.cause : undefined;
  }
  return codes;
};
