// Raidiam

import * as Options from "@x/core/Options";
import * as Provider from "@x/core/Provider";
declare const Raidiam_base: Provider.ServiceClass<Raidiam, "@x/raidiam/Raidiam", {
    readonly options: {
        issuer: Options.Optional<Options.Url>;
        endpointHosts: Options.Optional<Options.List>;
        issuerIsMutualTlsHost: Options.Flag;
        revokeOnClose: Options.Flag;
        clientId: Options.Text;
        scope: Options.Text;
        clientAuth: Options.ClientAuthOption<import("@x/core/MutualTls").MutualTls>;
    };
    readonly environment: "production" | "sandbox";
    readonly requires: Options.Chosen;
    readonly extra: {};
    readonly keys: {};
    readonly operations: import("@x/core/TokenStatus").TokenManagement;
}>;
/**
 * Raidiam Connect's tokens and API, with `introspect` (RFC 7662) and `revoke` (RFC 7009).
 *
 * @example
 * const RaidiamLive = Raidiam.layer({ environment: "sandbox", clientId, scope, clientAuth: ClientAuth.tlsClientAuth })
 *   .pipe(Layer.provide(NodeMutualTls.layerPem({ certificate: { file: "transport.pem" }, privateKey: { file: "transport.key" } })))
 *
 * @since 0.1.0
 */
export declare class Raidiam extends Raidiam_base {
}
export {};

// index

export * from "@x/core/names";
export * from "./Raidiam.ts";

// testing

/**
 * An emulated Raidiam Connect for tests: oidc-provider behind a plain and a mutual-TLS listener.
 *
 * It follows the vendor's page "Client Credentials Flow". oidc-provider uses the machine's
 * clock, even under a `TestClock`. Install `oidc-provider` beside `@x/testing`.
 *
 * ```ts
 * import * as RaidiamEmulator from "@x/raidiam/testing"
 * ```
 *
 * @since 0.1.0
 */
import * as ClientAuth from "@x/core/ClientAuth";
import type * as MutualTls from "@x/core/MutualTls";
import * as Certificates from "@x/testing/Certificates";
import * as Emulator from "@x/testing/Emulator";
import type * as ReceivedRequest from "@x/testing/ReceivedRequest";
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as AssertionKey from "./internal/assertionKey.ts";
import type { Raidiam } from "./Raidiam.ts";
export type { AssertionAlgorithm } from "./internal/assertionKey.ts";
/**
 * Options of the emulator.
 *
 * Token lifetimes are whole seconds, at least one.
 *
 * @since 0.1.0
 */
export interface Options extends Emulator.LayerOptions {
    /** Algorithm of the `private_key_jwt` clients; default `"PS256"`. */
    readonly assertionAlgorithm?: AssertionKey.AssertionAlgorithm | undefined;
}
/**
 * A registered client that authenticates with an assertion (RFC 7523 §2.2).
 *
 * @since 0.1.0
 */
export interface AssertionClient {
    /** Options for `Raidiam.layer`; add a `clientAuth` made from the key. */
    readonly options: Omit<Emulator.OptionsOf<typeof Raidiam>, "clientAuth"> & {
        readonly issuer: string;
    };
    readonly algorithm: AssertionKey.AssertionAlgorithm;
    readonly keyId: string;
    /** PKCS#8 PEM. */
    readonly privateKey: string;
    /** The private key as a JWK with `kid` and `alg`. */
    readonly privateKeyJwk: Readonly<Record<string, unknown>>;
}
declare const RaidiamEmulator_base: Context.ServiceClass<RaidiamEmulator, "@x/raidiam/testing/RaidiamEmulator", Emulator.Emulator & {
    readonly issuer: string;
    /** Token endpoint of the plain listener, which asks for no certificate. */
    readonly plainTokenUrl: string;
    /** API on the plain listener; it accepts only unbound tokens. */
    readonly plainApiUrl: string;
    readonly discoveryRequests: Effect.Effect<ReadonlyArray<ReceivedRequest.ReceivedRequest>>;
    readonly discoveryRequestCount: Effect.Effect<number>;
    /** Issues more certificates. */
    readonly authority: Certificates.Authority;
    /** Certificate of the `tls_client_auth` client; others with the same subject belong to it too. */
    readonly clientCertificate: Certificates.Certificate;
    /** Options for `Raidiam.layer` with `tls_client_auth`; tokens are bound to the certificate. */
    readonly options: AssertionClient["options"] & {
        readonly clientAuth: ClientAuth.Method<MutualTls.MutualTls>;
    };
    /** A `private_key_jwt` client with unbound tokens. */
    readonly assertionClient: AssertionClient;
    /** A `private_key_jwt` client with tokens bound to the certificate of the token request. */
    readonly boundAssertionClient: AssertionClient;
}>;
/**
 * A running Raidiam Connect with three registered clients.
 *
 * `tokenUrl` and `apiUrl` belong to the mutual-TLS listener. Counts cover both listeners.
 *
 * @since 0.1.0
 */
export declare class RaidiamEmulator extends RaidiamEmulator_base {
}
/**
 * Starts Raidiam Connect on 127.0.0.1 with new credentials; tokens live 10 minutes by default.
 *
 * @since 0.1.0
 */
export declare const layer: (options?: Options) => Layer.Layer<RaidiamEmulator>;

// internal/assertionKey

import * as Effect from "effect/Effect";
import type { JWK } from "oidc-provider";
/**
 * Algorithms of client assertions.
 *
 * @since 0.1.0
 */
export type AssertionAlgorithm = "PS256" | "RS256" | "ES256" | "EdDSA";
/** A key pair in the forms that the client and the server need. */
export interface AssertionKey {
    readonly client: {
        readonly algorithm: AssertionAlgorithm;
        readonly keyId: string;
        readonly privateKey: string;
        readonly privateKeyJwk: Readonly<Record<string, unknown>>;
    };
    readonly publicKeyJwk: JWK;
}
/** Generates a key that signs client assertions with the algorithm. */
export declare const generate: (algorithm: AssertionAlgorithm) => Effect.Effect<AssertionKey>;
