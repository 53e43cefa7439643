/**
 * RegEd: client credentials over mutual TLS, an audience and a scope, and no `Authorization` header.
 *
 * Follows the vendor's page "API Authentication".
 * @since 0.1.0
 */
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
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
  /** Binds tokens to the certificate and makes the API demand it (RFC 8705 §3); default false. */
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
    /** For `Reged.layer`. */
    readonly options: {
      readonly environment: "uat";
      readonly tokenUrl: string;
      readonly apiUrl: string;
      readonly clientId: string;
      readonly audience: string;
      readonly scope: string;
    };
    /** The registered certificate. */
    readonly clientCertificate: Certificates.Certificate;
    /** Issues further certificates; one with the same common name is the registered client's too. */
    readonly authority: Certificates.Authority;
  }
>()("@x/testing/RegedEmulator") {}

/**
 * Starts RegEd on loopback with fresh credentials; tokens live an hour unless told otherwise.
 *
 * @since 0.1.0
 */
export const layer = (options: Options = {}): Layer.Layer<RegedEmulator> =>
  Layer.effect(
    RegedEmulator,
    Effect.gen(function* () {
      const clientId = `reged-${Crypto.randomBytes(12).toString("hex")}`;
      const audience = `https://rapi.reged.example/${Crypto.randomUUID()}`;
      const scope = "rapi.read rapi.write";
      const authority = yield* Certificates.makeAuthority("RegEd emulator");
      const clientCertificate = yield* Certificates.issueClient(authority, {
        commonName: clientId,
      });
      const emulator = yield* Emulator.make({
        authority,
        tokenPath: "/oauth/token",
        apiPath: "",
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
      return {
        ...emulator,
        options: {
          environment: "uat",
          tokenUrl: emulator.tokenUrl,
          apiUrl: emulator.apiUrl,
          clientId,
          audience,
          scope,
        },
        clientCertificate,
        authority,
      };
    }),
  );
