/**
 * Client certificates on Node: layers that read a PEM pair or a PFX, check it, and provide
 * `MutualTls` with it and with what replaces it.
 *
 * A replacement is checked as the first one was, and taken as a whole: a new generation, with TLS
 * sessions and connections of its own, so ask `currentUnsafe` for every request. Requests on the old
 * one, those that wait for a connection too, have up to 5 s to finish over its connections; the rest
 * fails with the code `ERR_CERTIFICATE_REPLACED`. A replacement that cannot be used is logged once, and
 * leaves the present one in use.
 *
 * Beside `MutualTls` each provides a plain `HttpClient`, which trusts the same authorities and never
 * shows the certificate. Both speak HTTP/1.1 over TLS 1.2 or newer on at most 64 connections an
 * origin, connect within 10 s, refuse `http:`, follow no redirect and use no proxy. Servers are always
 * verified: there is no option against it, and `NODE_TLS_REJECT_UNAUTHORIZED` has no effect here.
 *
 * @since 0.1.0
 */
import * as MutualTls from "@x/core/MutualTls";
import * as TokenError from "@x/core/TokenError";
import type * as Config from "effect/Config";
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as HttpClient from "effect/http/HttpClient";
import type * as HttpClientRequest from "effect/http/HttpClientRequest";
import * as Layer from "effect/Layer";
import * as Redacted from "effect/Redacted";
import * as Schedule from "effect/Schedule";
import type * as Scope from "effect/Scope";
import * as Stream from "effect/Stream";
import * as FileChanges from "./internal/fileChanges.ts";
import * as FileConfig from "./internal/fileConfig.ts";
import type * as KeyMaterial from "./internal/keyMaterial.ts";
import * as Materials from "./internal/materials.ts";
import * as Rotation from "./internal/rotation.ts";
import type * as NodeHttpsClient from "./NodeHttpsClient.ts";

/**
 * A path, or the contents as bytes.
 *
 * @since 0.1.0
 */
export type File = KeyMaterial.File;

/**
 * What every layer takes.
 *
 * @since 0.1.0
 */
export interface CommonOptions {
  /**
   * Tells certificates apart in logs and in the gauge `client_certificate_expires_in_seconds`;
   * default `"client"`.
   */
  readonly name?: string | undefined;
  /**
   * Where both clients may connect to; default: every address. Give `isPublicAddress` of
   * `NodeHttpsClient` where a caller names the issuer.
   */
  readonly allowAddress?: NodeHttpsClient.AllowAddress | undefined;
}

/**
 * Whether files are watched.
 *
 * @since 0.1.0
 */
export interface WatchOptions {
  /** Picks up files that are replaced; default true. */
  readonly watch?: boolean | undefined;
}

/**
 * What both forms of key material take.
 *
 * @since 0.1.0
 */
export interface Options extends CommonOptions, WatchOptions {
  /**
   * Opens the private key or the PFX; an empty one counts as none. A file's BOM and last line ends do
   * not count.
   */
  readonly passphrase?: Redacted.Redacted | { readonly file: string } | undefined;
  /**
   * Certificates of private authorities, PEM or DER, trusted beside Node's roots, to which the system's
   * belong with `--use-system-ca`. With `--use-openssl-ca` they take the place of OpenSSL's store.
   */
  readonly certificateAuthorities?: ReadonlyArray<File> | undefined;
}

/**
 * A certificate and its private key.
 *
 * @since 0.1.0
 */
export interface PemOptions extends Options {
  /** PEM: the client's certificate, and after it the intermediate ones if there are any. */
  readonly certificate: File;
  /** PEM: PKCS#8, PKCS#1 or SEC 1, encrypted or not; may be the same file. */
  readonly privateKey: File;
}

/**
 * A PFX (PKCS#12, RFC 7292) with the certificate and its private key.
 *
 * @since 0.1.0
 */
export interface PfxOptions extends Options {
  readonly pfx: File;
}

interface Contents {
  /** Opens the private key or the PFX; an empty one counts as none. */
  readonly passphrase?: Redacted.Redacted | undefined;
  /** Certificates of private authorities, PEM or DER, as those of `Options`. */
  readonly certificateAuthorities?: ReadonlyArray<string | Uint8Array> | undefined;
}

/**
 * The contents of a PEM pair; a string is PEM and no path.
 *
 * @since 0.1.0
 */
export interface PemContents extends Contents {
  /** PEM: the client's certificate, and after it the intermediate ones if there are any. */
  readonly certificate: string | Uint8Array;
  /** PEM: PKCS#8, PKCS#1 or SEC 1, encrypted or not. */
  readonly privateKey: Redacted.Redacted | Uint8Array;
}

/**
 * The contents of a PFX (PKCS#12, RFC 7292).
 *
 * @since 0.1.0
 */
export interface PfxContents extends Contents {
  readonly pfx: Uint8Array;
}

/**
 * When `layerEffect` loads again.
 *
 * @since 0.1.0
 */
export interface RefreshOptions<R = never> extends CommonOptions {
  /** Its delays are those between loads; default 5 minutes each. */
  readonly refresh?: Schedule.Schedule<unknown, unknown, never, R> | undefined;
  /** Loads for each element, beside the schedule, such as `SubscriptionRef.changes`. */
  readonly changes?: Stream.Stream<unknown, never, R> | undefined;
}

type Provided = MutualTls.MutualTls | HttpClient.HttpClient;

/**
 * Provides the certificate of a PEM pair, and the one that replaces it in its files.
 *
 * Fails with `CertificateUnusable` when the pair cannot be used, before anything is sent.
 *
 * @since 0.1.0
 */
export const layerPem = (options: PemOptions): Layer.Layer<Provided, TokenError.TokenError> =>
  layerFrom(options, fromFiles(options));

/**
 * Provides the certificate of a PFX file, and the one that replaces it.
 *
 * Fails with `CertificateUnusable` when the file cannot be used, before anything is sent. Node
 * also trusts the servers of authorities that are inside the PFX, in the client that shows the
 * certificate alone: export a PFX without them, or use `layerPem`, where this is not wanted.
 *
 * @since 0.1.0
 */
export const layerPfx = (options: PfxOptions): Layer.Layer<Provided, TokenError.TokenError> =>
  layerFrom(options, fromFiles(options));

/**
 * Provides the certificate that an effect loads, such as from a secret manager, and the ones that it
 * loads later.
 *
 * Fails as the load does, or with `CertificateUnusable`. A later load that fails leaves the present
 * certificate in use, and of its error only the name is logged; log more in the load where it is
 * safe, and limit its time: there is one load at a time.
 *
 * @example
 * NodeMutualTls.layerEffect(
 *   Effect.map(vault.read("pki/acme"), ({ certificate, privateKey }) => ({ certificate, privateKey })),
 *   { refresh: Schedule.spaced("10 minutes") },
 * )
 *
 * @since 0.1.0
 */
export const layerEffect = <E, R, R2 = never>(
  load: Effect.Effect<PemContents | PfxContents, E, R>,
  options: RefreshOptions<R2> = {},
): Layer.Layer<Provided, E | TokenError.TokenError, Exclude<R, Scope.Scope> | R2> =>
  layerFrom(
    options,
    Effect.succeed<Rotation.Source<E | TokenError.TokenError, Exclude<R, Scope.Scope> | R2>>({
      read: Effect.flatMap(Effect.scoped(load), (contents) => read(toFiles(contents))),
      changes: Stream.merge(
        Stream.fromSchedule(options.refresh ?? Schedule.spaced("5 minutes")),
        options.changes ?? Stream.empty,
      ),
    }),
  );

/**
 * Provides the certificate that the configuration names, and the one that replaces it in its files.
 *
 * Reads `<prefix>_CERTIFICATE` and `<prefix>_PRIVATE_KEY`, or `<prefix>_PFX`, which are paths, and
 * optionally `<prefix>_PASSPHRASE` or `<prefix>_PASSPHRASE_FILE`, and
 * `<prefix>_CERTIFICATE_AUTHORITIES`, which is a list of paths with commas. An empty value counts as
 * absent. The prefix is the default name.
 *
 * @since 0.1.0
 */
export const layerConfig = (
  prefix: string,
  options: CommonOptions & WatchOptions = {},
): Layer.Layer<Provided, TokenError.TokenError | Config.ConfigError> =>
  Layer.unwrap(
    Effect.map(FileConfig.make(prefix), (files) =>
      layerFrom(
        { ...options, name: options.name ?? prefix },
        fromFiles({ ...files, watch: options.watch }),
      ),
    ),
  );

const layerFrom = <E, R, R2>(
  { name = "client", allowAddress }: CommonOptions,
  source: Effect.Effect<Rotation.Source<E, R>, never, R2>,
): Layer.Layer<Provided, E | TokenError.TokenError, Exclude<R | R2, Scope.Scope>> =>
  Layer.effectContext(
    Effect.gen(function* () {
      const { currentUnsafe, anonymousUnsafe } = yield* Rotation.make(
        { name, allowAddress },
        yield* source,
      );
      return Context.make(MutualTls.MutualTls, { currentUnsafe }).pipe(
        Context.add(
          HttpClient.HttpClient,
          HttpClient.makeWith(
            (request: Effect.Effect<HttpClientRequest.HttpClientRequest>) =>
              Effect.flatMap(request, (request) => anonymousUnsafe().execute(request)),
            Effect.succeed,
          ),
        ),
      );
    }),
  );

const read = (options: Materials.PemOptions | Materials.PfxOptions) =>
  TokenError.withProvider("NodeMutualTls")(Materials.read(options));

const fromFiles = (options: (Materials.PemOptions | Materials.PfxOptions) & WatchOptions) =>
  Effect.gen(function* () {
    const paths = options.watch === false ? [] : Materials.paths(options);
    return {
      read: read(options),
      changes: paths.length === 0 ? Stream.empty : yield* FileChanges.make(paths),
    };
  });

const toFiles = (contents: PemContents | PfxContents) => {
  const shared = {
    passphrase: contents.passphrase,
    certificateAuthorities: contents.certificateAuthorities?.map(toBytes),
  };
  return "pfx" in contents
    ? { ...shared, pfx: contents.pfx }
    : {
        ...shared,
        certificate: toBytes(contents.certificate),
        privateKey: toBytes(contents.privateKey),
      };
};

const toBytes = (contents: string | Uint8Array | Redacted.Redacted): Uint8Array =>
  contents instanceof Uint8Array
    ? contents
    : Buffer.from(Redacted.isRedacted(contents) ? Redacted.value(contents) : contents);
