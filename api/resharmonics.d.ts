// Resharmonics

import * as Options from "@x/core/Options";
import * as Provider from "@x/core/Provider";
declare const Resharmonics_base: Provider.ServiceClass<Resharmonics, "@x/resharmonics/Resharmonics", {
    readonly options: {
        /** The client id of Res:Harmonics' API support. */
        clientId: Options.Text;
        clientSecret: Options.Secret;
        /** Where the secret goes: into the body, or form-encoded into HTTP Basic (RFC 6749 §2.3.1). */
        clientAuth: Options.Defaulted<Options.OneOf<readonly ["client_secret_post", "client_secret_basic"]>>;
    };
    readonly environment: "production" | "test";
    readonly requires: import("effect/http/HttpClient").HttpClient;
    readonly extra: {};
    readonly keys: {};
    readonly operations: {};
}>;
/**
 * Res:Harmonics' tokens and API.
 *
 * @example
 * const ResharmonicsLive = Resharmonics.layer({ environment: "production", clientId, clientSecret }).pipe(
 *   Layer.provide(NodeHttpClient.layerUndici)
 * )
 *
 * @since 0.1.0
 */
export declare class Resharmonics extends Resharmonics_base {
}
export {};

// index

export * from "@x/core/names";
export * from "./Resharmonics.ts";

// testing

import * as Emulator from "@x/testing/Emulator";
import * as Context from "effect/Context";
import * as Layer from "effect/Layer";
import { Resharmonics } from "./Resharmonics.ts";
/**
 * Options of the emulator.
 *
 * @since 0.1.0
 */
export interface Options extends Emulator.LayerOptions {
}
declare const ResharmonicsEmulator_base: Context.ServiceClass<ResharmonicsEmulator, "@x/resharmonics/testing/ResharmonicsEmulator", Emulator.Emulator & {
    /** Options for `Resharmonics.layer`. */
    readonly options: Emulator.OptionsOf<typeof Resharmonics>;
}>;
/**
 * A running Res:Harmonics with one registered client.
 *
 * @since 0.1.0
 */
export declare class ResharmonicsEmulator extends ResharmonicsEmulator_base {
}
/**
 * Starts Res:Harmonics on 127.0.0.1 with new credentials; tokens live one hour by default.
 *
 * @since 0.1.0
 */
export declare const layer: (options?: Options) => Layer.Layer<ResharmonicsEmulator>;
export {};
