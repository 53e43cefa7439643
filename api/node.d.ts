// Input

/**
 * How certificates, keys, authorities and passphrases are given: a file, bytes or secret text.
 *
 * @since 0.1.0
 */
import type * as Redacted from "effect/Redacted";
/**
 * Names a file by its path, absolute or relative to the working directory.
 *
 * @since 0.1.0
 */
export interface File {
    readonly file: string;
}
/**
 * Gives a certificate, a key or a PFX: a file, its bytes, or its text as `Redacted`.
 *
 * Text is PEM. For a private key it may be a JWK too, and for a PFX it is base64. A plain string is
 * no input, because it could be a path or contents.
 *
 * @since 0.1.0
 */
export type Input = File | Uint8Array | Redacted.Redacted;
/**
 * Gives a passphrase: text, or a file that holds it.
 *
 * A file's BOM and last line ends do not count. An empty passphrase counts as none.
 *
 * @since 0.1.0
 */
export type Passphrase = File | Redacted.Redacted;

// NodeHttpsClient

/**
 * An `HttpClient` without a client certificate, for private authorities and limited addresses.
 *
 * The layers of `NodeMutualTls` provide the same client beside the certificate. It speaks HTTP/1.1
 * over TLS 1.2 or newer, on at most 64 connections per origin. It connects within 10 s, refuses `http:`,
 * follows no redirect and uses no proxy. It verifies every server, whatever
 * `NODE_TLS_REJECT_UNAUTHORIZED` says.
 *
 * @since 0.1.0
 */
import type * as TokenError from "@x/core/TokenError";
import * as HttpClient from "effect/http/HttpClient";
import * as Layer from "effect/Layer";
import type * as TransportOptions from "./TransportOptions.ts";
/**
 * Provides the client. Its connections end with the layer's scope.
 *
 * Reads the authorities once. Fails with `CertificateUnusable` when one of them cannot be used.
 *
 * @since 0.1.0
 */
export declare const layer: (options?: TransportOptions.TransportOptions) => Layer.Layer<HttpClient.HttpClient, TokenError.TokenError>;
/**
 * Tells whether an IP address is public: in no special-purpose block of IANA (RFC 6890).
 *
 * Refuses loopback, private, link-local (with the metadata services of clouds), shared, multicast and
 * reserved addresses, also inside an IPv6 address.
 *
 * @since 0.1.0
 */
export declare const isPublicAddress: TransportOptions.AllowAddress;

// NodeMutualTls

/**
 * Client certificates on Node: layers that read a PEM pair or a PFX and provide `MutualTls` with it.
 *
 * A replaced certificate is checked like the first one and then used as a whole. It gets TLS sessions
 * and connections of its own, so ask `currentUnsafe` for every request. Requests on the old connections,
 * also those that wait for one, have up to 5 s to finish; the others fail with the code
 * `ERR_CERTIFICATE_REPLACED`. A replacement that cannot be used is logged once, and the present
 * certificate stays.
 *
 * Each layer also provides the plain `HttpClient` of `NodeHttpsClient`, which trusts the same
 * authorities and never shows the certificate.
 *
 * @since 0.1.0
 */
import * as MutualTls from "@x/core/MutualTls";
import * as TokenError from "@x/core/TokenError";
import type * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as HttpClient from "effect/http/HttpClient";
import * as Layer from "effect/Layer";
import * as Schedule from "effect/Schedule";
import type * as Scope from "effect/Scope";
import * as Stream from "effect/Stream";
import type { PemContents, PfxContents } from "./internal/contents.ts";
import type * as TransportOptions from "./TransportOptions.ts";
export type { PemContents, PfxContents } from "./internal/contents.ts";
/**
 * Configures every layer of this module.
 *
 * @since 0.1.0
 */
export interface Options extends TransportOptions.TransportOptions {
    /**
     * Names the certificate in logs and in the gauge `client_certificate_expires_in_seconds`.
     *
     * @default "client"
     */
    readonly name?: string | undefined;
}
/**
 * Configures how the layers of files find replaced files.
 *
 * @since 0.1.0
 */
export interface WatchOptions {
    /**
     * Looks for replaced files and takes the certificate from them.
     *
     * @default true
     */
    readonly watch?: boolean | undefined;
    /**
     * Sets the time between two looks at the files.
     *
     * @default "2 seconds"
     */
    readonly pollInterval?: Duration.Input | undefined;
}
/**
 * Configures `layerPem`.
 *
 * @since 0.1.0
 */
export interface PemOptions extends Options, WatchOptions, PemContents {
}
/**
 * Configures `layerPfx`.
 *
 * @since 0.1.0
 */
export interface PfxOptions extends Options, WatchOptions, PfxContents {
}
/**
 * Configures when `layerEffect` loads again.
 *
 * @since 0.1.0
 */
export interface RefreshOptions<R = never> extends Options {
    /**
     * Sets the delays between loads.
     *
     * @default Schedule.spaced("5 minutes")
     */
    readonly refresh?: Schedule.Schedule<unknown, unknown, never, R> | undefined;
    /** Loads for each element too. Give `SubscriptionRef.changes`, for example. */
    readonly changes?: Stream.Stream<unknown, never, R> | undefined;
}
type Provided = MutualTls.MutualTls | HttpClient.HttpClient;
/**
 * Provides the certificate of a PEM pair, also when its files are replaced.
 *
 * Fails with `CertificateUnusable` when the pair cannot be used, before anything is sent.
 *
 * @since 0.1.0
 */
export declare const layerPem: (options: PemOptions) => Layer.Layer<Provided, TokenError.TokenError>;
/**
 * Provides the certificate of a PFX, also when its file is replaced.
 *
 * Fails with `CertificateUnusable` when the PFX cannot be used, before anything is sent. Node trusts the
 * authorities inside the PFX for servers too, in the client that shows the certificate. Export the PFX
 * without them, or use `layerPem`, to prevent this.
 *
 * @since 0.1.0
 */
export declare const layerPfx: (options: PfxOptions) => Layer.Layer<Provided, TokenError.TokenError>;
/**
 * Provides the certificate that an effect loads, such as from a secret manager, now and later.
 *
 * Fails as the first load does, or with `CertificateUnusable`. A later load that fails is logged by the
 * name of its error only, and the present certificate stays. Loads run one at a time: give them a
 * time-out.
 *
 * @example
 * NodeMutualTls.layerEffect(
 *   Effect.map(vault.read("pki/acme"), ({ certificate, privateKey }) => ({
 *     certificate: Redacted.make(certificate),
 *     privateKey: Redacted.make(privateKey),
 *   })),
 *   { refresh: Schedule.spaced("10 minutes") },
 * )
 *
 * @since 0.1.0
 */
export declare const layerEffect: <E, R, R2 = never>(load: Effect.Effect<PemContents | PfxContents, E, R>, options?: RefreshOptions<R2>) => Layer.Layer<Provided, E | TokenError.TokenError, Exclude<R, Scope.Scope> | R2>;
/**
 * Provides the certificate that the configuration names, also when its files are replaced.
 *
 * Reads paths from `<prefix>_CERTIFICATE` and `<prefix>_PRIVATE_KEY`, or from `<prefix>_PFX`. Optional
 * are `<prefix>_PASSPHRASE` or `<prefix>_PASSPHRASE_FILE` (a path), and
 * `<prefix>_CERTIFICATE_AUTHORITIES` (paths with commas between them). An empty value counts as absent.
 * The default name is the prefix.
 *
 * Fails with `OptionInvalid` when keys are missing, contradict each other, or hold contents in place of
 * a path. The error names every such key.
 *
 * @since 0.1.0
 */
export declare const layerConfig: (prefix: string, options?: Options & WatchOptions) => Layer.Layer<Provided, TokenError.TokenError>;
/**
 * Provides one vendor's layer with a certificate and a plain client of its own.
 *
 * Use it where two vendors ask for different certificates: `MutualTls` is one service, so the last of
 * two merged layers would serve both vendors. Nothing in the vendor's layer is shared with other layers.
 *
 * @example
 * const VendorsLive = Layer.merge(
 *   NodeMutualTls.provide(RegedLive, { pfx: { file: "reged.pfx" }, passphrase }),
 *   NodeMutualTls.provide(RaidiamLive, {
 *     certificate: { file: "transport.pem" },
 *     privateKey: { file: "transport.key" },
 *   }),
 * )
 *
 * @since 0.1.0
 */
export declare const provide: <A, E, R>(layerOfVendor: Layer.Layer<A, E, R>, options: PemOptions | PfxOptions) => Layer.Layer<A, E | TokenError.TokenError, Exclude<R, Provided>>;

// NodePrivateKey

/**
 * Signing keys for `private_key_jwt` from files, in any form and encrypted or not.
 *
 * @since 0.1.0
 */
import type * as Secret from "@x/core/Secret";
import type * as Input from "./Input.ts";
/**
 * Makes a secret from a private key and hands it out as PKCS#8 PEM.
 *
 * The key is PEM (PKCS#8, PKCS#1 or SEC1), DER or a JWK, encrypted or not. Each use reads the files
 * again if they have changed. Fails with `CredentialUnavailable` when a file is missing or unreadable,
 * holds no signing key, or the passphrase does not open it. An RSA key has to be an rsaEncryption key,
 * also for `PS256`: WebCrypto does not read id-RSASSA-PSS.
 *
 * @example
 * const key = NodePrivateKey.make({ key: { file: "signing.key" }, passphrase })
 *
 * @since 0.1.0
 */
export declare const make: (options: {
    readonly key: Input.Input;
    readonly passphrase?: Input.Passphrase | undefined;
}) => Secret.Secret;

// NodeSecret

/**
 * Secrets from files, such as those that Kubernetes mounts. A replaced file needs no restart.
 *
 * @since 0.1.0
 */
import * as Secret from "@x/core/Secret";
/**
 * Makes a secret from a text file. Each use reads the file again if it has changed.
 *
 * A BOM at the start and line ends at the end are not part of the secret. Fails with
 * `CredentialUnavailable` when the file is missing, unreadable, empty or not UTF-8.
 *
 * @example
 * const clientSecret = NodeSecret.file("/run/secrets/acme-client-secret")
 *
 * @since 0.1.0
 */
export declare const file: (path: string) => Secret.Secret;

// TransportOptions

/**
 * What every client of this package takes: whom it trusts and where it connects to.
 *
 * @since 0.1.0
 */
import type * as Input from "./Input.ts";
/**
 * Tells whether a socket may connect to an IP address. A function that throws allows nothing.
 *
 * It is asked about each address that a host name resolves to, at every connection, and about an
 * address that stands in a URL.
 *
 * @since 0.1.0
 */
export type AllowAddress = (address: string) => boolean;
/**
 * Configures the connections of a client: `NodeHttpsClient.layer` and all layers of `NodeMutualTls`.
 *
 * @since 0.1.0
 */
export interface TransportOptions {
    /**
     * Adds certificates of private authorities, in PEM or DER, to the roots that Node trusts.
     *
     * Node's roots include the system's with `--use-system-ca`. With `--use-openssl-ca` Node cannot list
     * OpenSSL's store, so these certificates replace it.
     */
    readonly certificateAuthorities?: ReadonlyArray<Input.Input> | undefined;
    /**
     * Limits the addresses that sockets connect to; default: every address. Give
     * `NodeHttpsClient.isPublicAddress` where a caller names the host or the issuer.
     */
    readonly allowAddress?: AllowAddress | undefined;
}

// index

export * as Input from "./Input.ts";
export * as NodeHttpsClient from "./NodeHttpsClient.ts";
export * as NodeMutualTls from "./NodeMutualTls.ts";
export * as NodePrivateKey from "./NodePrivateKey.ts";
export * as NodeSecret from "./NodeSecret.ts";
export * as TransportOptions from "./TransportOptions.ts";

// internal/contents

/** The contents of a certificate. `NodeMutualTls` re-exports these types: the code behind it needs them too. */
import type * as Input from "../Input.ts";
/**
 * Gives a certificate and its private key.
 *
 * @since 0.1.0
 */
export interface PemContents {
    /** PEM: the client's own certificate first, then intermediate certificates if there are any. */
    readonly certificate: Input.Input;
    /** PEM (PKCS#8, PKCS#1 or SEC1), DER or a JWK, encrypted or not; may be the same file. */
    readonly privateKey: Input.Input;
    /** Opens the private key. */
    readonly passphrase?: Input.Passphrase | undefined;
    /** Adds authorities, as `TransportOptions` do. */
    readonly certificateAuthorities?: ReadonlyArray<Input.Input> | undefined;
}
/**
 * Gives a PFX (PKCS#12, RFC 7292) with a certificate and its private key.
 *
 * @since 0.1.0
 */
export interface PfxContents {
    readonly pfx: Input.Input;
    /** Opens the PFX. */
    readonly passphrase?: Input.Passphrase | undefined;
    /** Adds authorities, as `TransportOptions` do. */
    readonly certificateAuthorities?: ReadonlyArray<Input.Input> | undefined;
}
export type Contents = PemContents | PfxContents;
