/**
 * An emulated RegEd for tests: client credentials over mutual TLS, with audience and scope.
 *
 * It follows the vendor's page "API Authentication" and refuses an `Authorization` header.
 *
 * ```ts
 * import * as RegedEmulator from "@x/reged/testing"
 * ```
 *
 * @since 0.1.0
 */
import * as Certificates from "@x/testing/Certificates";
import * as Emulator from "@x/testing/Emulator";
import * as TokenRequestCheck from "@x/testing/TokenRequestCheck";
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import { Reged } from "./Reged.ts";

const { uat } = Reged.definition.environments;

/**
 * Options of the emulator.
 *
 * @since 0.1.0
 */
export interface Options extends Emulator.LayerOptions {
  /** Binds tokens to the certificate, so the API requires it (RFC 8705 §3); default false. */
  readonly demandCertificateAtApi?: boolean | undefined;
}

/**
 * A running RegEd with one registered client.
 *
 * @since 0.1.0
 */
export class RegedEmulator extends Context.Service<
  RegedEmulator,
  Emulator.Emulator & {
    /** Options for `Reged.layer`. */
    readonly options: Emulator.OptionsOf<typeof Reged>;
    /** The certificate of the registered client. */
    readonly clientCertificate: Certificates.Certificate;
    /** Issues more certificates; one with the same common name belongs to the registered client. */
    readonly authority: Certificates.Authority;
  }
>()("@x/reged/testing/RegedEmulator") {}

/**
 * Starts RegEd on 127.0.0.1 with new credentials; tokens live one hour by default.
 *
 * @since 0.1.0
 */
export const layer = (options: Options = {}): Layer.Layer<RegedEmulator> =>
  Layer.effect(
    RegedEmulator,
    Effect.gen(function* () {
      const clientId = `reged-${yield* Emulator.randomId}`;
      const audience = `https://rapi.reged.example/${yield* Emulator.randomId}`;
      const scope = "rapi.read rapi.write";
      const authority = yield* Certificates.makeAuthority("RegEd emulator");
      const clientCertificate = yield* Certificates.issueClient(authority, {
        commonName: clientId,
      });
      const emulator = yield* Emulator.make({
        authority,
        tokenPath: Emulator.pathOf(uat.tokenUrl),
        apiPath: Emulator.pathOf(uat.apiUrl),
        apiHost: "own",
        tokenFormat: "jwt",
        tokenLifetime: options.tokenLifetime ?? "1 hour",
        bindTokens: options.demandCertificateAtApi,
        scope,
        checks: [
          TokenRequestCheck.noAuthorization,
          TokenRequestCheck.clientCertificate(clientId),
          TokenRequestCheck.field(
            "client_id",
            clientId,
            TokenRequestCheck.error("invalid_client", "client_id is not the certificate's", {
              status: 401,
            }),
          ),
          TokenRequestCheck.grantType("client_credentials"),
          TokenRequestCheck.field("audience", audience),
          TokenRequestCheck.field(
            "scope",
            scope,
            TokenRequestCheck.error("invalid_scope", "scope is missing or not granted"),
          ),
        ],
        token: { token_type: "Bearer", scope },
        refuse: Emulator.bearerChallenge,
        api: Emulator.echo,
      });
      const { apiUrl, tokenUrl } = emulator;
      return {
        ...emulator,
        options: { environment: "uat", tokenUrl, apiUrl, clientId, audience, scope },
        clientCertificate,
        authority,
      };
    }),
  );
