/**
 * Raidiam Connect, the trust framework directory.
 *
 * | what | value |
 * | --- | --- |
 * | grant | client credentials (RFC 6749 §4.4) |
 * | client authentication | `tls_client_auth` (RFC 8705 §2.1) or `private_key_jwt` (RFC 7523 §2.2) |
 * | form fields | `grant_type`, `scope` (such as `directory:software`), `client_id`, and the assertion |
 * | endpoints | discovered; sandbox issuer `https://auth.sandbox.raidiam.io`, others: give the `issuer` |
 * | mutual TLS | every endpoint at its own `mtls_endpoint_aliases` entry (RFC 8705 §5), never at the plain one |
 * | API | named by the ecosystem: give an `apiUrl` |
 * | token | a JWT of a few minutes, often bound to the certificate (`cnf.x5t#S256`) |
 * | refused credentials | an error of RFC 6749 §5.2 |
 *
 * With `private_key_jwt` the plain token endpoint serves, unless the tokens are to be bound to a
 * certificate (`certificateBoundTokens`): then the assertion goes over mutual TLS to the alias. The
 * assertion's audience is the issuer (FAPI 2.0), or the token endpoint where an older deployment
 * asks for it. The algorithm is yours to choose, because what discovery advertises is not always
 * what the directory accepts.
 *
 * The service also has `introspect` (RFC 7662) and `revoke` (RFC 7009), each at its own alias where
 * the token request goes to one, and `revokeOnClose` revokes the token when the layer closes.
 *
 * Client ids may be URLs. A server certificate may chain to the framework's own CA: add that CA to
 * the layer of `@x/node`.
 *
 * @see https://docs.connect.raidiam.io/client-credentials-flow-obtain-access-token Raidiam Connect, "Client Credentials Flow"
 * @since 0.1.0
 */
import type * as Definition from "@x/core/Definition";
import * as MutualTls from "@x/core/MutualTls";
import * as PrivateKeyJwt from "@x/core/PrivateKeyJwt";
import * as Provider from "@x/core/Provider";
import type * as TokenManagement from "@x/core/TokenManagement";
import * as Config from "effect/Config";
import * as Schema from "effect/Schema";

/**
 * What the directory shows of an application (software statement).
 *
 * @since 0.1.0
 */
export interface RaidiamOptions
  extends Definition.CommonOptions<"sandbox" | "production">, Definition.DiscoveryOptions {
  readonly clientId: string;
  /** Space-separated, such as `directory:software`. */
  readonly scope: string;
  /** A method of RFC 8705, which asks for `MutualTls`, or a signing key or signer. */
  readonly clientAuth: MutualTls.Method | PrivateKeyJwt.PrivateKeyJwt;
}

/**
 * Raidiam Connect's tokens and API.
 *
 * @example
 * const RaidiamLive = Raidiam.layer({
 *   environment: "sandbox", clientId, scope: "directory:software", clientAuth: "tls_client_auth", apiUrl
 * }).pipe(Layer.provide(NodeMutualTls.layerPem({ certificate: "transport.pem", privateKey: "transport.key" })))
 *
 * @since 0.1.0
 */
export class Raidiam extends Provider.Service<Raidiam>()("@x/raidiam/Raidiam", {
  name: "Raidiam Connect",
  environments: {
    sandbox: {
      issuer: "https://auth.sandbox.raidiam.io",
      endpointHosts: ["matls-auth.sandbox.raidiam.io"],
      lifetime: "5 minutes",
    },
    production: { issuer: undefined, lifetime: "5 minutes" },
  },
  clientCertificate: "byOptions",
  apiShowsCertificate: () => true,
  grant: "client_credentials",
  params: ({ scope }: RaidiamOptions) => ({ scope }),
  clientAuth: ({ clientId, clientAuth }, issuer) =>
    typeof clientAuth === "string"
      ? MutualTls.clientAuth({ clientId, method: clientAuth })
      : PrivateKeyJwt.clientAuth({ clientId, issuer, privateKeyJwt: clientAuth }),
  configPrefix: "RAIDIAM",
  config: {
    clientId: Config.String("RAIDIAM_CLIENT_ID"),
    scope: Config.String("RAIDIAM_SCOPE"),
    clientAuth: Config.Literals(
      ["tls_client_auth", "self_signed_tls_client_auth"],
      "RAIDIAM_CLIENT_AUTH",
    ).pipe(Config.withDefault("tls_client_auth")),
    issuer: Config.String("RAIDIAM_ISSUER").pipe(Config.withDefault(undefined)),
    endpointHosts: Config.Array(Schema.Trim, "RAIDIAM_ENDPOINT_HOSTS").pipe(
      Config.map((hosts) => hosts.filter((host) => host !== "")),
      Config.withDefault(undefined),
    ),
    issuerIsMutualTlsHost: Config.Boolean("RAIDIAM_ISSUER_IS_MUTUAL_TLS_HOST").pipe(
      Config.withDefault(undefined),
    ),
    revokeOnClose: Config.Boolean("RAIDIAM_REVOKE_ON_CLOSE").pipe(Config.withDefault(undefined)),
  },
  operations: (_, management): TokenManagement.TokenManagement => management,
}) {}
