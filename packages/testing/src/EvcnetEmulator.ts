/**
 * EVC-net (Last Mile Solutions): client credentials behind plain HTTP Basic, with the API on the same host.
 *
 * Follows the vendor's page "Authentication".
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
  /** The vendor lets every account choose; default `"1"`. */
  readonly clientId?: string | undefined;
}

/**
 * A running EVC-net with one account.
 *
 * @since 0.1.0
 */
export class EvcnetEmulator extends Context.Service<
  EvcnetEmulator,
  Emulator.Emulator & {
    /** For `Evcnet.layer`; the secret holds characters on which the two encodings of Basic differ. */
    readonly options: {
      readonly environment: "acceptance";
      readonly tokenUrl: string;
      readonly apiUrl: string;
      readonly clientId: string;
      readonly clientSecret: Redacted.Redacted;
    };
  }
>()("@x/testing/EvcnetEmulator") {}

/**
 * Starts EVC-net on loopback with a fresh API key; tokens live an hour unless told otherwise.
 *
 * `/api/forbidden` answers 403 to every good token, as a call beyond the account's permissions does.
 *
 * @since 0.1.0
 */
export const layer = (options: Options = {}): Layer.Layer<EvcnetEmulator> =>
  Layer.effect(
    EvcnetEmulator,
    Effect.gen(function* () {
      const clientId = options.clientId ?? "1";
      const clientSecret = Redacted.make(`${Crypto.randomBytes(18).toString("base64")}+%/=`);
      const emulator = yield* Emulator.make({
        authority: yield* Certificates.makeAuthority("EVC-net emulator"),
        tokenPath: "/oauth/v2/token",
        apiPath: "",
        apiHost: "shared",
        tokenFormat: "jwt",
        tokenLifetime: options.tokenLifetime ?? "1 hour",
        checks: [
          TokenRequestCheck.basic({ clientId, clientSecret }),
          TokenRequestCheck.grantType("client_credentials"),
        ],
        token: { token_type: "Bearer" },
        refuse: Emulator.bearerChallenge,
        api: (request, path) =>
          path === "/api/forbidden"
            ? HttpServerResponse.jsonUnsafe({ message: "Forbidden" }, { status: 403 })
            : Emulator.echo(request, path),
      });
      return {
        ...emulator,
        options: {
          environment: "acceptance",
          tokenUrl: emulator.tokenUrl,
          apiUrl: emulator.apiUrl,
          clientId,
          clientSecret,
        },
      };
    }),
  );
