/**
 * An emulated TIGR Registry for tests: the password grant with plain HTTP Basic.
 *
 * It follows the page "Authentication" of the TIGR Registry Client API.
 *
 * ```ts
 * import * as TigrEmulator from "@x/tigr/testing"
 * ```
 *
 * @since 0.1.0
 */
import type * as Provider from "@x/core/Provider";
import * as Certificates from "@x/testing/Certificates";
import * as Emulator from "@x/testing/Emulator";
import * as TokenRequestCheck from "@x/testing/TokenRequestCheck";
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as HttpServerResponse from "effect/http/HttpServerResponse";
import * as Layer from "effect/Layer";
import * as Redacted from "effect/Redacted";
import { Tigr } from "./Tigr.ts";

const { production } = Tigr.definition.environments;

/**
 * Options of the emulator.
 *
 * @since 0.1.0
 */
export interface Options extends Emulator.LayerOptions {
  /** Requires `username` and `password` (default), or `Username` and `Password` as on the page. */
  readonly fieldNames?: Provider.OptionsOf<typeof Tigr>["fieldNames"];
}

/**
 * A running TIGR Registry with one service user.
 *
 * @since 0.1.0
 */
export class TigrEmulator extends Context.Service<
  TigrEmulator,
  Emulator.Emulator & {
    /** Options for `Tigr.layer`. The secrets differ between the two encodings of Basic. */
    readonly options: Emulator.OptionsOf<typeof Tigr>;
  }
>()("@x/tigr/testing/TigrEmulator") {}

/**
 * Starts TIGR on 127.0.0.1 with new credentials; tokens live 20 minutes by default.
 *
 * @since 0.1.0
 */
export const layer = (options: Options = {}): Layer.Layer<TigrEmulator> =>
  Layer.effect(
    TigrEmulator,
    Effect.gen(function* () {
      const clientId = `tigr-${yield* Emulator.randomId}`;
      const clientSecret = Redacted.make(`${yield* Emulator.randomId}+%2F/ é=`);
      const username = `service-${yield* Emulator.randomId}`;
      const password = Redacted.make(`${yield* Emulator.randomId}&+% ü`);
      const fieldNames = options.fieldNames ?? "lower-case";
      const [usernameField, passwordField] =
        fieldNames === "documented" ? ["Username", "Password"] : ["username", "password"];
      const emulator = yield* Emulator.make({
        authority: yield* Certificates.makeAuthority("TIGR emulator"),
        tokenPath: Emulator.pathOf(production.tokenUrl),
        apiPath: Emulator.pathOf(production.apiUrl),
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
      const { apiUrl, tokenUrl } = emulator;
      return {
        ...emulator,
        options: {
          environment: "uat",
          tokenUrl,
          apiUrl,
          clientId,
          clientSecret,
          username,
          password,
          fieldNames,
        },
      };
    }),
  );

// text of the page's status table, which promises no JSON of RFC 6749
const invalidLogin = HttpServerResponse.text("Bad Request - Invalid Login ID or Password", {
  status: 401,
});
