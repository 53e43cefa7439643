/**
 * An `HttpClient` that signs requests to the vendor's own origins (RFC 6750 §2.1).
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as HttpClient from "effect/http/HttpClient";
import * as HttpClientError from "effect/http/HttpClientError";
import * as HttpClientRequest from "effect/http/HttpClientRequest";
import type * as HttpClientResponse from "effect/http/HttpClientResponse";
import * as Option from "effect/Option";
import * as Redacted from "effect/Redacted";
import * as Stream from "effect/Stream";
import * as AccessToken from "./AccessToken.ts";
import { withoutRedirects } from "./internal/redirects.ts";
import type * as TokenEndpoint from "./TokenEndpoint.ts";
import * as TokenError from "./TokenError.ts";
import type * as TokenSource from "./TokenSource.ts";

/**
 * A client whose requests fail as any client's do, or for want of a token.
 *
 * @since 0.1.0
 */
export type BearerClient = HttpClient.HttpClient.With<
  HttpClientError.HttpClientError | TokenError.TokenError
>;

/**
 * A client that adds the base URL to relative URLs and the bearer token to every request.
 *
 * - A request to any other origin fails with `ServerUntrusted` before it is sent; so does one that
 *   brings an `Authorization` header of its own, with an `HttpClientError`.
 * - Redirects are not followed; an injected client that does is stopped at the border of the origins.
 * - After a 401 exactly the token that was sent is invalidated, and the request is sent once more
 *   with a fresh one, if its body can be sent again: empty, text or bytes. The 401 of another body
 *   is handed back, and the next caller gets a fresh token.
 * - A fresh token that is refused too fails with `TokenRefused`. A 403 is the caller's.
 *
 * @since 0.1.0
 */
export const make = (options: {
  readonly provider: string;
  readonly source: TokenSource.TokenSource;
  /** Run for each request, so that each goes over the certificate that is current. */
  readonly connection: Effect.Effect<TokenEndpoint.Connection, TokenError.Reason>;
  /** Put before relative URLs; without one, requests bring absolute URLs. */
  readonly apiUrl: string | undefined;
  /** Further origins that may see the token. */
  readonly origins?: ReadonlyArray<string> | undefined;
}): BearerClient => {
  const { source, apiUrl } = options;
  const fail = (reason: TokenError.Reason) =>
    Effect.fail(new TokenError.TokenError({ provider: options.provider, reason }));
  const origins = new Set(
    [...(apiUrl === undefined ? [] : [apiUrl]), ...(options.origins ?? [])].map(
      (url) => new URL(url).origin,
    ),
  );

  const check = (
    input: HttpClientRequest.HttpClientRequest,
  ): Effect.Effect<
    HttpClientRequest.HttpClientRequest,
    HttpClientError.HttpClientError | TokenError.TokenError
  > => {
    if (input.headers["authorization"] !== undefined) {
      return Effect.fail(
        new HttpClientError.HttpClientError({
          reason: new HttpClientError.EncodeError({
            request: input,
            description: `${options.provider} adds the Authorization header itself; remove yours`,
          }),
        }),
      );
    }
    const request =
      apiUrl === undefined || isAbsolute.test(input.url)
        ? input
        : HttpClientRequest.prependUrl(input, apiUrl);
    const url = isAbsolute.test(request.url) ? HttpClientRequest.toUrl(request) : Option.none();
    if (Option.isNone(url)) {
      return fail(
        new TokenError.OptionInvalid({
          option: "apiUrl",
          problem: "is not set, so only absolute URLs on the given origins can be called",
        }),
      );
    }
    return origins.has(url.value.origin)
      ? Effect.succeed(request)
      : fail(new TokenError.ServerUntrusted({ problem: "origin", origin: url.value.origin }));
  };

  const connection = TokenError.withProvider(options.provider)(options.connection);
  /** A token and the connection for it, of one certificate: a rotation can come between the two. */
  const passWithin = (rotations: number): Effect.Effect<Pass, TokenError.TokenError> =>
    Effect.flatMap(source.get, (token) =>
      Effect.flatMap(connection, ({ httpClient, thumbprint }) =>
        thumbprint === undefined || thumbprint === token.thumbprint || rotations === 0
          ? Effect.succeed({ token, httpClient })
          : passWithin(rotations - 1),
      ),
    );
  const pass = passWithin(3);
  const send = (request: HttpClientRequest.HttpClientRequest, { token, httpClient }: Pass) =>
    withoutRedirects(
      httpClient,
      HttpClientRequest.setHeader(
        request,
        "authorization",
        `Bearer ${Redacted.value(token.value)}`,
      ),
      (url) => origins.has(url.origin),
    ).pipe(
      Effect.catchTag("Redirected", ({ origin }) =>
        fail(new TokenError.ServerUntrusted({ problem: "redirect", origin })),
      ),
      Effect.map((response) => {
        // Other answers can come from something before the API, which has not looked at the token.
        if (response.status >= 200 && response.status < 300) {
          source.acceptedUnsafe(token);
          if (!isReplayable(request)) handedBack = false;
        }
        return response;
      }),
    );

  let handedBack = false;
  const recover = Effect.fnUntraced(function* (
    request: HttpClientRequest.HttpClientRequest,
    refused: AccessToken.AccessToken,
    response: HttpClientResponse.HttpClientResponse,
  ) {
    const refusedAt = yield* Clock.monotonicTimeNanos;
    if (!isReplayable(request)) {
      // Nobody sends it again with the fresh token, but the next such request shows what becomes of it.
      if (handedBack) source.refusedUnsafe(refused);
      handedBack = true;
      yield* source.invalidate(refused);
      return response;
    }
    yield* source.invalidate(refused);
    yield* discard(response);
    const again = yield* pass;
    if (!AccessToken.hasSameValue(again.token, refused)) {
      const second = yield* send(request, again);
      if (second.status !== 401) return second;
      // One that others fetched before can have been revoked again by now.
      if ((again.token.monotonicIssuedAt ?? refusedAt) >= refusedAt)
        source.refusedUnsafe(again.token);
      yield* discard(second);
    }
    return yield* fail(new TokenError.TokenRefused({ status: response.status }));
  });

  return HttpClient.makeWith(
    (effect: Effect.Effect<HttpClientRequest.HttpClientRequest>) =>
      Effect.flatMap(effect, (input) =>
        Effect.flatMap(check(input), (request) =>
          Effect.flatMap(pass, (first) =>
            Effect.flatMap(send(request, first), (response) =>
              response.status === 401
                ? recover(request, first.token, response)
                : Effect.succeed(response),
            ),
          ),
        ),
      ),
    Effect.succeed,
  );
};

interface Pass {
  readonly token: AccessToken.AccessToken;
  readonly httpClient: HttpClient.HttpClient;
}

const isAbsolute = /^[a-z][a-z0-9+.-]*:/i;

const isReplayable = ({ body }: HttpClientRequest.HttpClientRequest): boolean =>
  body._tag === "Empty" ||
  body._tag === "Uint8Array" ||
  (body._tag === "Raw" && (typeof body.body === "string" || body.body instanceof Uint8Array));

/** Frees the connection: reads a short body to its end, and gives up a long or a slow one. */
const discard = (response: HttpClientResponse.HttpClientResponse): Effect.Effect<void> =>
  response.stream.pipe(
    Stream.take(16),
    Stream.runDrain,
    Effect.timeoutOption("1 second"),
    Effect.ignore,
  );
