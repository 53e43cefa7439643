/**
 * An emulated Raidiam Connect for tests: oidc-provider behind a plain and a mutual-TLS listener.
 *
 * It follows the vendor's page "Client Credentials Flow". oidc-provider uses the machine's
 * clock, even under a `TestClock`. Install `oidc-provider` beside `@x/testing`.
 *
 * ```ts
 * import * as RaidiamEmulator from "@x/raidiam/testing"
 * ```
 *
 * @since 0.1.0
 */
import * as ClientAuth from "@x/core/ClientAuth";
import type * as MutualTls from "@x/core/MutualTls";
import * as Certificates from "@x/testing/Certificates";
import * as Emulator from "@x/testing/Emulator";
import type * as ReceivedRequest from "@x/testing/ReceivedRequest";
import * as RequestLog from "@x/testing/RequestLog";
import * as TlsListener from "@x/testing/TlsListener";
import * as Context from "effect/Context";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as HttpServerResponse from "effect/http/HttpServerResponse";
import * as Layer from "effect/Layer";
import * as Crypto from "node:crypto";
import type { ClientMetadata } from "oidc-provider";
import * as AssertionKey from "./internal/assertionKey.ts";
import * as OidcServer from "./internal/oidcServer.ts";
import type { Raidiam } from "./Raidiam.ts";

export type { AssertionAlgorithm } from "./internal/assertionKey.ts";

/**
 * Options of the emulator.
 *
 * Token lifetimes are whole seconds, at least one.
 *
 * @since 0.1.0
 */
export interface Options extends Emulator.LayerOptions {
  /** Algorithm of the `private_key_jwt` clients; default `"PS256"`. */
  readonly assertionAlgorithm?: AssertionKey.AssertionAlgorithm | undefined;
}

/**
 * A registered client that authenticates with an assertion (RFC 7523 §2.2).
 *
 * @since 0.1.0
 */
export interface AssertionClient {
  /** Options for `Raidiam.layer`; add a `clientAuth` made from the key. */
  readonly options: Omit<Emulator.OptionsOf<typeof Raidiam>, "clientAuth"> & {
    readonly issuer: string;
  };
  readonly algorithm: AssertionKey.AssertionAlgorithm;
  readonly keyId: string;
  /** PKCS#8 PEM. */
  readonly privateKey: string;
  /** The private key as a JWK with `kid` and `alg`. */
  readonly privateKeyJwk: Readonly<Record<string, unknown>>;
}

/**
 * A running Raidiam Connect with three registered clients.
 *
 * `tokenUrl` and `apiUrl` belong to the mutual-TLS listener. Counts cover both listeners.
 *
 * @since 0.1.0
 */
export class RaidiamEmulator extends Context.Service<
  RaidiamEmulator,
  Emulator.Emulator & {
    readonly issuer: string;
    /** Token endpoint of the plain listener, which asks for no certificate. */
    readonly plainTokenUrl: string;
    /** API on the plain listener; it accepts only unbound tokens. */
    readonly plainApiUrl: string;
    readonly discoveryRequests: Effect.Effect<ReadonlyArray<ReceivedRequest.ReceivedRequest>>;
    readonly discoveryRequestCount: Effect.Effect<number>;
    /** Issues more certificates. */
    readonly authority: Certificates.Authority;
    /** Certificate of the `tls_client_auth` client; others with the same subject belong to it too. */
    readonly clientCertificate: Certificates.Certificate;
    /** Options for `Raidiam.layer` with `tls_client_auth`; tokens are bound to the certificate. */
    readonly options: AssertionClient["options"] & {
      readonly clientAuth: ClientAuth.Method<MutualTls.MutualTls>;
    };
    /** A `private_key_jwt` client with unbound tokens. */
    readonly assertionClient: AssertionClient;
    /** A `private_key_jwt` client with tokens bound to the certificate of the token request. */
    readonly boundAssertionClient: AssertionClient;
  }
>()("@x/raidiam/testing/RaidiamEmulator") {}

/**
 * Starts Raidiam Connect on 127.0.0.1 with new credentials; tokens live 10 minutes by default.
 *
 * @since 0.1.0
 */
export const layer = (options: Options = {}): Layer.Layer<RaidiamEmulator> =>
  Layer.effect(
    RaidiamEmulator,
    Effect.gen(function* () {
      const authority = yield* Certificates.makeAuthority("Raidiam emulator");
      const certificate = yield* Certificates.issueServer(authority);
      const open = (requestCertificate: boolean) =>
        TlsListener.open({ authority, server: certificate, requestCertificate });
      const plain = yield* open(false);
      const mutual = yield* open(true);
      const issuer = plain.origin;
      const apiUrl = `${mutual.origin}/api`;
      const plainApiUrl = `${plain.origin}/api`;

      const clientId = relyingParty();
      const clientCertificate = yield* Certificates.issueClient(authority, {
        commonName: Crypto.randomUUID(),
      });
      const algorithm = options.assertionAlgorithm ?? "PS256";
      const unbound = yield* AssertionKey.generate(algorithm);
      const bound = yield* AssertionKey.generate(algorithm);
      const unboundId = relyingParty();
      const boundId = relyingParty();

      let lifetime = Duration.toSeconds(options.tokenLifetime ?? "10 minutes");
      const server = OidcServer.make({
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
          const refusal = server.check(exchange);
          return Effect.succeed(
            refusal === undefined
              ? Emulator.echo(exchange.received, path.slice("/api".length))
              : Emulator.bearerChallenge(refusal),
          );
        }
        if (path === OidcServer.paths.token) tokenLog.record(exchange.received);
        if (path === OidcServer.paths.discovery) discoveryLog.record(exchange.received);
        return Effect.as(server.answer(exchange), HttpServerResponse.empty());
      };
      yield* plain.serve(handle);
      yield* mutual.serve(handle);

      const common = { environment: "sandbox", issuer, scope } as const;
      return {
        tokenUrl: mutual.origin + OidcServer.paths.token,
        apiUrl,
        certificateAuthority: authority.certificate,
        tokenRequests: Effect.sync(tokenLog.newest),
        tokenRequestCount: Effect.sync(tokenLog.count),
        apiRequests: Effect.sync(apiLog.newest),
        apiRequestCount: Effect.sync(apiLog.count),
        discoveryRequests: Effect.sync(discoveryLog.newest),
        discoveryRequestCount: Effect.sync(discoveryLog.count),
        setTokenLifetime: (value) => Effect.sync(() => void (lifetime = Duration.toSeconds(value))),
        revokeTokens: Effect.sync(server.revokeTokens),
        forgetRequests: Effect.sync(() => {
          tokenLog.forget();
          apiLog.forget();
          discoveryLog.forget();
        }),
        issuer,
        plainTokenUrl: plain.origin + OidcServer.paths.token,
        plainApiUrl,
        authority,
        clientCertificate,
        options: { ...common, apiUrl, clientId, clientAuth: ClientAuth.tlsClientAuth },
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

// client ids of real ecosystems are URLs
const relyingParty = () =>
  `https://rp.directory.example/openid_relying_party/${Crypto.randomUUID()}`;

const registration = (clientId: string) =>
  ({
    client_id: clientId,
    grant_types: ["client_credentials"],
    response_types: [],
    redirect_uris: [],
    scope,
  }) satisfies ClientMetadata;

const assertionRegistration = (
  algorithm: AssertionKey.AssertionAlgorithm,
  key: AssertionKey.AssertionKey,
) => ({
  token_endpoint_auth_method: "private_key_jwt" as const,
  token_endpoint_auth_signing_alg: algorithm,
  jwks: { keys: [key.publicKeyJwk] },
});
