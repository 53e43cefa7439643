/**
 * `private_key_jwt`: client authentication by a signed assertion (RFC 7523 §2.2).
 *
 * @since 0.1.0
 */
import type * as HttpClient from "effect/http/HttpClient";
import * as Effect from "effect/Effect";
import * as ClientAuth from "./ClientAuth.ts";
import * as assertions from "./internal/assertion.ts";
import * as Jws from "./Jws.ts";
import type * as MutualTls from "./MutualTls.ts";
import * as TokenRequest from "./TokenRequest.ts";

/**
 * What an assertion is signed with and for.
 *
 * @since 0.1.0
 */
export interface Options extends Jws.Signing {
  /**
   * Who the assertion is for, whichever endpoint it goes to: the issuer identifier (FAPI 2.0), the
   * token endpoint as older deployments ask, or any other text. Without a configured issuer it is the
   * token endpoint.
   *
   * @default "issuer"
   */
  readonly audience?: "issuer" | "token_endpoint" | (string & {}) | undefined;
  /** Further claims; they cannot replace `iss`, `sub`, `aud`, `iat`, `exp` and `jti`. */
  readonly claims?: Readonly<Record<string, unknown>> | undefined;
}

/**
 * Authenticates with a fresh assertion for each request (RFC 7523 §3).
 *
 * `iss` and `sub` are the client id, `iat` is 5 s back, `exp` is 60 s ahead, and `jti` has 128 random
 * bits. There is no `nbf`, because servers without leeway refuse a clock that is a little ahead. Where
 * the server's `Date` shows that our clock is off by more than 5 s, a refused assertion is made once
 * more with the corrected time.
 *
 * With `certificateBoundTokens` the assertion goes over mutual TLS, so that tokens are bound to the
 * certificate (RFC 8705 §3), and the layer needs `MutualTls`.
 *
 * Layers fail with `OptionInvalid` for a key that cannot sign.
 *
 * @example
 * import * as PrivateKeyJwt from "@x/core/PrivateKeyJwt"
 *
 * const clientAuth = PrivateKeyJwt.make({ key: pem, keyId: "2026-11", algorithm: "PS256" })
 *
 * @since 0.1.0
 */
export const make: {
  (
    options: Options & { readonly certificateBoundTokens: true },
  ): ClientAuth.Method<MutualTls.MutualTls>;
  (options: Options & { readonly certificateBoundTokens?: false | undefined }): ClientAuth.Method;
  (
    options: Options & { readonly certificateBoundTokens?: boolean | undefined },
  ): ClientAuth.Method<MutualTls.MutualTls | HttpClient.HttpClient>;
} = (
  options: Options & { readonly certificateBoundTokens?: boolean | undefined },
): ClientAuth.Method<any> => {
  const ready = Effect.suspend(() => Jws.prepare(options, "client"));
  const isBound = options.certificateBoundTokens === true;
  return {
    name: "private_key_jwt",
    fingerprint: Effect.flatMap(ready, ({ fingerprint }) => fingerprint),
    of: ({ clientId }) =>
      Effect.map(ready, (jws): ClientAuth.ClientAuth<any> => {
        const serverClock = assertions.serverClock();
        return {
          method: "private_key_jwt",
          connection: isBound ? ClientAuth.certified : ClientAuth.plain,
          authenticate: (request, endpoint) =>
            Effect.gen(function* () {
              const clock = yield* serverClock;
              const claims = assertions.claims({
                issuer: clientId,
                subject: clientId,
                audience: audienceOf(options.audience ?? "issuer", endpoint),
                extra: options.claims,
                now: clock.now,
              });
              const { jws: client_assertion, learner } = yield* jws.sign(claims);
              return TokenRequest.learning(
                TokenRequest.withParams(request, {
                  client_id: clientId,
                  client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
                  client_assertion,
                }),
                // The clock before the key: a wrong clock must not use up a new key.
                clock.correct,
                learner,
                clock.explain,
              );
            }),
        };
      }),
  };
};

const audienceOf = (audience: string, endpoint: TokenRequest.Endpoint): string =>
  audience === "issuer"
    ? (endpoint.issuer ?? endpoint.tokenUrl)
    : audience === "token_endpoint"
      ? endpoint.tokenUrl
      : audience;
