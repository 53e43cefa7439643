/**
 * RegEd, compliance and licensing services.
 *
 * | what | value |
 * | --- | --- |
 * | grant | client credentials (RFC 6749 §4.4) |
 * | client authentication | mutual TLS (RFC 8705 §2); `client_id` in the body, no `Authorization` header |
 * | form fields | `grant_type`, `audience`, `scope`, `client_id` |
 * | token endpoint | production `https://mtls.auth.reged.com/oauth/token`, UAT `https://mtls.auth-uat.reged.com/oauth/token` |
 * | API | production `https://api.reged.com`, UAT `https://uatapi.reged.com`; takes the bearer token alone |
 * | token | `token_type` "Bearer", 3,600 s in production, 900 s in UAT |
 * | refused credentials | an error of RFC 6749 §5.2 |
 *
 * The certificate comes from a certificate file and a key file, or from one PFX file with a
 * password (`@x/node`). It goes with the token request and to no other host, unless the account's
 * tokens are bound to it.
 *
 * RegEd recommends a cache with a margin of a few minutes. A UAT token lives 15 minutes, so the
 * margin here follows the lifetime: a refresh from half of it, and never a minute before its end.
 *
 * @see https://developer.reged.com/pages/api-authentication RegEd, "API Authentication"
 * @since 0.1.0
 */
import type * as Definition from "@x/core/Definition";
import * as MutualTls from "@x/core/MutualTls";
import * as Provider from "@x/core/Provider";
import * as Config from "effect/Config";

/**
 * What RegEd's Professional Services team gives an account.
 *
 * @since 0.1.0
 */
export interface RegedOptions extends Definition.CommonOptions<"production" | "uat"> {
  readonly clientId: string;
  /** "RAPI Audience" on RegEd's page. */
  readonly audience: string;
  /** "API Auth Scope" on RegEd's page. */
  readonly scope: string;
  /**
   * For accounts whose tokens are bound to the certificate (RFC 8705 §3): API calls show it too.
   *
   * @default false
   */
  readonly certificateBoundTokens?: boolean | undefined;
}

/**
 * RegEd's tokens and API.
 *
 * @example
 * const RegedLive = Reged.layer({ environment: "uat", clientId, audience, scope }).pipe(
 *   Layer.provide(NodeMutualTls.layerPem({ certificate: "client.crt", privateKey: "client.key" }))
 * )
 *
 * @since 0.1.0
 */
export class Reged extends Provider.Service<Reged>()("@x/reged/Reged", {
  name: "RegEd",
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
  clientCertificate: "always",
  apiShowsCertificate: ({ certificateBoundTokens }) => certificateBoundTokens === true,
  grant: "client_credentials",
  params: ({ audience, scope }: RegedOptions) => ({ audience, scope }),
  clientAuth: ({ clientId }) => MutualTls.clientAuth({ clientId }),
  configPrefix: "REGED",
  config: {
    clientId: Config.String("REGED_CLIENT_ID"),
    audience: Config.String("REGED_AUDIENCE"),
    scope: Config.String("REGED_SCOPE"),
    certificateBoundTokens: Config.Boolean("REGED_CERTIFICATE_BOUND_TOKENS").pipe(
      Config.withDefault(undefined),
    ),
  },
}) {}
