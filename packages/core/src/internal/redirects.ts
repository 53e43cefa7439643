/** Sending a request in a way in which no redirect takes its credentials along. */
import * as Context from "effect/Context";
import * as Data from "effect/Data";
import * as Effect from "effect/Effect";
import * as FetchHttpClient from "effect/http/FetchHttpClient";
import * as HttpClient from "effect/http/HttpClient";
import * as HttpClientRequest from "effect/http/HttpClientRequest";
import type * as HttpClientResponse from "effect/http/HttpClientResponse";
import * as Option from "effect/Option";
import * as Tracer from "effect/Tracer";

/** A client was about to follow a redirect; nothing has gone to its target. */
export class Redirected extends Data.TaggedClass("Redirected")<{ readonly origin: string }> {}

/**
 * Sends a request with whatever client is injected, and lets it follow no redirect but those that
 * `mayFollow` allows.
 *
 * - `fetch` follows by default, so `redirect: "manual"` is added to its settings from inside the
 *   client's own context, where the user's other settings are, wherever they were provided.
 * - A client under `HttpClient.followRedirects` loops where nothing outside reaches it. But every
 *   client asks `TracerDisabledWhen` about each request before it sends it, so that is where a
 *   second place to go is noticed.
 *
 * Afterwards the caller's context is as it was.
 */
export const withoutRedirects = <E, R>(
  httpClient: HttpClient.HttpClient.With<E, R>,
  request: HttpClientRequest.HttpClientRequest,
  mayFollow: (url: URL) => boolean = () => false,
): Effect.Effect<HttpClientResponse.HttpClientResponse, E | Redirected, R> => {
  const prepared = Effect.withFiber<HttpClientRequest.HttpClientRequest, E, R>((fiber) => {
    const init = Context.getOrUndefined(fiber.context, FetchHttpClient.RequestInit);
    const isDisabled = fiber.getRef(Tracer.DisablePropagation)
      ? () => true
      : fiber.getRef(HttpClient.TracerDisabledWhen);
    fiber.setContext(
      fiber.context.pipe(
        Context.add(FetchHttpClient.RequestInit, { ...init, redirect: "manual" }),
        // Where it is set, the question is not asked; the answer stays the same.
        Context.add(Tracer.DisablePropagation, false),
        Context.add(HttpClient.TracerDisabledWhen, guard(isDisabled, mayFollow)),
      ),
    );
    return httpClient.preprocess(request);
  });
  return Effect.withFiber((fiber) => {
    const { context } = fiber;
    return httpClient.postprocess(prepared).pipe(
      Effect.catchDefect((defect) =>
        defect instanceof Redirected ? Effect.fail(defect) : Effect.die(defect),
      ),
      Effect.ensuring(Effect.sync(() => fiber.setContext(context))),
    );
  });
};

/** Throws, because a predicate has no other way to stop the client that asks it. */
const guard = (
  isDisabled: (request: HttpClientRequest.HttpClientRequest) => boolean,
  mayFollow: (url: URL) => boolean,
) => {
  let first: string | undefined;
  return (outgoing: HttpClientRequest.HttpClientRequest): boolean => {
    const url = HttpClientRequest.toUrl(outgoing);
    if (Option.isSome(url)) {
      // A client that tries again sends to the same place.
      first ??= url.value.href;
      if (url.value.href !== first && !mayFollow(url.value)) {
        throw new Redirected({ origin: url.value.origin });
      }
    }
    return isDisabled(outgoing);
  };
};
