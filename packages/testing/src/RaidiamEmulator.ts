/**
 * Raidiam Connect: the real oidc-provider behind a plain listener and a mutual-TLS one.
 *
 * Follows the vendor's page "Client Credentials Flow". It lives by the machine's clock,
 * as oidc-provider does, even under a `TestClock`.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as HttpServerResponse from "effect/http/HttpServerResponse";
import * as Layer from "effect/Layer";
import type { ClientMetadata } from "oidc-provider";
import * as Certificates from "./Certificates.ts";
import * as Emulator from "./Emulator.ts";
import * as AssertionKey from "./internal/assertionKey.ts";
import * as RaidiamProvider from "./internal/raidiamProvider.ts";
import * as RequestLog from "./internal/requestLog.ts";
import * as TlsListener from "./internal/tlsListener.ts";
import * as ReceivedRequest from "./ReceivedRequest.ts";

/**
 * Options of the layer; lifetimes are whole seconds here, at least one.
 *
 * @since 0.1.0
 */
export interface Options extends Emulator.LayerOptions {
  /** Algorithm that the `private_key_jwt` clients are registered with; default `"PS256"`. */
  readonly assertionAlgorithm?: AssertionAlgorithm | undefined;
}

/**
 * Algorithms of client assertions.
 *
 * @since 0.1.0
 */
export type AssertionAlgorithm = "PS256" | "RS256" | "ES256" | "EdDSA";

/**
 * A registered client that authenticates with an assertion (RFC 7523 §2.2).
 *
 * @since 0.1.0
 */
export interface AssertionClient {
  /** For `Raidiam.layer`, which also wants `clientAuth` made from the key. */
  readonly options: {
    readonly environment: "sandbox";
    readonly issuer: string;
    readonly apiUrl: string;
    readonly clientId: string;
    readonly scope: string;
  };
  readonly algorithm: AssertionAlgorithm;
  readonly keyId: string;
  /** PKCS#8 PEM. */
  readonly privateKey: string;
  /** The private key as a JWK with `kid` and `alg`. */
  readonly privateKeyJwk: Readonly<Record<string, unknown>>;
}

/**
 * A running Raidiam Connect with three registered clients.
 *
 * `tokenUrl` and `apiUrl` are those of the mutual-TLS listener; counts cover both listeners.
 *
 * @since 0.1.0
 */
export class RaidiamEmulator extends Context.Service<
  RaidiamEmulator,
  Emulator.Emulator & {
    readonly issuer: string;
    /** Token endpoint of the listener that asks for no certificate. */
    readonly plainTokenUrl: string;
    /** The API on that listener, of use to unbound tokens only. */
    readonly plainApiUrl: string;
    readonly discoveryRequests: Effect.Effect<ReadonlyArray<ReceivedRequest.ReceivedRequest>>;
    readonly discoveryRequestCount: Effect.Effect<number>;
    /** Issues further certificates. */
    readonly authority: Certificates.Authority;
    /** Of the `tls_client_auth` client; a further one with the same subject is its too. */
    readonly clientCertificate: Certificates.Certificate;
    /** For `Raidiam.layer`: `tls_client_auth`, tokens bound to the certificate. */
    readonly options: AssertionClient["options"] & { readonly clientAuth: "tls_client_auth" };
    /** `private_key_jwt` with unbound tokens. */
    readonly assertionClient: AssertionClient;
    /** `private_key_jwt` with tokens bound to whichever certificate the request shows. */
    readonly boundAssertionClient: AssertionClient;
  }
>()("@x/testing/RaidiamEmulator") {}

/**
 * Starts Raidiam Connect on loopback with fresh credentials; tokens live ten minutes unless told otherwise.
 *
 * @since 0.1.0
 */
export const layer = (options: Options = {}): Layer.Layer<RaidiamEmulator> =>
  Layer.effect(
    RaidiamEmulator,
    Effect.gen(function* () {
      const authority = yield* Certificates.makeAuthority("Raidiam emulator");
      const server = yield* Certificates.issueServer(authority);
      const plain = yield* TlsListener.open({ authority, server, requestCertificate: false });
      const mutual = yield* TlsListener.open({ authority, server, requestCertificate: true });
      const issuer = plain.origin;
      const apiUrl = `${mutual.origin}/api`;
      const plainApiUrl = `${plain.origin}/api`;

      const clientId = relyingParty();
      const clientCertificate = yield* Certificates.issueClient(authority, {
        commonName: crypto.randomUUID(),
      });
      const algorithm = options.assertionAlgorithm ?? "PS256";
      const unbound = yield* AssertionKey.generate(algorithm);
      const bound = yield* AssertionKey.generate(algorithm);
      const unboundId = relyingParty();
      const boundId = relyingParty();

      let lifetime = Duration.toSeconds(options.tokenLifetime ?? "10 minutes");
      const provider = yield* RaidiamProvider.make({
        issuer,
        aliasOrigin: mutual.origin,
        resource: apiUrl,
        scope,
        clients: [
          {
            ...registration(clientId),
            token_endpoint_auth_method: "tls_client_auth",
            tls_client_auth_subject_dn: clientCertificate.subject,
            tls_client_certificate_bound_access_tokens: true,
          },
          { ...registration(unboundId), ...assertionRegistration(algorithm, unbound) },
          {
            ...registration(boundId),
            ...assertionRegistration(algorithm, bound),
            tls_client_certificate_bound_access_tokens: true,
          },
        ],
        tokenLifetime: () => Math.max(1, Math.floor(lifetime)),
      });

      const tokenLog = RequestLog.make();
      const apiLog = RequestLog.make();
      const discoveryLog = RequestLog.make();
      const handle: TlsListener.Handler = (exchange) => {
        const path = exchange.received.path.split("?")[0]!;
        if (path.startsWith("/api/")) {
          apiLog.record(exchange.received);
          return Effect.map(
            provider.check(exchange, ReceivedRequest.header(exchange.received, "authorization")),
            (refusal) =>
              refusal === undefined
                ? Emulator.echo(exchange.received, path.slice("/api".length))
                : Emulator.bearerChallenge(refusal),
          );
        }
        if (path === RaidiamProvider.paths.token) tokenLog.record(exchange.received);
        if (path === RaidiamProvider.paths.discovery) discoveryLog.record(exchange.received);
        return Effect.as(provider.answer(exchange), HttpServerResponse.empty());
      };
      yield* plain.serve(handle);
      yield* mutual.serve(handle);

      const common = { environment: "sandbox", issuer, scope } as const;
      return {
        tokenUrl: mutual.origin + RaidiamProvider.paths.token,
        apiUrl,
        certificateAuthority: authority.certificate,
        tokenRequests: Effect.sync(tokenLog.newest),
        tokenRequestCount: Effect.sync(tokenLog.count),
        apiRequests: Effect.sync(apiLog.newest),
        apiRequestCount: Effect.sync(apiLog.count),
        discoveryRequests: Effect.sync(discoveryLog.newest),
        discoveryRequestCount: Effect.sync(discoveryLog.count),
        setTokenLifetime: (value) => Effect.sync(() => void (lifetime = Duration.toSeconds(value))),
        revokeTokens: Effect.sync(provider.revokeTokens),
        forgetRequests: Effect.sync(() => {
          tokenLog.forget();
          apiLog.forget();
          discoveryLog.forget();
        }),
        issuer,
        plainTokenUrl: plain.origin + RaidiamProvider.paths.token,
        plainApiUrl,
        authority,
        clientCertificate,
        options: { ...common, apiUrl, clientId, clientAuth: "tls_client_auth" },
        assertionClient: {
          ...unbound.client,
          options: { ...common, apiUrl: plainApiUrl, clientId: unboundId },
        },
        boundAssertionClient: {
          ...bound.client,
          options: { ...common, apiUrl, clientId: boundId },
        },
      };
    }),
  );

const scope = "directory:software";

// client ids of live ecosystems are URLs
const relyingParty = () =>
  `https://rp.directory.example/openid_relying_party/${crypto.randomUUID()}`;

const registration = (clientId: string) =>
  ({
    client_id: clientId,
    grant_types: ["client_credentials"],
    response_types: [],
    redirect_uris: [],
    scope,
  }) satisfies ClientMetadata;

const assertionRegistration = (algorithm: AssertionAlgorithm, key: AssertionKey.AssertionKey) => ({
  token_endpoint_auth_method: "private_key_jwt" as const,
  token_endpoint_auth_signing_alg: algorithm,
  jwks: { keys: [key.publicKeyJwk] },
});
