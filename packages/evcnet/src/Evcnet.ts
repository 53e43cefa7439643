/**
 * EVC-net, the charge point platform of Last Mile Solutions.
 *
 * | what | value |
 * | --- | --- |
 * | grant | client credentials (RFC 6749 §4.4) |
 * | client authentication | HTTP Basic, plain Base64 of `clientId:clientSecret` (RFC 7617), not form-encoded |
 * | form fields | `grant_type` |
 * | token endpoint | production `https://evc-net.com/oauth/v2/token`, acceptance `https://accp.evc-net.com/oauth/v2/token` |
 * | API | on the host of the token endpoint |
 * | token | a JWT, `token_type` "Bearer", 3,600 s |
 * | refused credentials | 401 |
 * | API errors | 401: the token or the credentials; 403: the account's permissions, which no new token changes |
 *
 * The client id is free to choose, and `1` unless told otherwise; the secret is the API key of the
 * platform (its API Token field).
 *
 * @see https://docs.evc-net.com/docs/quick-start-guide EVC-net API documentation
 * @since 0.1.0
 */
import * as ClientAuth from "@x/core/ClientAuth";
import type * as Definition from "@x/core/Definition";
import * as Provider from "@x/core/Provider";
import * as Config from "effect/Config";
import type * as Redacted from "effect/Redacted";

/**
 * What the platform's API Token page, or its connectivity team, gives an account.
 *
 * @since 0.1.0
 */
export interface EvcnetOptions extends Definition.CommonOptions<"production" | "acceptance"> {
  /** @default "1" */
  readonly clientId?: string | undefined;
  readonly clientSecret: Redacted.Redacted;
}

/**
 * EVC-net's tokens and API.
 *
 * @example
 * const EvcnetLive = Evcnet.layer({ environment: "production", clientSecret }).pipe(
 *   Layer.provide(NodeHttpClient.layerUndici)
 * )
 *
 * @since 0.1.0
 */
export class Evcnet extends Provider.Service<Evcnet>()("@x/evcnet/Evcnet", {
  name: "EVC-net",
  environments: {
    production: {
      tokenUrl: "https://evc-net.com/oauth/v2/token",
      apiUrl: "https://evc-net.com",
      lifetime: "5 minutes",
    },
    acceptance: {
      tokenUrl: "https://accp.evc-net.com/oauth/v2/token",
      apiUrl: "https://accp.evc-net.com",
      lifetime: "5 minutes",
    },
  },
  grant: "client_credentials",
  clientAuth: ({ clientId = "1", clientSecret }: EvcnetOptions) =>
    ClientAuth.secretBasic({ clientId, clientSecret, encoding: "raw" }),
  configPrefix: "EVCNET",
  config: {
    clientId: Config.String("EVCNET_CLIENT_ID").pipe(Config.withDefault(undefined)),
    clientSecret: Config.Redacted("EVCNET_CLIENT_SECRET"),
  },
}) {}
