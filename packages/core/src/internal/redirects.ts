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
 *   client asks `TracerDisabledWhen` about each request before it sends it: one that carries what
 *   was prepared on to another URL follows a redirect. What else a client asks elsewhere is its own
 *   affair. A client that answers that question itself is beyond this: it must not follow any.
 *
 * Afterwards the caller's context is as it was.
 */
export const withoutRedirects = <E, R>(
  httpClient: HttpClient.HttpClient.With<E, R>,
  request: HttpClientRequest.HttpClientRequest,
  mayFollow: (url: URL) => boolean = () => false,
): Effect.Effect<HttpClientResponse.HttpClientResponse, E | Redirected, R> =>
  Effect.withFiber((fiber) => {
    const { context } = fiber;
    const isDisabled = fiber.getRef(Tracer.DisablePropagation)
      ? () => true
      : fiber.getRef(HttpClient.TracerDisabledWhen);
    const sent: Array<HttpClientRequest.HttpClientRequest> = [];
    const guard = (outgoing: HttpClientRequest.HttpClientRequest): boolean => {
      if (sent.some((one) => isCarriedOn(one, outgoing))) {
        const url = HttpClientRequest.toUrl(outgoing);
        if (Option.isSome(url) && !mayFollow(url.value)) {
          // A predicate has no other way to stop the client that asks it.
          throw new Redirected({ origin: url.value.origin });
        }
      }
      return isDisabled(outgoing);
    };
    // A client that tries again runs this again, and one that follows a redirect does not.
    const prepared = Effect.withFiber<HttpClientRequest.HttpClientRequest, E, R>((inner) =>
      Effect.map(httpClient.preprocess(request), (made) => {
        sent.push(made);
        inner.setContext(withManualRedirects(inner.context));
        return made;
      }),
    );
    // Around the whole client, because a layered one restores the context after each request.
    fiber.setContext(
      context.pipe(
        // Where it is set, the question is not asked; the answer stays the same.
        Context.add(Tracer.DisablePropagation, false),
        Context.add(HttpClient.TracerDisabledWhen, guard),
      ),
    );
    return httpClient.postprocess(prepared).pipe(
      Effect.catchDefect((defect) =>
        defect instanceof Redirected ? Effect.fail(defect) : Effect.die(defect),
      ),
      Effect.ensuring(Effect.sync(() => fiber.setContext(context))),
    );
  });

const withManualRedirects = <Services>(context: Context.Context<Services>) =>
  Context.add(context, FetchHttpClient.RequestInit, {
    ...Context.getOrUndefined(context, FetchHttpClient.RequestInit),
    redirect: "manual",
  });

/**
 * Whether a request takes to another URL what was sent: its credentials, a body in place of its body,
 * or, without a body, all else that it said.
 */
const isCarriedOn = (
  sent: HttpClientRequest.HttpClientRequest,
  outgoing: HttpClientRequest.HttpClientRequest,
): boolean => {
  if (urlOf(sent) === urlOf(outgoing)) return false;
  const { authorization } = sent.headers;
  if (authorization !== undefined && outgoing.headers["authorization"] === authorization) {
    return true;
  }
  return outgoing.body._tag === "Empty"
    ? Object.entries(sent.headers).every(
        ([name, value]) => mayBeDropped.test(name) || outgoing.headers[name] === value,
      )
    : sent.body._tag !== "Empty";
};

const mayBeDropped = /^(authorization|cookie|content-.*)$/;

const urlOf = (request: HttpClientRequest.HttpClientRequest): string | undefined =>
  Option.getOrUndefined(HttpClientRequest.toUrl(request))?.href;
