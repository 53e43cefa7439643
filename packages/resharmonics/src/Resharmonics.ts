/**
 * Res:Harmonics, property management.
 *
 * | what | value |
 * | --- | --- |
 * | grant | client credentials (RFC 6749 §4.4) |
 * | client authentication | `client_id` and `client_secret` in the body (`client_secret_post`) |
 * | form fields | `grant_type`, `client_id`, `client_secret` |
 * | token endpoint | none is published for tests here: take the `tokenUrl` of the vendor's OpenAPI file |
 * | token | `token_type` "Bearer" |
 * | expired token | the API answers 401 `{"message":"The incoming token has expired"}`, with no RFC 6750 challenge |
 * | refused credentials | an error of RFC 6749 §5.2 |
 *
 * @see https://apidocs.resharmonics.com/auth Res:Harmonics, "Authentication"
 * @since 0.1.0
 */
import * as ClientAuth from "@x/core/ClientAuth";
import * as Grant from "@x/core/Grant";
import * as Options from "@x/core/Options";
import * as Provider from "@x/core/Provider";

/**
 * Res:Harmonics' tokens and API.
 *
 * @example
 * const ResharmonicsLive = Resharmonics.layer({ environment: "production", clientId, clientSecret }).pipe(
 *   Layer.provide(NodeHttpClient.layerUndici)
 * )
 *
 * @since 0.1.0
 */
export class Resharmonics extends Provider.Service<Resharmonics>()("@x/resharmonics/Resharmonics", {
  name: "Res:Harmonics",
  configPrefix: "RESHARMONICS",
  options: {
    /** The client id of Res:Harmonics' API support. */
    clientId: Options.Text.annotate({ description: "client id" }),
    clientSecret: Options.Secret.annotate({ description: "client secret" }),
    /** Where the secret goes: into the body, or form-encoded into HTTP Basic (RFC 6749 §2.3.1). */
    clientAuth: Options.withDefault(
      Options.oneOf("client_secret_post", "client_secret_basic"),
      "client_secret_post",
    ).annotate({ description: "`client_secret_post` or `client_secret_basic`" }),
  },
  environments: {
    production: {
      tokenUrl: "https://auth.rerumapp.uk/oauth2/token",
      apiUrl: "https://apiv3.rerumapp.uk",
      lifetime: "5 minutes",
    },
    test: { apiUrl: "https://apiv3.resharmonics-dev.com", lifetime: "5 minutes" },
  },
  grant: () => Grant.clientCredentials(),
  clientAuth: (options) =>
    options.clientAuth === "client_secret_basic"
      ? ClientAuth.secretBasic({ ...options, encoding: "form" })
      : ClientAuth.secretPost(options),
}) {}
