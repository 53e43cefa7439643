/**
 * TIGR Registry (Xpansiv, APX): the password grant behind plain HTTP Basic.
 *
 * Follows the vendor's page "Authentication" of the TIGR Registry Client API.
 * @since 0.1.0
 */
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as HttpServerResponse from "effect/http/HttpServerResponse";
import * as Layer from "effect/Layer";
import * as Redacted from "effect/Redacted";
import * as Crypto from "node:crypto";
import * as Certificates from "./Certificates.ts";
import * as Emulator from "./Emulator.ts";
import * as TokenRequestCheck from "./TokenRequestCheck.ts";

/**
 * Options of the layer.
 *
 * @since 0.1.0
 */
export interface Options extends Emulator.LayerOptions {
  /** Demands `username` and `password` (default), or `Username` and `Password` as the page prints them. */
  readonly fieldNames?: "lower-case" | "documented" | undefined;
}

/**
 * A running TIGR with one service user.
 *
 * @since 0.1.0
 */
export class TigrEmulator extends Context.Service<
  TigrEmulator,
  Emulator.Emulator & {
    /** For `Tigr.layer`; the secrets hold characters on which the two encodings of Basic differ. */
    readonly options: {
      readonly environment: "uat";
      readonly tokenUrl: string;
      readonly apiUrl: string;
      readonly clientId: string;
      readonly clientSecret: Redacted.Redacted;
      readonly username: string;
      readonly password: Redacted.Redacted;
      readonly fieldNames: "lower-case" | "documented";
    };
  }
>()("@x/testing/TigrEmulator") {}

/**
 * Starts TIGR on loopback with fresh credentials; tokens live 20 minutes unless told otherwise.
 *
 * @since 0.1.0
 */
export const layer = (options: Options = {}): Layer.Layer<TigrEmulator> =>
  Layer.effect(
    TigrEmulator,
    Effect.gen(function* () {
      const clientId = `tigr-${random()}`;
      const clientSecret = Redacted.make(`${random()}+%2F/ é=`);
      const username = `service-${random()}`;
      const password = Redacted.make(`${random()}&+% ü`);
      const fieldNames = options.fieldNames ?? "lower-case";
      const [usernameField, passwordField] =
        fieldNames === "documented" ? ["Username", "Password"] : ["username", "password"];
      const emulator = yield* Emulator.make({
        authority: yield* Certificates.makeAuthority("TIGR emulator"),
        tokenPath: "/oauth/token",
        apiPath: "/ClientAPI/api",
        apiHost: "own",
        tokenFormat: "jwt",
        tokenLifetime: options.tokenLifetime ?? "20 minutes",
        scope: "access",
        checks: [
          TokenRequestCheck.basic({ clientId, clientSecret }, invalidLogin),
          TokenRequestCheck.grantType("password"),
          TokenRequestCheck.field(usernameField, username, invalidLogin),
          TokenRequestCheck.field(passwordField, password, invalidLogin),
        ],
        token: { token_type: "bearer", scope: "access", grant_type: "password" },
        refuse: () =>
          HttpServerResponse.jsonUnsafe(
            { message: "Authorization has been denied for this request." },
            { status: 401, headers: { "www-authenticate": "Bearer" } },
          ),
        api: (request, path) =>
          path === "/system/ping"
            ? HttpServerResponse.jsonUnsafe({
                status: "OK",
                serverTime: new Date(request.at).toISOString(),
              })
            : Emulator.echo(request, path),
      });
      return {
        ...emulator,
        options: {
          environment: "uat",
          tokenUrl: emulator.tokenUrl,
          apiUrl: emulator.apiUrl,
          clientId,
          clientSecret,
          username,
          password,
          fieldNames,
        },
      };
    }),
  );

const random = () => Crypto.randomBytes(12).toString("hex");

// the page's status table; it promises no RFC 6749 JSON
const invalidLogin = HttpServerResponse.text("Bad Request - Invalid Login ID or Password", {
  status: 401,
});
