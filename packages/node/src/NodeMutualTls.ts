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
import * as Context from "effect/Context";
import type * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as HttpClient from "effect/http/HttpClient";
import type * as HttpClientRequest from "effect/http/HttpClientRequest";
import * as Layer from "effect/Layer";
import * as Schedule from "effect/Schedule";
import type * as Scope from "effect/Scope";
import * as Stream from "effect/Stream";
import type { Contents, PemContents, PfxContents } from "./internal/contents.ts";
import * as FileConfig from "./internal/fileConfig.ts";
import * as FilePoll from "./internal/filePoll.ts";
import * as Inputs from "./internal/inputs.ts";
import * as Materials from "./internal/materials.ts";
import * as Rotation from "./internal/rotation.ts";
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
export interface PemOptions extends Options, WatchOptions, PemContents {}

/**
 * Configures `layerPfx`.
 *
 * @since 0.1.0
 */
export interface PfxOptions extends Options, WatchOptions, PfxContents {}

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
export const layerPem = (options: PemOptions): Layer.Layer<Provided, TokenError.TokenError> =>
  layerFiles(options, options);

/**
 * Provides the certificate of a PFX, also when its file is replaced.
 *
 * Fails with `CertificateUnusable` when the PFX cannot be used, before anything is sent. Node trusts the
 * authorities inside the PFX for servers too, in the client that shows the certificate. Export the PFX
 * without them, or use `layerPem`, to prevent this.
 *
 * @since 0.1.0
 */
export const layerPfx = (options: PfxOptions): Layer.Layer<Provided, TokenError.TokenError> =>
  layerFiles(options, options);

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
export const layerEffect = <E, R, R2 = never>(
  load: Effect.Effect<PemContents | PfxContents, E, R>,
  options: RefreshOptions<R2> = {},
): Layer.Layer<Provided, E | TokenError.TokenError, Exclude<R, Scope.Scope> | R2> =>
  layerFrom(
    options,
    Effect.succeed<Rotation.Source<E | TokenError.TokenError, Exclude<R, Scope.Scope> | R2>>({
      read: Effect.flatMap(Effect.scoped(load), (contents) =>
        read(withAuthorities(contents, options)),
      ),
      changes: Stream.merge(
        Stream.fromSchedule(options.refresh ?? Schedule.spaced("5 minutes")),
        options.changes ?? Stream.empty,
      ),
    }),
  );

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
export const layerConfig = (
  prefix: string,
  options: Options & WatchOptions = {},
): Layer.Layer<Provided, TokenError.TokenError> =>
  Layer.unwrap(
    FileConfig.read(prefix).pipe(
      TokenError.withProvider("NodeMutualTls"),
      Effect.map((contents) =>
        layerFiles(withAuthorities(contents, options), {
          ...options,
          name: options.name ?? prefix,
        }),
      ),
    ),
  );

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
export const provide = <A, E, R>(
  layerOfVendor: Layer.Layer<A, E, R>,
  options: PemOptions | PfxOptions,
): Layer.Layer<A, E | TokenError.TokenError, Exclude<R, Provided>> =>
  Layer.fresh(Layer.provide(layerOfVendor, layerFiles(options, options)));

const layerFiles = (contents: Contents, options: Options & WatchOptions) => {
  const paths = options.watch === false ? [] : Materials.paths(contents);
  return layerFrom(
    options,
    Effect.gen(function* () {
      return {
        read: read(contents),
        changes:
          paths.length === 0 ? Stream.empty : yield* FilePoll.make(paths, options.pollInterval),
      };
    }),
  );
};

const layerFrom = <E, R, R2>(
  options: Options,
  source: Effect.Effect<Rotation.Source<E, R>, never, R2>,
): Layer.Layer<Provided, E | TokenError.TokenError, Exclude<R | R2, Scope.Scope>> =>
  Layer.effectContext(
    Effect.gen(function* () {
      const { currentUnsafe, anonymousUnsafe } = yield* Rotation.make(options, yield* source);
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

const read = (contents: Contents) => Inputs.withProvider("NodeMutualTls")(Materials.read(contents));

const withAuthorities = (
  contents: Contents,
  { certificateAuthorities = [] }: Options,
): Contents => ({
  ...contents,
  certificateAuthorities: [...certificateAuthorities, ...(contents.certificateAuthorities ?? [])],
});
