/** Sends a request so that no redirect takes its credentials along. */
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as FetchHttpClient from "effect/http/FetchHttpClient";
import type * as HttpClient from "effect/http/HttpClient";
import * as HttpClientRequest from "effect/http/HttpClientRequest";
import type * as HttpClientResponse from "effect/http/HttpClientResponse";
import * as Option from "effect/Option";
import * as TokenError from "../TokenError.ts";

/**
 * Sends a request with any injected client and follows no redirect.
 *
 * `fetch` follows by default and re-sends bodies to other origins. So `redirect: "manual"` is set inside
 * the client, on the `Fetch` function and on the `RequestInit`: a client may replace one of them.
 *
 * Two kinds of clients are not supported: a client under `HttpClient.followRedirects`, whose answer is
 * refused because its request is not the one that was sent, and a client that provides both `Fetch` and
 * `RequestInit` inside `HttpClient.transform`.
 */
export const withoutRedirects = <E, R>(
  httpClient: HttpClient.HttpClient.With<E, R>,
  request: HttpClientRequest.HttpClientRequest,
): Effect.Effect<HttpClientResponse.HttpClientResponse, E | TokenError.ServerUntrusted, R> =>
  Effect.withFiber((fiber) => {
    const { context } = fiber;
    let sent = request;
    // A client that tries again runs this again.
    const prepared = Effect.withFiber<HttpClientRequest.HttpClientRequest, E, R>((inner) =>
      Effect.map(httpClient.preprocess(request), (made) => {
        sent = made;
        inner.setContext(withManualRedirects(inner.context));
        return made;
      }),
    );
    return httpClient.postprocess(prepared).pipe(
      Effect.ensuring(Effect.sync(() => fiber.setContext(context))),
      Effect.flatMap((response) => {
        const [asked, answered] = [urlOf(sent), urlOf(response.request)];
        return asked?.href === answered?.href
          ? Effect.succeed(response)
          : Effect.fail(
              new TokenError.ServerUntrusted({
                problem: "redirect",
                ...(answered === undefined ? {} : { origin: answered.origin }),
              }),
            );
      }),
    );
  });

const withManualRedirects = <Services>(context: Context.Context<Services>) => {
  const fetch = Context.get(context, FetchHttpClient.Fetch);
  const manual: typeof fetch = (input, init) => fetch(input, { ...init, redirect: "manual" });
  return context.pipe(
    Context.add(FetchHttpClient.Fetch, manual),
    Context.add(FetchHttpClient.RequestInit, {
      ...Context.getOrUndefined(context, FetchHttpClient.RequestInit),
      redirect: "manual",
    }),
  );
};

const urlOf = (request: HttpClientRequest.HttpClientRequest): URL | undefined =>
  Option.getOrUndefined(HttpClientRequest.toUrl(request));
