/**
 * Res:Harmonics: client credentials in the body, and an API behind AWS API Gateway.
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
 * A running Res:Harmonics with one registered client.
 *
 * @since 0.1.0
 */
export class ResharmonicsEmulator extends Context.Service<
  ResharmonicsEmulator,
  Emulator.Emulator & {
    /** For `Resharmonics.layer`. */
    readonly options: {
      readonly environment: "production";
      readonly tokenUrl: string;
      readonly apiUrl: string;
      readonly clientId: string;
      readonly clientSecret: Redacted.Redacted;
    };
  }
>()("@x/testing/ResharmonicsEmulator") {}

/**
 * Starts Res:Harmonics on loopback with fresh credentials; tokens live an hour unless told otherwise.
 *
 * @since 0.1.0
 */
export const layer = (options: Emulator.LayerOptions = {}): Layer.Layer<ResharmonicsEmulator> =>
  Layer.effect(
    ResharmonicsEmulator,
    Effect.gen(function* () {
      const clientId = Crypto.randomBytes(13).toString("hex");
      const clientSecret = Redacted.make(`${Crypto.randomBytes(18).toString("base64")}&+ =`);
      const emulator = yield* Emulator.make({
        authority: yield* Certificates.makeAuthority("Res:Harmonics emulator"),
        tokenPath: "/oauth2/token",
        apiPath: "",
        apiHost: "own",
        tokenFormat: "jwt",
        tokenLifetime: options.tokenLifetime ?? "1 hour",
        checks: [
          TokenRequestCheck.noAuthorization,
          TokenRequestCheck.field("client_id", clientId, invalidClient),
          TokenRequestCheck.field("client_secret", clientSecret, invalidClient),
          TokenRequestCheck.grantType("client_credentials"),
        ],
        token: { token_type: "Bearer" },
        refuse: (why) =>
          HttpServerResponse.jsonUnsafe(
            {
              message:
                why === "expired" || why === "revoked"
                  ? "The incoming token has expired"
                  : "Unauthorized",
            },
            { status: 401 },
          ),
        api: Emulator.echo,
      });
      return {
        ...emulator,
        options: {
          environment: "production",
          tokenUrl: emulator.tokenUrl,
          apiUrl: emulator.apiUrl,
          clientId,
          clientSecret,
        },
      };
    }),
  );

const invalidClient = TokenRequestCheck.error("invalid_client", "client authentication failed", {
  status: 401,
});
