/**
 * Client authentication (RFC 6749 §2.3): the connection that a request takes, and the proof that it
 * carries.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect";
import * as Base64 from "effect/encoding/Base64";
import * as HttpClient from "effect/http/HttpClient";
import * as Redacted from "effect/Redacted";
import { formEncode } from "./internal/wire.ts";
import * as MutualTls from "./MutualTls.ts";
import * as Secret from "./Secret.ts";
import * as TokenError from "./TokenError.ts";
import * as TokenRequest from "./TokenRequest.ts";

/**
 * A client to send with, and the certificate that it shows.
 *
 * @since 0.1.0
 */
export interface Connection {
  readonly httpClient: HttpClient.HttpClient;
  /** `x5t#S256` of the certificate (RFC 8705 §3.1); requests that have one go to `mtls_endpoint_aliases`. */
  readonly thumbprint: string | undefined;
  /** Where the certificate comes from, for messages. */
  readonly source?: string | undefined;
}

/**
 * How a client proves itself. Both effects run for each request, so that each takes the certificate
 * of that moment and no assertion is sent twice.
 *
 * @since 0.1.0
 */
export interface ClientAuth<out R = HttpClient.HttpClient> {
  /** The registered name (RFC 7591 §2), such as `client_secret_basic`; used in telemetry. */
  readonly method: string;
  readonly connection: Effect.Effect<Connection, TokenError.Reason, R>;
  readonly authenticate: (
    request: TokenRequest.TokenRequest,
    endpoint: TokenRequest.Endpoint,
  ) => Effect.Effect<TokenRequest.TokenRequest, TokenError.Reason>;
}

/**
 * Client authentication as an option's value: all of it but the client id.
 *
 * @since 0.1.0
 */
export interface Method<out R = HttpClient.HttpClient> {
  /** The registered name (RFC 7591 §2). */
  readonly name: string;
  /** Tells one credential from another without revealing it; a part of the key in a shared store. */
  readonly fingerprint: Effect.Effect<string, TokenError.Reason>;
  readonly of: (client: {
    readonly clientId: string;
  }) => Effect.Effect<ClientAuth<R>, TokenError.Reason>;
}

/**
 * The injected client, which shows no certificate.
 *
 * @since 0.1.0
 */
export const plain: Effect.Effect<Connection, never, HttpClient.HttpClient> = Effect.map(
  HttpClient.HttpClient,
  (httpClient) => ({ httpClient, thumbprint: undefined }),
);

/**
 * The client that shows the certificate. Fails with `CertificateUnusable` when it is not valid now.
 *
 * @since 0.1.0
 */
export const certified: Effect.Effect<
  Connection,
  TokenError.CertificateUnusable,
  MutualTls.MutualTls
> = Effect.flatMap(MutualTls.MutualTls, MutualTls.current);

/**
 * A client id and its secret, which may change while the app runs.
 *
 * @since 0.1.0
 */
export interface SecretOptions {
  readonly clientId: string;
  readonly clientSecret: Redacted.Redacted | Secret.Secret;
}

/**
 * HTTP Basic. Two encodings are in use, and they differ for `+`, `%`, `/`, spaces and non-ASCII
 * characters. Take the encoding that the vendor's page asks for:
 *
 * - `"form"`: both halves are form-encoded first (RFC 6749 §2.3.1 and appendix B);
 * - `"raw"`: plain Base64 of `id:secret` in UTF-8 (RFC 7617). The id cannot contain a colon.
 *
 * Requests fail with `OptionInvalid` for an id that the encoding cannot carry.
 *
 * @since 0.1.0
 */
export const secretBasic = (
  options: SecretOptions & { readonly encoding: "form" | "raw" },
): Effect.Effect<ClientAuth, TokenError.OptionInvalid> => {
  if (options.encoding === "raw" && options.clientId.includes(":")) {
    return Effect.fail(
      TokenError.optionInvalid(
        "clientId",
        "contains a colon, which HTTP Basic (RFC 7617) cannot carry",
      ),
    );
  }
  const encode = options.encoding === "form" ? formEncode : (text: string) => text;
  const secret = Secret.rotating(options.clientSecret, "client");
  return Effect.succeed({
    method: "client_secret_basic",
    connection: plain,
    authenticate: (request) =>
      Effect.map(secret, ({ value, learner }) => {
        const pair = `${encode(options.clientId)}:${encode(Redacted.value(value))}`;
        const header = Redacted.make(`Basic ${Base64.encode(pair)}`);
        return TokenRequest.learning(
          TokenRequest.withHeader(request, "authorization", header),
          learner,
        );
      }),
  });
};

/**
 * Client id and secret as fields of the body (RFC 6749 §2.3.1).
 *
 * @since 0.1.0
 */
export const secretPost = (options: SecretOptions): ClientAuth => {
  const secret = Secret.rotating(options.clientSecret, "client");
  return {
    method: "client_secret_post",
    connection: plain,
    authenticate: (request) =>
      Effect.map(secret, ({ value, learner }) =>
        TokenRequest.learning(
          TokenRequest.withParams(request, { client_id: options.clientId, client_secret: value }),
          learner,
        ),
      ),
  };
};

/**
 * No client authentication, as for grants that prove the client themselves.
 *
 * @since 0.1.0
 */
export const none: ClientAuth = {
  method: "none",
  connection: plain,
  authenticate: (request) => Effect.succeed(request),
};

/**
 * A public client, which says its client id in the body and proves nothing (RFC 6749 §3.2.1).
 *
 * @since 0.1.0
 */
export const publicClient = (options: { readonly clientId: string }): ClientAuth => ({
  ...none,
  authenticate: identify(options),
});

/**
 * The certificate proves the client, and the client id goes into the body (RFC 8705 §2).
 *
 * @since 0.1.0
 */
export const tls = (options: {
  readonly clientId: string;
  /** @default "tls_client_auth" */
  readonly method?: "tls_client_auth" | "self_signed_tls_client_auth" | undefined;
}): ClientAuth<MutualTls.MutualTls> => ({
  method: options.method ?? "tls_client_auth",
  connection: certified,
  authenticate: identify(options),
});

const identify =
  ({ clientId }: { readonly clientId: string }): ClientAuth["authenticate"] =>
  (request) =>
    Effect.succeed(TokenRequest.withParams(request, { client_id: clientId }));

const tlsMethod = (
  name: "tls_client_auth" | "self_signed_tls_client_auth",
): Method<MutualTls.MutualTls> => ({
  name,
  // The certificate's thumbprint is a part of every identity already.
  fingerprint: Effect.succeed(name),
  of: ({ clientId }) => Effect.succeed(tls({ clientId, method: name })),
});

/**
 * A certificate of an authority that the server trusts (RFC 8705 §2.1).
 *
 * @since 0.1.0
 */
export const tlsClientAuth: Method<MutualTls.MutualTls> = tlsMethod("tls_client_auth");

/**
 * A self-signed certificate that the server knows (RFC 8705 §2.2).
 *
 * @since 0.1.0
 */
export const selfSignedTlsClientAuth: Method<MutualTls.MutualTls> = tlsMethod(
  "self_signed_tls_client_auth",
);
