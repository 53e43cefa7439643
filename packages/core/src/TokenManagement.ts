/**
 * What a client may ask about a token it holds: whether it is active (RFC 7662), and that it be
 * revoked (RFC 7009).
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Redacted from "effect/Redacted";
import * as Schema from "effect/Schema";
import type { AccessToken } from "./AccessToken.ts";
import type * as AuthorizationServer from "./AuthorizationServer.ts";
import type * as ClientAuth from "./ClientAuth.ts";
import { exchange } from "./internal/exchange.ts";
import * as json from "./internal/json.ts";
import type * as RefreshPolicy from "./RefreshPolicy.ts";
import * as TokenEndpoint from "./TokenEndpoint.ts";
import * as TokenError from "./TokenError.ts";
import * as TokenResponse from "./TokenResponse.ts";

/**
 * An answer to introspection (RFC 7662 §2.2); times are in epoch seconds, as the RFC has them. Of a
 * token that is not active a server says no more than that.
 *
 * @since 0.1.0
 */
export const Introspection = Schema.Struct({
  active: Schema.Boolean,
  scope: Schema.optionalKey(Schema.String),
  client_id: Schema.optionalKey(Schema.String),
  username: Schema.optionalKey(Schema.String),
  token_type: Schema.optionalKey(Schema.String),
  exp: Schema.optionalKey(Schema.Finite),
  iat: Schema.optionalKey(Schema.Finite),
  nbf: Schema.optionalKey(Schema.Finite),
  sub: Schema.optionalKey(Schema.String),
  aud: Schema.optionalKey(Schema.Union([Schema.String, Schema.Array(Schema.String)])),
  iss: Schema.optionalKey(Schema.String),
  jti: Schema.optionalKey(Schema.String),
  cnf: Schema.optionalKey(Schema.Struct({ "x5t#S256": Schema.optionalKey(Schema.String) })),
});

/**
 * The operations; they go over the client's own authentication, and over mutual TLS to the aliases
 * where token requests do.
 *
 * @since 0.1.0
 */
export interface TokenManagement {
  /** Asks the authorization server about a token (RFC 7662). */
  readonly introspect: (
    token: AccessToken,
  ) => Effect.Effect<typeof Introspection.Type, TokenError.TokenError>;
  /**
   * Revokes a token (RFC 7009) and drops it from memory; succeeds for one that is already invalid.
   */
  readonly revoke: (token: AccessToken) => Effect.Effect<void, TokenError.TokenError>;
}

/**
 * Makes the operations of one provider. Each sends one request, bounded like a token request, in a
 * span of its own, `oauth.introspect` or `oauth.revoke`.
 *
 * @since 0.1.0
 */
export const make = (options: {
  readonly provider: string;
  readonly server: AuthorizationServer.AuthorizationServer;
  readonly clientAuth: ClientAuth.ClientAuth;
  readonly connection: Effect.Effect<TokenEndpoint.Connection, TokenError.Reason>;
  readonly policy: RefreshPolicy.RefreshPolicy;
  readonly clockSkew: TokenEndpoint.ClockSkew;
}): TokenManagement => {
  const send = Effect.fnUntraced(function* (
    name: AuthorizationServer.EndpointName,
    token: AccessToken,
  ) {
    const connection = yield* options.connection;
    const request = yield* Effect.flatMap(options.server.endpoint(name), (url) =>
      options.clientAuth.authenticate(
        {
          url,
          headers: {},
          params: [
            ["token", token.value],
            ["token_type_hint", "access_token"],
          ],
        },
        options.clockSkew.millis,
        options.server.endpoint("token_endpoint"),
      ),
    );
    const answer = yield* Effect.mapError(
      exchange(connection.httpClient, TokenEndpoint.toHttp(request), {
        timeout: options.policy.acquisition.timeout,
        maxBytes: 256 * 1024,
      }),
      (failure) => TokenError.reasonOf(failure, connection.source),
    );
    if (answer.status === 200) return answer;
    return yield* TokenResponse.refusal(answer, request, yield* Clock.currentTimeMillis);
  });
  const named =
    (span: string) =>
    <A>(self: Effect.Effect<A, TokenError.Reason>): Effect.Effect<A, TokenError.TokenError> =>
      self.pipe(
        TokenError.withProvider(options.provider),
        Effect.withSpan(span, {
          kind: "client",
          attributes: {
            "oauth.provider": options.provider,
            "oauth.client_auth_method": options.clientAuth.method,
          },
        }),
      );
  return {
    introspect: (token) =>
      Effect.flatMap(send("introspection_endpoint", token), (answer) => {
        const parsed = json.parse(answer);
        return typeof parsed === "string"
          ? Effect.fail(TokenResponse.unreadable(parsed, answer.status))
          : Effect.mapError(
              decode(parsed),
              (error) =>
                new TokenError.ResponseMalformed({
                  problem: `${json.member(error)} is missing or not what RFC 7662 §2.2 allows`,
                  status: answer.status,
                }),
            );
      }).pipe(named("oauth.introspect")),
    revoke: (token) =>
      Effect.asVoid(send("revocation_endpoint", token)).pipe(named("oauth.revoke")),
  };
};

/**
 * The tokens that a provider was issued and that may still live.
 *
 * @since 0.1.0
 */
export interface Issued {
  readonly note: (token: AccessToken) => Effect.Effect<void>;
  readonly forget: (token: AccessToken) => Effect.Effect<void>;
  /** Revokes those that live, for at most 5 s; a failure is logged. */
  readonly revokeLiving: (revoke: TokenManagement["revoke"]) => Effect.Effect<void>;
}

/**
 * Keeps the newest hundred tokens that are noted until they end, those too that were replaced before.
 *
 * @since 0.1.0
 */
export const issued = (): Issued => {
  const tokens = new Map<string, AccessToken>();
  return {
    note: (token) =>
      Effect.sync(() => {
        tokens.delete(Redacted.value(token.value));
        for (const [value, one] of tokens) {
          if (one.expiresAt > token.issuedAt && tokens.size < 100) break;
          tokens.delete(value);
        }
        tokens.set(Redacted.value(token.value), token);
      }),
    forget: (token) => Effect.sync(() => void tokens.delete(Redacted.value(token.value))),
    revokeLiving: (revoke) =>
      Effect.flatMap(Clock.currentTimeMillis, (now) =>
        Effect.forEach(
          [...tokens.values()].filter(({ expiresAt }) => expiresAt > now),
          (token) =>
            Effect.catch(revoke(token), (error) =>
              Effect.logWarning(`a token was not revoked: ${error.message}`),
            ),
          { concurrency: 10, discard: true },
        ),
      ).pipe(
        Effect.timeoutOrElse({
          duration: "5 seconds",
          orElse: () => Effect.logWarning("tokens were not revoked: no answer in 5 s"),
        }),
      ),
  };
};

const decode = Schema.decodeUnknownEffect(Introspection);
