/** One bounded request and its whole answer: no redirects, a deadline, a limit on the body. */
import type * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import type * as Headers from "effect/http/Headers";
import * as HttpClient from "effect/http/HttpClient";
import type * as HttpClientError from "effect/http/HttpClientError";
import type * as HttpClientRequest from "effect/http/HttpClientRequest";
import type * as HttpClientResponse from "effect/http/HttpClientResponse";
import * as Predicate from "effect/Predicate";
import * as Stream from "effect/Stream";
import { type Redirected, withoutRedirects } from "./redirects.ts";

/** The whole answer of a server. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers.Headers;
  readonly body: Uint8Array;
}

/** Why there is no answer: codes only, nothing of what was sent or received. */
export type Failure =
  | { readonly _tag: "Timeout" }
  | { readonly _tag: "Transport"; readonly codes: ReadonlyArray<string> }
  | { readonly _tag: "Truncated"; readonly codes: ReadonlyArray<string> }
  | { readonly _tag: "TooLarge"; readonly limit: number }
  | Redirected;

/** Sends a request and reads its answer, with everything that must hold for whatever client is injected. */
export const exchange = (
  httpClient: HttpClient.HttpClient,
  request: HttpClientRequest.HttpClientRequest,
  bounds: { readonly timeout: Duration.Duration; readonly maxBytes: number },
): Effect.Effect<Answer, Failure> =>
  withoutRedirects(httpClient, request).pipe(
    Effect.mapError((error): Failure =>
      error._tag === "Redirected" ? error : { _tag: "Transport", codes: codesOf(error) },
    ),
    Effect.flatMap((response) =>
      Effect.map(readBody(response, bounds.maxBytes), (body) => ({
        status: response.status,
        headers: response.headers,
        body,
      })),
    ),
    // The caller makes its own span: the client's would carry URLs, and headers that nobody asked for.
    Effect.provideService(HttpClient.TracerDisabledWhen, () => true),
    Effect.timeoutOrElse({
      duration: bounds.timeout,
      orElse: () => Effect.fail<Failure>({ _tag: "Timeout" }),
    }),
  );

const readBody = (
  response: HttpClientResponse.HttpClientResponse,
  maxBytes: number,
): Effect.Effect<Uint8Array, Failure> =>
  Effect.suspend(() => {
    const chunks: Array<Uint8Array> = [];
    let size = 0;
    return response.stream.pipe(
      Stream.mapError((error): Failure => ({ _tag: "Truncated", codes: codesOf(error) })),
      Stream.runForEach((chunk) => {
        chunks.push(chunk);
        size += chunk.byteLength;
        return size > maxBytes
          ? Effect.fail<Failure>({ _tag: "TooLarge", limit: maxBytes })
          : Effect.void;
      }),
      Effect.catchIf(
        // `fetch` has no body to stream for a 204, and for an empty answer to some methods.
        (failure) => failure._tag === "Truncated" && failure.codes.includes("EMPTY_BODY"),
        () => Effect.void,
      ),
      Effect.map(() => concat(chunks, size)),
    );
  });

const concat = (chunks: ReadonlyArray<Uint8Array>, size: number): Uint8Array => {
  const body = new Uint8Array(size);
  let offset = 0;
  for (const chunk of chunks) {
    body.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return body;
};

/** The codes in a chain of causes, outermost first. Messages are left behind: they quote headers. */
const codesOf = (error: HttpClientError.HttpClientError): ReadonlyArray<string> => {
  if (error.reason._tag === "EmptyBodyError") return ["EMPTY_BODY"];
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
