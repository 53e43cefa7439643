/**
 * Res:Harmonics, property management.
 *
 * | what | value |
 * | --- | --- |
 * | grant | client credentials (RFC 6749 §4.4) |
 * | client authentication | `client_id` and `client_secret` in the body (`client_secret_post`) |
 * | form fields | `grant_type`, `client_id`, `client_secret` |
 * | token endpoint | production `https://auth.rerumapp.uk/oauth2/token`; none is published for tests: give a `tokenUrl` |
 * | API | `https://apiv3.rerumapp.uk` |
 * | token | `token_type` "Bearer" |
 * | expired token | the API answers 401 `{"message":"The incoming token has expired"}`, with no RFC 6750 challenge |
 * | refused credentials | an error of RFC 6749 §5.2 |
 *
 * @see https://apidocs.resharmonics.com/auth Res:Harmonics, "Authentication"
 * @since 0.1.0
 */
import * as ClientAuth from "@x/core/ClientAuth";
import type * as Definition from "@x/core/Definition";
import * as Provider from "@x/core/Provider";
import * as Config from "effect/Config";
import type * as Redacted from "effect/Redacted";

/**
 * What Res:Harmonics' API support gives an account.
 *
 * @since 0.1.0
 */
export interface ResharmonicsOptions extends Definition.CommonOptions<"production" | "test"> {
  readonly clientId: string;
  readonly clientSecret: Redacted.Redacted;
  /**
   * Where the secret goes: into the body, or form-encoded into HTTP Basic (RFC 6749 §2.3.1).
   *
   * @default "client_secret_post"
   */
  readonly clientAuth?: "client_secret_post" | "client_secret_basic" | undefined;
}

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
  environments: {
    production: {
      tokenUrl: "https://auth.rerumapp.uk/oauth2/token",
      apiUrl: "https://apiv3.rerumapp.uk",
      lifetime: "5 minutes",
    },
    test: { lifetime: "5 minutes" },
  },
  grant: "client_credentials",
  clientAuth: (options: ResharmonicsOptions) =>
    options.clientAuth === "client_secret_basic"
      ? ClientAuth.secretBasic({ ...options, encoding: "form" })
      : ClientAuth.secretPost(options),
  configPrefix: "RESHARMONICS",
  config: {
    clientId: Config.String("RESHARMONICS_CLIENT_ID"),
    clientSecret: Config.Redacted("RESHARMONICS_CLIENT_SECRET"),
    clientAuth: Config.Literals(
      ["client_secret_post", "client_secret_basic"],
      "RESHARMONICS_CLIENT_AUTH",
    ).pipe(Config.withDefault(undefined)),
  },
}) {}
