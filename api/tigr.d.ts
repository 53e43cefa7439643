// Tigr

import * as Options from "@x/core/Options";
import * as Provider from "@x/core/Provider";
import * as Effect from "effect/Effect";
import * as HttpClient from "effect/http/HttpClient";
declare const Tigr_base: Provider.ServiceClass<Tigr, "@x/tigr/Tigr", {
    readonly options: {
        clientId: Options.Text;
        clientSecret: Options.Secret;
        username: Options.Text;
        password: Options.Secret;
        fieldNames: Options.Defaulted<Options.OneOf<readonly ["lower-case", "documented"]>>;
    };
    readonly environment: "production" | "uat";
    readonly requires: HttpClient.HttpClient;
    readonly extra: {};
    readonly keys: {};
    readonly operations: {
        /** `GET system/ping`: succeeds if the API takes our token. */
        ping: Effect.Effect<void, import("effect/http/HttpClientError").HttpClientError | import("@x/core/TokenError").TokenError, never>;
    };
}>;
/**
 * TIGR's tokens and API.
 *
 * @example
 * const TigrLive = Tigr.layer({ environment: "production", clientId, clientSecret, username, password })
 *   .pipe(Layer.provide(NodeHttpClient.layerUndici))
 *
 * @since 0.1.0
 */
export declare class Tigr extends Tigr_base {
}
export {};

// index

export * from "@x/core/names";
export * from "./Tigr.ts";

// testing

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
import * as Emulator from "@x/testing/Emulator";
import * as Context from "effect/Context";
import * as Layer from "effect/Layer";
import { Tigr } from "./Tigr.ts";
/**
 * Options of the emulator.
 *
 * @since 0.1.0
 */
export interface Options extends Emulator.LayerOptions {
    /** Requires `username` and `password` (default), or `Username` and `Password` as on the page. */
    readonly fieldNames?: Provider.OptionsOf<typeof Tigr>["fieldNames"];
}
declare const TigrEmulator_base: Context.ServiceClass<TigrEmulator, "@x/tigr/testing/TigrEmulator", Emulator.Emulator & {
    /** Options for `Tigr.layer`. The secrets differ between the two encodings of Basic. */
    readonly options: Emulator.OptionsOf<typeof Tigr>;
}>;
/**
 * A running TIGR Registry with one service user.
 *
 * @since 0.1.0
 */
export declare class TigrEmulator extends TigrEmulator_base {
}
/**
 * Starts TIGR on 127.0.0.1 with new credentials; tokens live 20 minutes by default.
 *
 * @since 0.1.0
 */
export declare const layer: (options?: Options) => Layer.Layer<TigrEmulator>;
export {};
