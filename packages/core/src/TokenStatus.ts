/**
 * What a client may ask about a token it holds: whether it is active (RFC 7662), and that it be
 * revoked (RFC 7009).
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
import type { AccessToken } from "./AccessToken.ts";
import type * as TokenError from "./TokenError.ts";

/**
 * An answer to introspection (RFC 7662 §2.2). Times are in epoch seconds, as the RFC has them. Of a
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

/** @since 0.1.0 */
export type Introspection = typeof Introspection.Type;

/**
 * The operations. They use the client's own authentication, and over mutual TLS the aliases.
 *
 * @since 0.1.0
 */
export interface TokenManagement {
  /** Asks the authorization server about a token (RFC 7662). */
  readonly introspect: (
    token: AccessToken<unknown>,
  ) => Effect.Effect<Introspection, TokenError.TokenError>;
  /** Revokes a token (RFC 7009) and drops it from memory. Succeeds for an invalid token too. */
  readonly revoke: (token: AccessToken<unknown>) => Effect.Effect<void, TokenError.TokenError>;
}
