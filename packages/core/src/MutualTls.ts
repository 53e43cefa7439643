/**
 * The client certificate as a service (RFC 8705): this module says what there is, `@x/node` and
 * others provide it.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import type * as HttpClient from "effect/http/HttpClient";
import * as ClientAuth from "./ClientAuth.ts";
import type * as PrivateKeyJwt from "./PrivateKeyJwt.ts";
import * as TokenError from "./TokenError.ts";

/**
 * One certificate and the client that shows it. A rotation makes a new generation; a token and the
 * connections that it is used on belong to one.
 *
 * @since 0.1.0
 */
export interface Generation {
  /** `x5t#S256`: base64url of the SHA-256 over the certificate's DER (RFC 8705 §3.1). */
  readonly thumbprint: string;
  /** Epoch milliseconds before which the certificate is not valid. */
  readonly notBefore: number;
  /** Epoch milliseconds after which the certificate is not valid. */
  readonly notAfter: number;
  /** Which option and path the certificate came from, for messages. */
  readonly source: string;
  /** Shows the certificate to every server that asks. */
  readonly httpClient: HttpClient.HttpClient;
}

/**
 * Carries the client certificate.
 *
 * @since 0.1.0
 */
export class MutualTls extends Context.Service<
  MutualTls,
  {
    /** The certificate in use now. */
    readonly currentUnsafe: () => Generation;
  }
>()("@x/core/MutualTls") {}

/**
 * The generation in use, if its certificate is valid now; so an expired certificate is found here
 * and not in a handshake, where servers hide it behind a closed connection.
 *
 * @since 0.1.0
 */
export const current = (
  mutualTls: MutualTls["Service"],
): Effect.Effect<Generation, TokenError.CertificateUnusable> =>
  Effect.clockWith((clock) => {
    const generation = mutualTls.currentUnsafe();
    const problem = validityProblem(generation, clock.currentTimeMillisUnsafe());
    return problem === undefined ? Effect.succeed(generation) : Effect.fail(problem);
  });

/**
 * What is wrong with a certificate's validity at a time, in epoch milliseconds.
 *
 * @since 0.1.0
 */
export const validityProblem = (
  certificate: Pick<Generation, "notBefore" | "notAfter" | "source">,
  now: number,
): TokenError.CertificateUnusable | undefined => {
  if (now > certificate.notAfter) {
    return new TokenError.CertificateUnusable({
      problem: "expired",
      source: certificate.source,
      advice: `it expired on ${new Date(certificate.notAfter).toISOString()}; replace it with a renewed one`,
    });
  }
  if (now < certificate.notBefore) {
    return new TokenError.CertificateUnusable({
      problem: "not-yet-valid",
      source: certificate.source,
      advice: `it is valid only from ${new Date(certificate.notBefore).toISOString()}; check this machine's clock, or use the certificate that is valid now`,
    });
  }
  return undefined;
};

/**
 * `tls_client_auth` or `self_signed_tls_client_auth`: the certificate proves the client, and the
 * client id goes into the body (RFC 8705 §2).
 *
 * @since 0.1.0
 */
export const clientAuth = (options: {
  readonly clientId: string;
  readonly method?: Method;
}): Effect.Effect<ClientAuth.ClientAuth> =>
  Effect.map(ClientAuth.none(options), (none) => ({
    ...none,
    method: options.method ?? "tls_client_auth",
  }));

/**
 * The client authentication methods of RFC 8705 §2.
 *
 * @since 0.1.0
 */
export type Method = "tls_client_auth" | "self_signed_tls_client_auth";

/**
 * `MutualTls` where options ask for a client certificate: a `clientAuth` that may be one of the
 * methods of RFC 8705, or a `PrivateKeyJwt` whose tokens are to be bound to the certificate.
 *
 * @since 0.1.0
 */
export type RequiredBy<Options> = Options extends { readonly clientAuth?: infer Auth }
  ? ShownBy<Auth>
  : never;

type ShownBy<Auth> = Auth extends Method
  ? MutualTls
  : Auth extends PrivateKeyJwt.PrivateKeyJwt<infer Bound>
    ? Bound extends false
      ? never
      : MutualTls
    : never;

/**
 * The same question at run time.
 *
 * @since 0.1.0
 */
export const isRequiredBy = (options: object): boolean => {
  const auth = "clientAuth" in options ? options.clientAuth : undefined;
  return (
    auth === "tls_client_auth" ||
    auth === "self_signed_tls_client_auth" ||
    (typeof auth === "object" &&
      auth !== null &&
      "certificateBoundTokens" in auth &&
      auth.certificateBoundTokens === true)
  );
};
