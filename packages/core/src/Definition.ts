/**
 * A vendor as data: its environments, grant, client authentication, parameters and configuration.
 *
 * @since 0.1.0
 */
import type * as Config from "effect/Config";
import * as ConfigProvider from "effect/ConfigProvider";
import type * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import type * as HttpClient from "effect/http/HttpClient";
import * as Redacted from "effect/Redacted";
import type { AccessToken } from "./AccessToken.ts";
import type * as BearerClient from "./BearerClient.ts";
import type * as ClientAuth from "./ClientAuth.ts";
import * as checks from "./internal/options.ts";
import type * as MutualTls from "./MutualTls.ts";
import type * as RefreshPolicy from "./RefreshPolicy.ts";
import * as TokenError from "./TokenError.ts";
import type * as TokenManagement from "./TokenManagement.ts";
import type * as TokenRequest from "./TokenRequest.ts";
import type * as TokenStore from "./TokenStore.ts";

/**
 * The service value of every vendor.
 *
 * @since 0.1.0
 */
export interface Provider {
  /** The current token: cached, shared by all callers, refreshed ahead of its end. */
  readonly get: Effect.Effect<AccessToken, TokenError.TokenError>;
  /** Drops exactly this token, so that the next `get` fetches another. */
  readonly invalidate: (token: AccessToken) => Effect.Effect<void>;
  /** The current token if it lives, without fetching one. */
  readonly peekUnsafe: () => AccessToken | undefined;
  /** Calls the vendor's API: adds the base URL and the bearer token, and replays once after a 401. */
  readonly httpClient: BearerClient.BearerClient;
}

/**
 * Options that every vendor takes. The URLs override what the environment says.
 *
 * @since 0.1.0
 */
export interface CommonOptions<Environment extends string = string> {
  readonly environment: Environment;
  /** The token endpoint. */
  readonly tokenUrl?: string | undefined;
  /** Base URL of the API. */
  readonly apiUrl?: string | undefined;
  /** Further origins that API calls may go to, with the token. */
  readonly apiOrigins?: ReadonlyArray<string> | undefined;
  /** When to refresh and how failures are answered. */
  readonly refresh?: RefreshPolicy.RefreshPolicy | undefined;
  /**
   * Fails with `RequestRejected` where the vendor grants less scope than was asked for; otherwise a
   * warning is logged, and the token says what is missing.
   *
   * @default false
   */
  readonly requireGrantedScope?: boolean | undefined;
  /** Accepts `http:` URLs on loopback addresses: credentials travel in clear, for tests only. */
  readonly unsafeAllowLoopbackHttp?: boolean | undefined;
}

/**
 * Further options of vendors whose endpoints are discovered.
 *
 * @since 0.1.0
 */
export interface DiscoveryOptions {
  /** Issuer identifier; a `tokenUrl` takes its place, and then nothing is discovered. */
  readonly issuer?: string | undefined;
  /**
   * Revokes every token that it was issued and that lives (RFC 7009) when the layer closes; for at
   * most 5 s, and without a failure.
   *
   * @default false
   */
  readonly revokeOnClose?: boolean | undefined;
  /** Host names, besides the issuer's and the environment's, that discovered endpoints may be on. */
  readonly endpointHosts?: ReadonlyArray<string> | undefined;
  /** For an issuer that is itself the mutual-TLS host and names no `mtls_endpoint_aliases`. */
  readonly issuerIsMutualTlsHost?: boolean | undefined;
}

/**
 * What a vendor says about one of its environments.
 *
 * @since 0.1.0
 */
export interface Environment {
  readonly tokenUrl?: string;
  readonly apiUrl?: string;
  /** Endpoints are discovered from here; `undefined` where each account names its own issuer. */
  readonly issuer?: string | undefined;
  /** Host names, besides the issuer's, that discovered endpoints are on. */
  readonly endpointHosts?: ReadonlyArray<string>;
  /** How long a token is taken to live if the answer does not say. */
  readonly lifetime: Duration.Input;
}

/**
 * A vendor: facts, and functions from options to plain values.
 *
 * @since 0.1.0
 */
export interface Definition<
  Options extends CommonOptions,
  Operations extends object = {},
  Certificate extends CertificateUse = "never",
> {
  /** The vendor's name in errors, spans and metrics. */
  readonly name: string;
  readonly environments: { readonly [E in Options["environment"]]: Environment };
  /** @default "never" */
  readonly clientCertificate?: Certificate;
  /** Whether API calls show it too, because tokens are bound to it. */
  readonly apiShowsCertificate?: (options: Options) => boolean;
  readonly grant: TokenRequest.GrantType;
  /** Form fields of the token request besides `grant_type` and what client authentication adds. */
  readonly params?: (options: Options) => TokenRequest.Params;
  readonly clientAuth: (
    options: Options,
    issuer: string | undefined,
  ) => Effect.Effect<ClientAuth.ClientAuth, TokenError.Reason>;
  /** Where `layerConfig` reads each option; an option without a default here is required. */
  readonly config: ConfigOf<Options>;
  /** The prefix of the keys of the common options, such as `ACME` for `ACME_ENVIRONMENT`. */
  readonly configPrefix: string;
  /** Typed API operations that the service value has besides `Provider`'s. */
  readonly operations?: (
    provider: Provider,
    management: TokenManagement.TokenManagement,
  ) => Operations;
}

/**
 * Whether token requests show a client certificate: `"byOptions"` decides as
 * `MutualTls.RequiredBy` does.
 *
 * @since 0.1.0
 */
export type CertificateUse = "never" | "always" | "byOptions";

/**
 * A `Config` for each option but the common ones.
 *
 * @since 0.1.0
 */
export type ConfigOf<Options> = {
  readonly [K in keyof Omit<Options, keyof CommonOptions>]: Config.Config<Options[K]>;
};

/**
 * What a layer needs: `MutualTls` where a certificate is shown, and always an `HttpClient` for the
 * hosts that are not to see one.
 *
 * @since 0.1.0
 */
export type Requirements<Certificate, Options> =
  | HttpClient.HttpClient
  | (Certificate extends "always"
      ? MutualTls.MutualTls
      : Certificate extends "byOptions"
        ? MutualTls.RequiredBy<Options>
        : never);

/**
 * The environment of options in which nothing can be found wrong without a request.
 *
 * @since 0.1.0
 */
export const check = <Options extends CommonOptions, Operations extends object>(
  definition: Definition<Options, Operations, CertificateUse>,
  options: Options & DiscoveryOptions,
): Effect.Effect<Environment, TokenError.Reason> =>
  Effect.suspend(() => {
    const environments: Readonly<Record<string, Environment>> = definition.environments;
    const environment = Object.hasOwn(environments, options.environment)
      ? environments[options.environment]
      : undefined;
    if (environment === undefined) {
      return Effect.fail(
        new TokenError.OptionInvalid({
          option: "environment",
          problem: `is not one of ${Object.keys(environments).join(", ")}`,
        }),
      );
    }
    const problem = checks.firstProblem(
      options,
      requiredOptions(definition.config),
      options.unsafeAllowLoopbackHttp === true,
    );
    if (problem === undefined) return Effect.succeed(environment);
    return Effect.fail(
      problem._tag === "PlainHttp"
        ? new TokenError.ServerUntrusted({ problem: "plain-http", origin: problem.origin })
        : new TokenError.OptionInvalid({ option: problem.option, problem: problem.problem }),
    );
  });

/** The options whose `Config` has no default. */
const requiredOptions = (config: Readonly<Record<string, Config.Config<unknown>>>) =>
  Object.keys(config).filter((option) => {
    const parsed = config[option]?.parse(nothingConfigured);
    return parsed !== undefined && Exit.isFailure(Effect.runSyncExit(parsed));
  });

const nothingConfigured = ConfigProvider.fromUnknown({});

/**
 * Every option that tells one account's tokens from another's.
 *
 * @since 0.1.0
 */
export const identify = (provider: string, options: object): TokenStore.Identity => [
  ["provider", provider],
  ...Object.entries(options)
    .filter((entry): entry is [string, TokenRequest.Value] => {
      const value: unknown = entry[1];
      return typeof value === "string" || Redacted.isRedacted(value);
    })
    .toSorted(([a], [b]) => (a < b ? -1 : 1)),
];
