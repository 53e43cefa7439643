/**
 * TIGR, the environmental registry of Xpansiv (formerly APX).
 *
 * | what | value |
 * | --- | --- |
 * | grant | resource owner password credentials (RFC 6749 §4.3) |
 * | client authentication | HTTP Basic, plain Base64 of `clientId:clientSecret` (RFC 7617), not form-encoded |
 * | form fields | `grant_type`, `username`, `password` |
 * | token endpoint | production `https://apxjwtauthprod.apx.com/oauth/token`, UAT `https://apxjwtauthuat.apx.com/oauth/token` |
 * | API | `https://tigrsregistry.apx.com/ClientAPI/api`; none is published for UAT |
 * | token | a JWT, `token_type` "bearer", `scope` "access", with an extra `grant_type` member |
 * | refused credentials | 401 "Bad Request - Invalid Login ID or Password", not promised to be JSON |
 *
 * The page prints the fields `Username` and `Password` with capitals beside a lower-case
 * `grant_type`. RFC 6749 §4.3.2 has lower case, and so does this package unless told otherwise.
 *
 * A refused password is not tried again for two minutes, because accounts are locked after a few
 * wrong ones.
 *
 * @see https://developer.xpansiv.com/developer-portal/tigr-registry/authentication TIGR Registry, "Authentication"
 * @since 0.1.0
 */
import * as ClientAuth from "@x/core/ClientAuth";
import type * as Definition from "@x/core/Definition";
import * as Provider from "@x/core/Provider";
import type * as TokenError from "@x/core/TokenError";
import * as Config from "effect/Config";
import * as Effect from "effect/Effect";
import type * as HttpClientError from "effect/http/HttpClientError";
import * as HttpClientResponse from "effect/http/HttpClientResponse";
import type * as Redacted from "effect/Redacted";

/**
 * What Xpansiv gives an account of the Client API.
 *
 * @since 0.1.0
 */
export interface TigrOptions extends Definition.CommonOptions<"production" | "uat"> {
  readonly clientId: string;
  readonly clientSecret: Redacted.Redacted;
  /** The Client API service user. */
  readonly username: string;
  readonly password: Redacted.Redacted;
  /**
   * Names of the two credential fields: `username` and `password`, or `Username` and `Password` as
   * the page prints them.
   *
   * @default "lower-case"
   */
  readonly fieldNames?: "lower-case" | "documented" | undefined;
}

/**
 * What this vendor has besides `get`, `invalidate`, `peekUnsafe` and `httpClient`.
 *
 * @since 0.1.0
 */
export interface TigrOperations {
  /** `GET system/ping`: succeeds if the API takes our token. The page does not say what the body holds. */
  readonly ping: Effect.Effect<void, HttpClientError.HttpClientError | TokenError.TokenError>;
}

/**
 * TIGR's tokens and API.
 *
 * @example
 * const TigrLive = Tigr.layer({
 *   environment: "production", clientId, clientSecret, username, password
 * }).pipe(Layer.provide(NodeHttpClient.layerUndici))
 *
 * @since 0.1.0
 */
export class Tigr extends Provider.Service<Tigr>()("@x/tigr/Tigr", {
  name: "TIGR",
  environments: {
    production: {
      tokenUrl: "https://apxjwtauthprod.apx.com/oauth/token",
      apiUrl: "https://tigrsregistry.apx.com/ClientAPI/api",
      lifetime: "5 minutes",
    },
    uat: { tokenUrl: "https://apxjwtauthuat.apx.com/oauth/token", lifetime: "5 minutes" },
  },
  grant: "password",
  params: ({ fieldNames, username, password }: TigrOptions) =>
    fieldNames === "documented"
      ? { Username: username, Password: password }
      : { username, password },
  clientAuth: (options) => ClientAuth.secretBasic({ ...options, encoding: "raw" }),
  configPrefix: "TIGR",
  config: {
    clientId: Config.String("TIGR_CLIENT_ID"),
    clientSecret: Config.Redacted("TIGR_CLIENT_SECRET"),
    username: Config.String("TIGR_USERNAME"),
    password: Config.Redacted("TIGR_PASSWORD"),
    fieldNames: Config.Literals(["lower-case", "documented"], "TIGR_FIELD_NAMES").pipe(
      Config.withDefault(undefined),
    ),
  },
  operations: ({ httpClient }): TigrOperations => ({
    ping: httpClient
      .get("/system/ping")
      .pipe(Effect.flatMap(HttpClientResponse.filterStatusOk), Effect.asVoid),
  }),
}) {}
