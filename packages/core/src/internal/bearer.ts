/** Makes the `HttpClient`s that sign requests to the vendor's own origins. */
import * as Effect from "effect/Effect";
import * as HttpClient from "effect/http/HttpClient";
import * as HttpClientError from "effect/http/HttpClientError";
import * as HttpClientRequest from "effect/http/HttpClientRequest";
import type * as HttpClientResponse from "effect/http/HttpClientResponse";
import * as Inspectable from "effect/Inspectable";
import * as Option from "effect/Option";
import * as Redacted from "effect/Redacted";
import * as Stream from "effect/Stream";
import * as AccessToken from "../AccessToken.ts";
import type { Authorization } from "../Authorization.ts";
import type { Connection } from "../ClientAuth.ts";
import * as TokenError from "../TokenError.ts";
import { withoutRedirects } from "./redirects.ts";
import type { Token, TokenSource } from "./source/TokenSource.ts";

export interface Options {
  readonly provider: string;
  readonly source: TokenSource;
  /** Run for each request, so that each goes over the certificate that is current. */
  readonly connection: Effect.Effect<Connection, TokenError.Reason>;
  readonly authorization: Authorization;
  /** Stands before relative URLs. It may depend on the token, for vendors whose answer names it. */
  readonly base: string | undefined | ((token: Token) => string);
  /** Origins that may see the token. */
  readonly origins: ReadonlyArray<string>;
  /** Host names that an answer may name as the base. */
  readonly hosts: ReadonlyArray<string>;
}

type Signed = HttpClient.HttpClient.With<HttpClientError.HttpClientError | TokenError.TokenError>;

interface Pass {
  readonly token: Token;
  readonly httpClient: HttpClient.HttpClient;
}

/**
 * Makes a client that adds the base URL to relative URLs and the token to every request.
 *
 * - A request to any other origin fails with `ServerUntrusted` before it is sent. A request with a
 *   header of its own in the token's place fails with an `HttpClientError`.
 * - Redirects are not followed.
 * - After a 401 exactly the token that was sent is dropped, and the request is sent once more with
 *   another one, if its body can be sent again: empty, text or bytes. The 401 of another body is
 *   handed back, and the next caller gets another token.
 * - A second 401 fails with `TokenRefused`, and so does a first one when there is no other token.
 * - A 403 is handed back.
 */
export const make = (options: Options): Signed => {
  const { source, authorization } = options;
  const name = TokenError.withProvider(options.provider);
  const fail = (reason: TokenError.Reason) => name(Effect.fail(reason));
  const known = new Set(options.origins.map((url) => new URL(url).origin));

  const locate = (
    input: HttpClientRequest.HttpClientRequest,
    base: string | undefined,
  ): Effect.Effect<HttpClientRequest.HttpClientRequest, TokenError.TokenError> => {
    const request =
      base === undefined || isAbsolute.test(input.url)
        ? input
        : HttpClientRequest.prependUrl(input, base);
    const url = isAbsolute.test(request.url) ? HttpClientRequest.toUrl(request) : Option.none();
    if (Option.isNone(url)) {
      return fail(
        TokenError.optionInvalid(
          "apiUrl",
          "is not set, so only absolute URLs on the given origins can be called",
        ),
      );
    }
    const { origin, hostname, protocol } = url.value;
    return known.has(origin) || (protocol === "https:" && options.hosts.includes(hostname))
      ? Effect.succeed(request)
      : fail(new TokenError.ServerUntrusted({ problem: "origin", origin }));
  };
  const { base } = options;
  // A base that does not depend on the token lets a foreign URL be refused before a token is fetched.
  const early = (input: HttpClientRequest.HttpClientRequest) =>
    typeof base === "function" ? Effect.succeed(input) : locate(input, base);
  const late = (input: HttpClientRequest.HttpClientRequest, token: Token) =>
    typeof base === "function" ? locate(input, base(token)) : Effect.succeed(input);

  /** Returns a token and a connection of the same certificate: a rotation can come between the two. */
  const passWithin = (rotations: number): Effect.Effect<Pass, TokenError.TokenError> =>
    Effect.flatMap(
      Effect.suspend(() => source.getUnsafe()),
      (token) =>
        Effect.flatMap(name(options.connection), ({ httpClient, thumbprint }) =>
          thumbprint === undefined || thumbprint === token.thumbprint || rotations === 0
            ? Effect.succeed({ token, httpClient })
            : passWithin(rotations - 1),
        ),
    );
  const pass = passWithin(3);

  const send = (input: HttpClientRequest.HttpClientRequest, { token, httpClient }: Pass) =>
    Effect.flatMap(late(input, token), (request) =>
      withoutRedirects(
        httpClient,
        HttpClientRequest.setHeader(
          request,
          authorization.header,
          authorization.value(Redacted.value(token.value)),
        ),
      ).pipe(
        Effect.map((response) => unsigned(request, response)),
        Effect.catchTag("ServerUntrusted", fail),
      ),
    );

  const recover = Effect.fnUntraced(function* (
    input: HttpClientRequest.HttpClientRequest,
    refused: Token,
    response: HttpClientResponse.HttpClientResponse,
  ) {
    yield* source.invalidate(refused);
    if (!isReplayable(input)) return response;
    yield* discard(response);
    const again = yield* pass;
    if (!AccessToken.hasSameValue(again.token, refused)) {
      const second = yield* send(input, again);
      if (second.status !== 401) return second;
      yield* discard(second);
    }
    return yield* fail(new TokenError.TokenRefused({ status: response.status }));
  });

  return HttpClient.makeWith(
    (effect: Effect.Effect<HttpClientRequest.HttpClientRequest>) =>
      Effect.flatMap(effect, (input) =>
        input.headers[authorization.header] === undefined
          ? Effect.flatMap(early(input), (request) =>
              Effect.flatMap(pass, (first) =>
                Effect.flatMap(send(request, first), (response) =>
                  response.status === 401
                    ? recover(request, first.token, response)
                    : Effect.succeed(response),
                ),
              ),
            )
          : Effect.fail(
              new HttpClientError.HttpClientError({
                reason: new HttpClientError.EncodeError({
                  request: input,
                  description: `${options.provider} adds the ${authorization.header} header itself; remove yours`,
                }),
              }),
            ),
      ),
    Effect.succeed,
  );
};

/**
 * Gives a client the errors of any `HttpClient`, for generated clients. A transient `TokenError` becomes
 * a `TransportError`, which `HttpClient.retryTransient` repeats; any other becomes an `EncodeError`.
 */
export const plain = (signed: Signed): HttpClient.HttpClient =>
  HttpClient.makeWith(
    (effect: Effect.Effect<HttpClientRequest.HttpClientRequest>) =>
      Effect.flatMap(effect, (request) =>
        Effect.mapError(signed.execute(request), (error) => {
          if (error._tag !== "TokenError") return error;
          const fields = { request, cause: error, description: error.message };
          return new HttpClientError.HttpClientError({
            reason: error.isTransient
              ? new HttpClientError.TransportError(fields)
              : new HttpClientError.EncodeError(fields),
          });
        }),
      ),
    Effect.succeed,
  );

/** Returns the response with the request as it was before it got the token, which a log of it would show. */
const unsigned = (
  request: HttpClientRequest.HttpClientRequest,
  response: HttpClientResponse.HttpClientResponse,
): HttpClientResponse.HttpClientResponse => {
  const toJSON = () => Object.assign({}, response.toJSON(), { request: request.toJSON() });
  const value: HttpClientResponse.HttpClientResponse = Object.create(response, {
    request: { value: request },
    toJSON: { value: toJSON },
    [Inspectable.NodeInspectSymbol]: { value: toJSON },
  });
  return value;
};

const isAbsolute = /^[a-z][a-z0-9+.-]*:/i;

const isReplayable = ({ body }: HttpClientRequest.HttpClientRequest): boolean =>
  body._tag === "Empty" ||
  body._tag === "Uint8Array" ||
  (body._tag === "Raw" && (typeof body.body === "string" || body.body instanceof Uint8Array));

/** Frees the connection: reads a short body to its end and gives up a long or slow one. */
const discard = (response: HttpClientResponse.HttpClientResponse): Effect.Effect<void> =>
  response.stream.pipe(
    Stream.take(16),
    Stream.runDrain,
    Effect.timeoutOption("1 second"),
    Effect.ignore,
  );
