/**
 * An emulated Res:Harmonics for tests: client credentials in the body.
 *
 * It follows the vendor's page "Authentication". The API answers like AWS API Gateway.
 *
 * ```ts
 * import * as ResharmonicsEmulator from "@x/resharmonics/testing"
 * ```
 *
 * @since 0.1.0
 */
import * as Certificates from "@x/testing/Certificates";
import * as Emulator from "@x/testing/Emulator";
import * as TokenRequestCheck from "@x/testing/TokenRequestCheck";
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as HttpServerResponse from "effect/http/HttpServerResponse";
import * as Layer from "effect/Layer";
import * as Redacted from "effect/Redacted";
import { Resharmonics } from "./Resharmonics.ts";

const { production } = Resharmonics.definition.environments;

/**
 * Options of the emulator.
 *
 * @since 0.1.0
 */
export interface Options extends Emulator.LayerOptions {}

/**
 * A running Res:Harmonics with one registered client.
 *
 * @since 0.1.0
 */
export class ResharmonicsEmulator extends Context.Service<
  ResharmonicsEmulator,
  Emulator.Emulator & {
    /** Options for `Resharmonics.layer`. */
    readonly options: Emulator.OptionsOf<typeof Resharmonics>;
  }
>()("@x/resharmonics/testing/ResharmonicsEmulator") {}

/**
 * Starts Res:Harmonics on 127.0.0.1 with new credentials; tokens live one hour by default.
 *
 * @since 0.1.0
 */
export const layer = (options: Options = {}): Layer.Layer<ResharmonicsEmulator> =>
  Layer.effect(
    ResharmonicsEmulator,
    Effect.gen(function* () {
      const clientId = yield* Emulator.randomId;
      const clientSecret = Redacted.make(`${yield* Emulator.randomId}&+ =`);
      const emulator = yield* Emulator.make({
        authority: yield* Certificates.makeAuthority("Res:Harmonics emulator"),
        tokenPath: Emulator.pathOf(production.tokenUrl),
        apiPath: Emulator.pathOf(production.apiUrl),
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
      const { apiUrl, tokenUrl } = emulator;
      return {
        ...emulator,
        options: { environment: "production", tokenUrl, apiUrl, clientId, clientSecret },
      };
    }),
  );

const invalidClient = TokenRequestCheck.error("invalid_client", "client authentication failed", {
  status: 401,
});
