/**
 * The client certificate as a service (RFC 8705). `@x/node` and others provide it.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as HttpClient from "effect/http/HttpClient";
import * as Layer from "effect/Layer";
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
 * Returns the generation in use, if its certificate is valid now. An expired certificate is found
 * here, because servers hide it behind a closed connection.
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
 * Says what is wrong with a certificate's validity at a time in epoch milliseconds.
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
 * Provides a certificate for tests, which never expires and shows nothing. Requests go to the given
 * client.
 *
 * @since 0.1.0
 */
export const layerTest = (options?: {
  readonly httpClient?: HttpClient.HttpClient | undefined;
  /** @default "test-thumbprint" */
  readonly thumbprint?: string | undefined;
}): Layer.Layer<MutualTls> =>
  Layer.sync(MutualTls, () => {
    const generation: Generation = {
      thumbprint: options?.thumbprint ?? "test-thumbprint",
      notBefore: 0,
      notAfter: 8.64e15,
      source: "test certificate",
      httpClient:
        options?.httpClient ??
        HttpClient.make(() => Effect.die("MutualTls.layerTest was given no httpClient")),
    };
    return { currentUnsafe: () => generation };
  });
