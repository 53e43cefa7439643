/**
 * Client authentication (RFC 6749 §2.3) as a function from request to request.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect";
import * as Base64 from "effect/encoding/Base64";
import * as Redacted from "effect/Redacted";
import * as TokenError from "./TokenError.ts";
import * as TokenRequest from "./TokenRequest.ts";

/**
 * Adds what proves the client's identity to a token request.
 *
 * Runs inside the acquiring effect, once for each attempt, so that an assertion is never sent twice.
 *
 * @since 0.1.0
 */
export interface ClientAuth {
  /** The registered name (RFC 7591 §2), such as `client_secret_basic`; used in telemetry. */
  readonly method: string;
  /**
   * `clockSkew` is by how many milliseconds the server's clock is ahead of ours, as far as we know;
   * only an assertion, which carries times, has a use for it. `tokenUrl` tells where the token
   * endpoint is, for a request to another one; only an assertion for that audience runs it.
   */
  readonly authenticate: (
    request: TokenRequest.TokenRequest,
    clockSkew: number,
    tokenUrl?: Effect.Effect<string, TokenError.Reason>,
  ) => Effect.Effect<TokenRequest.TokenRequest, TokenError.Reason>;
}

/**
 * A client id and its secret.
 *
 * @since 0.1.0
 */
export interface Secret {
  readonly clientId: string;
  readonly clientSecret: Redacted.Redacted;
}

/**
 * HTTP Basic. Two encodings are in use, and they differ as soon as a secret holds `+`, `%`, `/`, a
 * space or a non-ASCII character; take the one that the vendor's page asks for:
 *
 * - `"form"`: both halves are form-encoded first (RFC 6749 §2.3.1 and appendix B);
 * - `"raw"`: plain Base64 of `id:secret` in UTF-8 (RFC 7617). The id cannot contain a colon.
 *
 * Fails with `OptionInvalid` for an id that the encoding cannot carry.
 *
 * @since 0.1.0
 */
export const secretBasic = (
  options: Secret & { readonly encoding: "form" | "raw" },
): Effect.Effect<ClientAuth, TokenError.OptionInvalid> => {
  if (options.encoding === "raw" && options.clientId.includes(":")) {
    return Effect.fail(
      new TokenError.OptionInvalid({
        option: "clientId",
        problem: "contains a colon, which HTTP Basic (RFC 7617) cannot carry",
      }),
    );
  }
  const encode = options.encoding === "form" ? TokenRequest.formEncode : (text: string) => text;
  const header = Redacted.make(
    `Basic ${Base64.encode(`${encode(options.clientId)}:${encode(Redacted.value(options.clientSecret))}`)}`,
  );
  return Effect.succeed({
    method: "client_secret_basic",
    authenticate: (request) =>
      Effect.succeed(TokenRequest.withHeader(request, "authorization", header)),
  });
};

/**
 * Client id and secret as form fields (RFC 6749 §2.3.1).
 *
 * @since 0.1.0
 */
export const secretPost = (options: Secret): Effect.Effect<ClientAuth> =>
  Effect.succeed({
    method: "client_secret_post",
    authenticate: (request) =>
      Effect.succeed(
        TokenRequest.withParams(request, {
          client_id: options.clientId,
          client_secret: options.clientSecret,
        }),
      ),
  });

/**
 * The client id alone (RFC 6749 §3.2.1).
 *
 * @since 0.1.0
 */
export const none = (options: { readonly clientId: string }): Effect.Effect<ClientAuth> =>
  Effect.succeed({
    method: "none",
    authenticate: (request) =>
      Effect.succeed(TokenRequest.withParams(request, { client_id: options.clientId })),
  });
