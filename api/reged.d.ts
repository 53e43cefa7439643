// Reged

import * as Options from "@x/core/Options";
import * as Provider from "@x/core/Provider";
declare const Reged_base: Provider.ServiceClass<Reged, "@x/reged/Reged", {
    readonly options: {
        clientId: Options.Text;
        audience: Options.Text;
        scope: Options.Text;
        /** For accounts whose tokens are bound to the certificate (RFC 8705 §3): API calls show it too. */
        certificateBoundTokens: Options.Flag;
    };
    readonly environment: "production" | "uat";
    readonly requires: import("@x/core/MutualTls").MutualTls;
    readonly extra: {};
    readonly keys: {};
    readonly operations: {};
}>;
/**
 * RegEd's tokens and API.
 *
 * @example
 * const RegedLive = Reged.layer({ environment: "uat", clientId, audience, scope }).pipe(
 *   Layer.provide(NodeMutualTls.layerPem({ certificate: { file: "client.crt" }, privateKey: { file: "client.key" } }))
 * )
 *
 * @since 0.1.0
 */
export declare class Reged extends Reged_base {
}
export {};

// index

export * from "@x/core/names";
export * from "./Reged.ts";

// testing

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
import * as Context from "effect/Context";
import * as Layer from "effect/Layer";
import { Reged } from "./Reged.ts";
/**
 * Options of the emulator.
 *
 * @since 0.1.0
 */
export interface Options extends Emulator.LayerOptions {
    /** Binds tokens to the certificate, so the API requires it (RFC 8705 §3); default false. */
    readonly demandCertificateAtApi?: boolean | undefined;
}
declare const RegedEmulator_base: Context.ServiceClass<RegedEmulator, "@x/reged/testing/RegedEmulator", Emulator.Emulator & {
    /** Options for `Reged.layer`. */
    readonly options: Emulator.OptionsOf<typeof Reged>;
    /** The certificate of the registered client. */
    readonly clientCertificate: Certificates.Certificate;
    /** Issues more certificates; one with the same common name belongs to the registered client. */
    readonly authority: Certificates.Authority;
}>;
/**
 * A running RegEd with one registered client.
 *
 * @since 0.1.0
 */
export declare class RegedEmulator extends RegedEmulator_base {
}
/**
 * Starts RegEd on 127.0.0.1 with new credentials; tokens live one hour by default.
 *
 * @since 0.1.0
 */
export declare const layer: (options?: Options) => Layer.Layer<RegedEmulator>;
export {};
