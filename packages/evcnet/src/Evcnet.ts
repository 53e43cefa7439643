/**
 * EVC-net, the charge point platform of Last Mile Solutions.
 *
 * | what | value |
 * | --- | --- |
 * | grant | client credentials (RFC 6749 §4.4) |
 * | client authentication | HTTP Basic, plain Base64 of `clientId:clientSecret` (RFC 7617), not form-encoded |
 * | form fields | `grant_type` |
 * | API | on the host of the token endpoint |
 * | token | a JWT, `token_type` "Bearer", 3,600 s |
 * | refused credentials | 401 |
 * | API errors | 401: the token or the credentials; 403: the account's permissions, which no new token changes |
 *
 * @see https://docs.evc-net.com/docs/quick-start-guide EVC-net API documentation
 * @since 0.1.0
 */
import * as ClientAuth from "@x/core/ClientAuth";
import * as Grant from "@x/core/Grant";
import * as Options from "@x/core/Options";
import * as Provider from "@x/core/Provider";

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
  configPrefix: "EVCNET",
  options: {
    /** Free to choose; `1` unless told otherwise. */
    clientId: Options.withDefault(Options.Text, "1").annotate({
      description: "free to choose; `1` unless told otherwise",
    }),
    /** The API key of the platform (its API Token field). */
    clientSecret: Options.Secret.annotate({
      description: "the API key of the platform (its API Token field)",
    }),
  },
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
  grant: () => Grant.clientCredentials(),
  clientAuth: (options) => ClientAuth.secretBasic({ ...options, encoding: "raw" }),
}) {}
