// Evcnet

import * as Options from "@x/core/Options";
import * as Provider from "@x/core/Provider";
declare const Evcnet_base: Provider.ServiceClass<Evcnet, "@x/evcnet/Evcnet", {
    readonly options: {
        /** Free to choose; `1` unless told otherwise. */
        clientId: Options.Defaulted<Options.Text>;
        /** The API key of the platform (its API Token field). */
        clientSecret: Options.Secret;
    };
    readonly environment: "acceptance" | "production";
    readonly requires: import("effect/http/HttpClient").HttpClient;
    readonly extra: {};
    readonly keys: {};
    readonly operations: {};
}>;
/**
 * EVC-net's tokens and API.
 *
 * @example
 * const EvcnetLive = Evcnet.layer({ environment: "production", clientSecret }).pipe(
 *   Layer.provide(NodeHttpClient.layerUndici)
 * )
 *
 * @since 0.1.0
 */
export declare class Evcnet extends Evcnet_base {
}
export {};

// index

export * from "@x/core/names";
export * from "./Evcnet.ts";

// testing

import * as Emulator from "@x/testing/Emulator";
import * as Context from "effect/Context";
import * as Layer from "effect/Layer";
import { Evcnet } from "./Evcnet.ts";
/**
 * Options of the emulator.
 *
 * @since 0.1.0
 */
export interface Options extends Emulator.LayerOptions {
    /** Client id that the account chose; default `"1"`. */
    readonly clientId?: string | undefined;
}
declare const EvcnetEmulator_base: Context.ServiceClass<EvcnetEmulator, "@x/evcnet/testing/EvcnetEmulator", Emulator.Emulator & {
    /** Options for `Evcnet.layer`. The secret differs between the two encodings of Basic. */
    readonly options: Emulator.OptionsOf<typeof Evcnet> & {
        readonly clientId: string;
    };
}>;
/**
 * A running EVC-net with one account.
 *
 * @since 0.1.0
 */
export declare class EvcnetEmulator extends EvcnetEmulator_base {
}
/**
 * Starts EVC-net on 127.0.0.1 with a new API key; tokens live one hour by default.
 *
 * `/api/forbidden` answers 403 to valid tokens, like a call beyond the account's permissions.
 *
 * @since 0.1.0
 */
export declare const layer: (options?: Options) => Layer.Layer<EvcnetEmulator>;
export {};
