/**
 * Raidiam Connect, the trust framework directory.
 *
 * | what | value |
 * | --- | --- |
 * | grant | client credentials (RFC 6749 §4.4) |
 * | client authentication | `tls_client_auth` (RFC 8705 §2.1) or `private_key_jwt` (RFC 7523 §2.2) |
 * | form fields | `grant_type`, `scope` (such as `directory:software`), `client_id`, and the assertion |
 * | endpoints | discovered; for other deployments than the sandbox give the `issuer` |
 * | mutual TLS | every endpoint at its own `mtls_endpoint_aliases` entry (RFC 8705 §5), never at the plain one |
 * | API | named by the ecosystem: give an `apiUrl` |
 * | token | a JWT of a few minutes, often bound to the certificate (`cnf.x5t#S256`) |
 * | refused credentials | an error of RFC 6749 §5.2 |
 *
 * @see https://docs.connect.raidiam.io/client-credentials-flow-obtain-access-token Raidiam Connect, "Client Credentials Flow"
 * @since 0.1.0
 */
import * as ClientAuth from "@x/core/ClientAuth";
import * as Grant from "@x/core/Grant";
import * as Options from "@x/core/Options";
import * as Provider from "@x/core/Provider";

const methods = {
  tls_client_auth: ClientAuth.tlsClientAuth,
  self_signed_tls_client_auth: ClientAuth.selfSignedTlsClientAuth,
};

/**
 * Raidiam Connect's tokens and API, with `introspect` (RFC 7662) and `revoke` (RFC 7009).
 *
 * @example
 * const RaidiamLive = Raidiam.layer({ environment: "sandbox", clientId, scope, clientAuth: ClientAuth.tlsClientAuth })
 *   .pipe(Layer.provide(NodeMutualTls.layerPem({ certificate: { file: "transport.pem" }, privateKey: { file: "transport.key" } })))
 *
 * @since 0.1.0
 */
export class Raidiam extends Provider.Service<Raidiam>()("@x/raidiam/Raidiam", {
  name: "Raidiam Connect",
  configPrefix: "RAIDIAM",
  options: {
    clientId: Options.Text.annotate({ description: "client id, which may be a URL" }),
    scope: Options.Text.annotate({ description: "space-separated, such as `directory:software`" }),
    clientAuth: Options.clientAuth(methods, { configDefault: "tls_client_auth" }).annotate({
      description: "`tls_client_auth` (default) or `self_signed_tls_client_auth`",
    }),
    ...Options.discovery,
  },
  environments: {
    sandbox: {
      issuer: "https://auth.sandbox.raidiam.io",
      endpointHosts: ["matls-auth.sandbox.raidiam.io"],
      lifetime: "5 minutes",
    },
    production: { lifetime: "5 minutes" },
  },
  grant: ({ scope }) => Grant.clientCredentials({ scope }),
  clientAuth: ({ clientAuth, clientId }) => clientAuth.of({ clientId }),
  api: { certificate: () => true },
  operations: (_, management) => management,
}) {}
