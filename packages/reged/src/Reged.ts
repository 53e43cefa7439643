/**
 * RegEd, compliance and licensing services.
 *
 * | what | value |
 * | --- | --- |
 * | grant | client credentials (RFC 6749 §4.4) |
 * | client authentication | mutual TLS (RFC 8705 §2); `client_id` in the body, no `Authorization` header |
 * | form fields | `grant_type`, `audience`, `scope`, `client_id` |
 * | token | `token_type` "Bearer", 3,600 s in production, 900 s in UAT |
 * | refused credentials | an error of RFC 6749 §5.2 |
 *
 * The API takes the bearer token alone, unless the account's tokens are bound to the certificate.
 *
 * @see https://developer.reged.com/pages/api-authentication RegEd, "API Authentication"
 * @since 0.1.0
 */
import * as ClientAuth from "@x/core/ClientAuth";
import * as Grant from "@x/core/Grant";
import * as Options from "@x/core/Options";
import * as Provider from "@x/core/Provider";

/**
 * RegEd's tokens and API.
 *
 * @example
 * const RegedLive = Reged.layer({ environment: "uat", clientId, audience, scope }).pipe(
 *   Layer.provide(NodeMutualTls.layerPem({ certificate: { file: "client.crt" }, privateKey: { file: "client.key" } }))
 * )
 *
 * @since 0.1.0
 */
export class Reged extends Provider.Service<Reged>()("@x/reged/Reged", {
  name: "RegEd",
  configPrefix: "REGED",
  options: {
    clientId: Options.Text.annotate({ description: "client id of RegEd's Professional Services" }),
    audience: Options.Text.annotate({ description: '"RAPI Audience" on RegEd\'s page' }),
    scope: Options.Text.annotate({ description: '"API Auth Scope" on RegEd\'s page' }),
    /** For accounts whose tokens are bound to the certificate (RFC 8705 §3): API calls show it too. */
    certificateBoundTokens: Options.Flag.annotate({
      description: "API calls show the certificate too (RFC 8705 §3)",
    }),
  },
  environments: {
    production: {
      tokenUrl: "https://mtls.auth.reged.com/oauth/token",
      apiUrl: "https://api.reged.com",
      lifetime: "1 hour",
    },
    uat: {
      tokenUrl: "https://mtls.auth-uat.reged.com/oauth/token",
      apiUrl: "https://uatapi.reged.com",
      lifetime: "15 minutes",
    },
  },
  grant: ({ audience, scope }) => Grant.clientCredentials({ audience, scope }),
  clientAuth: ({ clientId }) => ClientAuth.tls({ clientId }),
  api: { certificate: ({ certificateBoundTokens }) => certificateBoundTokens },
}) {}
