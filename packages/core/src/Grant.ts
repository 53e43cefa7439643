/**
 * Grants: what a token request says about the right to a token (RFC 6749 §4).
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect";
import type * as Redacted from "effect/Redacted";
import * as assertions from "./internal/assertion.ts";
import * as Jws from "./Jws.ts";
import * as Secret from "./Secret.ts";
import type * as TokenError from "./TokenError.ts";
import * as TokenRequest from "./TokenRequest.ts";

/**
 * A grant as a value.
 *
 * @since 0.1.0
 */
export interface Grant<out R = never> {
  /** The `grant_type`. */
  readonly type: string;
  /** Makes the request without client authentication. Runs for each request, so that nothing in it is stale. */
  readonly request: (
    endpoint: TokenRequest.Endpoint,
  ) => Effect.Effect<TokenRequest.TokenRequest, TokenError.Reason, R>;
  /** Whether a few refusals can lock the account; then the first pause after one is 2 min, not 30 s. */
  readonly mayLockOut: boolean;
}

const make = (
  type: string,
  params: TokenRequest.Params,
  options?: { readonly mayLockOut?: boolean },
): Grant => ({
  type,
  request: ({ url }) => Effect.succeed(TokenRequest.make(url, { grant_type: type, ...params })),
  mayLockOut: options?.mayLockOut === true,
});

/**
 * What a token is for.
 *
 * @since 0.1.0
 */
export interface Target {
  /** Space-separated (RFC 6749 §3.3). */
  readonly scope?: string | undefined;
  readonly audience?: string | undefined;
  /** Absolute URIs of the APIs (RFC 8707 §2). */
  readonly resource?: string | ReadonlyArray<string> | undefined;
}

const target = ({ scope, audience, resource }: Target): TokenRequest.Params => ({
  audience,
  scope,
  resource,
});

/**
 * The client acts for itself (RFC 6749 §4.4).
 *
 * @since 0.1.0
 */
export const clientCredentials = (options: Target = {}): Grant =>
  make("client_credentials", target(options));

/**
 * A user's name and password (RFC 6749 §4.3). Where the vendor leaves a choice take another grant
 * (RFC 9700 §2.4).
 *
 * @since 0.1.0
 */
export const password = (
  options: Target & {
    readonly username: string;
    readonly password: Redacted.Redacted | Secret.Secret;
    /** Names of the two fields, for servers with their own. */
    readonly fields?: { readonly username: string; readonly password: string } | undefined;
  },
): Grant => {
  const { fields = { username: "username", password: "password" } } = options;
  const secret = Secret.rotating(options.password, "grant");
  return {
    type: "password",
    request: ({ url }) =>
      Effect.map(secret, ({ value, learner }) =>
        TokenRequest.learning(
          TokenRequest.make(url, {
            grant_type: "password",
            [fields.username]: options.username,
            [fields.password]: value,
            ...target(options),
          }),
          learner,
        ),
      ),
    mayLockOut: true,
  };
};

/**
 * A signed assertion as the grant (RFC 7523 §2.1).
 *
 * @since 0.1.0
 */
export const jwtBearer = (
  options: Target &
    Jws.Signing & {
      readonly issuer: string;
      readonly subject: string;
      /** @default "token_endpoint" */
      readonly assertionAudience?: string | undefined;
      /** Further claims; they cannot replace `iss`, `sub`, `aud`, `iat`, `exp` and `jti`. */
      readonly claims?: Readonly<Record<string, unknown>> | undefined;
    },
): Effect.Effect<Grant, TokenError.OptionInvalid> =>
  Effect.map(Jws.prepare(options, "grant"), (jws) => {
    const type = "urn:ietf:params:oauth:grant-type:jwt-bearer";
    const serverClock = assertions.serverClock();
    return {
      type,
      request: ({ url, tokenUrl }) =>
        Effect.gen(function* () {
          const clock = yield* serverClock;
          const claims = assertions.claims({
            issuer: options.issuer,
            subject: options.subject,
            audience: options.assertionAudience ?? tokenUrl,
            extra: options.claims,
            now: clock.now,
          });
          const { jws: assertion, learner } = yield* jws.sign(claims);
          return TokenRequest.learning(
            TokenRequest.make(url, { grant_type: type, assertion, ...target(options) }),
            clock.correct,
            learner,
            clock.explain,
          );
        }),
      mayLockOut: false,
    };
  });

/**
 * Another token, exchanged for one of this server (RFC 8693 §2.1).
 *
 * @since 0.1.0
 */
export const tokenExchange = <R = never>(
  options: Target & {
    readonly subjectToken: Effect.Effect<Redacted.Redacted, TokenError.CredentialUnavailable, R>;
    /** Such as `urn:ietf:params:oauth:token-type:jwt`. */
    readonly subjectTokenType: string;
    readonly requestedTokenType?: string | undefined;
  },
): Grant<R> =>
  extension(
    "urn:ietf:params:oauth:grant-type:token-exchange",
    Effect.map(options.subjectToken, (subject_token) => ({
      subject_token,
      subject_token_type: options.subjectTokenType,
      requested_token_type: options.requestedTokenType,
      ...target(options),
    })),
  );

/**
 * Any other grant (RFC 6749 §4.5).
 *
 * @since 0.1.0
 */
export const extension = <R = never>(
  type: string,
  params: TokenRequest.Params | Effect.Effect<TokenRequest.Params, TokenError.Reason, R>,
  options?: {
    readonly body?: "form" | "json" | undefined;
    /** Made anew for each request, such as a correlation id. */
    readonly headers?: (() => Readonly<Record<string, TokenRequest.Value>>) | undefined;
  },
): Grant<R> => ({
  type,
  request: ({ url }) =>
    Effect.map(Effect.isEffect(params) ? params : Effect.succeed(params), (fields) => ({
      ...TokenRequest.make(url, { grant_type: type, ...fields }, options),
      headers: options?.headers?.() ?? {},
    })),
  mayLockOut: false,
});
