/**
 * Client certificates on Node: layers that read a PEM pair or a PFX file, check it, and provide
 * `MutualTls` with it.
 *
 * Beside `MutualTls` each provides a plain `HttpClient`, which trusts the same authorities and never
 * shows the certificate. Both speak HTTP/1.1 over TLS 1.2 or newer on at most 64 connections an
 * origin, connect within 3 s, follow no redirect and use no proxy. Servers are always verified:
 * there is no option against it, and `NODE_TLS_REJECT_UNAUTHORIZED` has no effect here.
 *
 * @since 0.1.0
 */
import * as MutualTls from "@x/core/MutualTls";
import * as TokenError from "@x/core/TokenError";
import * as Config from "effect/Config";
import * as ConfigProvider from "effect/ConfigProvider";
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as HttpClient from "effect/http/HttpClient";
import * as Layer from "effect/Layer";
import * as Option from "effect/Option";
import type * as Redacted from "effect/Redacted";
import type * as Scope from "effect/Scope";
import * as Crypto from "node:crypto";
import * as ClientCertificate from "./internal/clientCertificate.ts";
import type * as KeyMaterial from "./internal/keyMaterial.ts";
import * as TlsHttpClient from "./internal/tlsHttpClient.ts";

/**
 * A path, or the contents as bytes.
 *
 * @since 0.1.0
 */
export type File = KeyMaterial.File;

/**
 * What both forms of key material take.
 *
 * @since 0.1.0
 */
export interface Options {
  /** Opens the private key or the PFX; an empty one counts as none. */
  readonly passphrase?: Redacted.Redacted<string> | undefined;
  /** Certificates of private authorities, PEM or DER, trusted beside the system's roots. */
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

type Provided = MutualTls.MutualTls | HttpClient.HttpClient;

/**
 * Provides the certificate of a PEM pair.
 *
 * Fails with `CertificateUnusable` when the pair cannot be used, before anything is sent.
 *
 * @since 0.1.0
 */
export const layerPem = (options: PemOptions): Layer.Layer<Provided, TokenError.TokenError> =>
  layerFrom(ClientCertificate.fromPem(options));

/**
 * Provides the certificate of a PFX file.
 *
 * Fails with `CertificateUnusable` when the file cannot be used, before anything is sent. Node
 * also trusts the servers of authorities that are inside the PFX, in the client that shows the
 * certificate alone: export a PFX without them, or use `layerPem`, where this is not wanted.
 *
 * @since 0.1.0
 */
export const layerPfx = (options: PfxOptions): Layer.Layer<Provided, TokenError.TokenError> =>
  layerFrom(ClientCertificate.fromPfx(options));

/**
 * Provides the certificate that the configuration names.
 *
 * Reads `<prefix>_CERTIFICATE` and `<prefix>_PRIVATE_KEY`, or `<prefix>_PFX`, which are paths, and
 * optionally `<prefix>_PASSPHRASE` and `<prefix>_CERTIFICATE_AUTHORITIES`, which is a list of paths
 * with commas. An empty value counts as absent.
 *
 * @since 0.1.0
 */
export const layerConfig = (
  prefix: string,
): Layer.Layer<Provided, TokenError.TokenError | Config.ConfigError> =>
  Layer.unwrap(
    Effect.map(config(prefix), (options) =>
      "pfx" in options ? layerPfx(options) : layerPem(options),
    ),
  );

const layerFrom = (
  load: Effect.Effect<ClientCertificate.ClientCertificate, TokenError.CertificateUnusable>,
): Layer.Layer<Provided, TokenError.TokenError> =>
  Layer.effectContext(
    Effect.gen(function* () {
      const certificate = yield* TokenError.withProvider("NodeMutualTls")(load);
      const generation = yield* makeGeneration(certificate);
      const httpClient = yield* TlsHttpClient.make(certificate.anonymous);
      return Context.make(MutualTls.MutualTls, { currentUnsafe: () => generation }).pipe(
        Context.add(HttpClient.HttpClient, httpClient),
      );
    }),
  );

const makeGeneration = (
  certificate: ClientCertificate.ClientCertificate,
): Effect.Effect<MutualTls.Generation, never, Scope.Scope> =>
  Effect.map(TlsHttpClient.make(certificate.identified), (httpClient) => ({
    thumbprint: Crypto.createHash("sha256").update(certificate.leaf.raw).digest("base64url"),
    ...ClientCertificate.validity(certificate.leaf),
    source: certificate.source,
    httpClient,
  }));

const config = (prefix: string): Config.Config<PemOptions | PfxOptions> => {
  const certificate = `${prefix}_CERTIFICATE`;
  const privateKey = `${prefix}_PRIVATE_KEY`;
  const pfx = `${prefix}_PFX`;
  const shared = Config.all({
    passphrase: optional(Config.Redacted(`${prefix}_PASSPHRASE`)),
    certificateAuthorities: optional(Config.String(`${prefix}_CERTIFICATE_AUTHORITIES`)).pipe(
      Config.map((list) =>
        (list ?? "")
          .split(",")
          .map((path) => path.trim())
          .filter((path) => path !== ""),
      ),
    ),
  });
  return Config.all({
    certificate: optional(Config.String(certificate)),
    privateKey: optional(Config.String(privateKey)),
    pfx: optional(Config.String(pfx)),
  }).pipe(
    Config.flatMap((found): Config.Config<PemOptions | PfxOptions> => {
      const hasPem = Boolean(found.certificate || found.privateKey);
      if (hasPem === Boolean(found.pfx)) {
        return Config.fail(
          new ConfigProvider.SourceError({
            message: hasPem
              ? `set ${pfx}, or ${certificate} and ${privateKey}, but not both`
              : `set ${certificate} and ${privateKey}, or ${pfx}`,
          }),
        );
      }
      return hasPem
        ? Config.all({
            certificate: Config.NonEmptyString(certificate),
            privateKey: Config.NonEmptyString(privateKey),
            shared,
          }).pipe(Config.map(({ shared, ...pem }) => ({ ...shared, ...pem })))
        : Config.all({ pfx: Config.NonEmptyString(pfx), shared }).pipe(
            Config.map(({ pfx, shared }) => ({ ...shared, pfx })),
          );
    }),
  );
};

const optional = <A>(self: Config.Config<A>): Config.Config<A | undefined> =>
  Config.map(Config.option(self), Option.getOrUndefined);
