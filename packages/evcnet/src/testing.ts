/**
 * An emulated EVC-net for tests: client credentials with plain HTTP Basic.
 *
 * It follows the vendor's page "Authentication". The API shares the host of the token endpoint.
 *
 * ```ts
 * import * as EvcnetEmulator from "@x/evcnet/testing"
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
import { Evcnet } from "./Evcnet.ts";

const { acceptance } = Evcnet.definition.environments;

/**
 * Options of the emulator.
 *
 * @since 0.1.0
 */
export interface Options extends Emulator.LayerOptions {
  /** Client id that the account chose; default `"1"`. */
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
    /** Options for `Evcnet.layer`. The secret differs between the two encodings of Basic. */
    readonly options: Emulator.OptionsOf<typeof Evcnet> & { readonly clientId: string };
  }
>()("@x/evcnet/testing/EvcnetEmulator") {}

/**
 * Starts EVC-net on 127.0.0.1 with a new API key; tokens live one hour by default.
 *
 * `/api/forbidden` answers 403 to valid tokens, like a call beyond the account's permissions.
 *
 * @since 0.1.0
 */
export const layer = (options: Options = {}): Layer.Layer<EvcnetEmulator> =>
  Layer.effect(
    EvcnetEmulator,
    Effect.gen(function* () {
      const clientId = options.clientId ?? "1";
      const clientSecret = Redacted.make(`${yield* Emulator.randomId}+%/=`);
      const emulator = yield* Emulator.make({
        authority: yield* Certificates.makeAuthority("EVC-net emulator"),
        tokenPath: Emulator.pathOf(acceptance.tokenUrl),
        apiPath: Emulator.pathOf(acceptance.apiUrl),
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
      const { apiUrl, tokenUrl } = emulator;
      return {
        ...emulator,
        options: { environment: "acceptance", tokenUrl, apiUrl, clientId, clientSecret },
      };
    }),
  );
