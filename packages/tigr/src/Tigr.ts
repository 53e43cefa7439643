/**
 * TIGR, the environmental registry of Xpansiv (formerly APX).
 *
 * | what | value |
 * | --- | --- |
 * | grant | resource owner password credentials (RFC 6749 §4.3): `grant_type`, `username`, `password` |
 * | client authentication | HTTP Basic, plain Base64 of `clientId:clientSecret` (RFC 7617), not form-encoded |
 * | token | a JWT, `token_type` "bearer", `scope` "access", with an extra `grant_type` member |
 * | refused credentials | 401 "Bad Request - Invalid Login ID or Password", not promised to be JSON; a few lock the account |
 *
 * @see https://developer.xpansiv.com/developer-portal/tigr-registry/authentication TIGR Registry, "Authentication"
 * @since 0.1.0
 */
import * as ClientAuth from "@x/core/ClientAuth";
import * as Grant from "@x/core/Grant";
import * as Options from "@x/core/Options";
import * as Provider from "@x/core/Provider";
import * as Effect from "effect/Effect";
import * as HttpClient from "effect/http/HttpClient";

/** Spellings of the two credential fields: RFC 6749's, or the page's. */
const fieldNames = Options.oneOf("lower-case", "documented");
const documented = { username: "Username", password: "Password" };

/**
 * TIGR's tokens and API.
 *
 * @example
 * const TigrLive = Tigr.layer({ environment: "production", clientId, clientSecret, username, password })
 *   .pipe(Layer.provide(NodeHttpClient.layerUndici))
 *
 * @since 0.1.0
 */
export class Tigr extends Provider.Service<Tigr>()("@x/tigr/Tigr", {
  name: "TIGR",
  options: {
    clientId: Options.Text.annotate({ description: "client id" }),
    clientSecret: Options.Secret.annotate({ description: "client secret" }),
    username: Options.Text.annotate({ description: "the Client API service user" }),
    password: Options.Secret.annotate({ description: "the service user's password" }),
    fieldNames: Options.withDefault(fieldNames, "lower-case").annotate({
      description: "`lower-case` or `documented`: `username` or `Username`",
    }),
  },
  environments: {
    production: {
      tokenUrl: "https://apxjwtauthprod.apx.com/oauth/token",
      apiUrl: "https://tigrsregistry.apx.com/ClientAPI/api",
      lifetime: "5 minutes",
    },
    uat: { tokenUrl: "https://apxjwtauthuat.apx.com/oauth/token", lifetime: "5 minutes" },
  },
  grant: ({ fieldNames, ...account }) =>
    Grant.password(fieldNames === "documented" ? { ...account, fields: documented } : account),
  clientAuth: (options) => ClientAuth.secretBasic({ ...options, encoding: "raw" }),
  operations: ({ httpClient }) => ({
    /** `GET system/ping`: succeeds if the API takes our token. */
    ping: Effect.asVoid(HttpClient.filterStatusOk(httpClient).get("/system/ping")),
  }),
}) {}
