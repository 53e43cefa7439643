/**
 * A vendor as data, and the service value that is made of it: types alone.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration";
import type * as Effect from "effect/Effect";
import type * as HttpClient from "effect/http/HttpClient";
import type * as HttpClientError from "effect/http/HttpClientError";
import type * as Schema from "effect/Schema";
import type { AccessToken } from "./AccessToken.ts";
import type { Authorization } from "./Authorization.ts";
import type { ClientAuth } from "./ClientAuth.ts";
import type { Grant } from "./Grant.ts";
import type * as Options from "./Options.ts";
import type * as TokenError from "./TokenError.ts";
import type { TokenManagement } from "./TokenStatus.ts";

/**
 * The service value of every vendor.
 *
 * @since 0.1.0
 */
export interface Provider<out Extra = {}, in Keys = {}> {
  /** Returns the current token if it lives, else fetches one for all callers. It is refreshed ahead of its end. */
  readonly get: Effect.Effect<AccessToken<Extra>, TokenError.TokenError>;
  /** The same account with other values for the options that the vendor lets each call choose, such as `scope`. */
  readonly with: (keys: Keys) => Provider<Extra, Keys>;
  /**
   * Drops exactly this token, so that the next `get` fetches another. Returns `false` if another one is
   * current already, or if too many were dropped: two at once, then one every 30 s.
   */
  readonly invalidate: (token: AccessToken<unknown>) => Effect.Effect<boolean>;
  /** Returns the current token if it lives, without fetching one. */
  readonly peek: Effect.Effect<AccessToken<Extra> | undefined>;
  /** Returns the current token if it lives, without an Effect. */
  readonly peekUnsafe: () => AccessToken<Extra> | undefined;
  /** Calls the vendor's API: adds the base URL and the token, and replays once after a 401. */
  readonly httpClient: HttpClient.HttpClient.With<
    HttpClientError.HttpClientError | TokenError.TokenError
  >;
  /**
   * The same with the errors of any `HttpClient`, for generated clients. `TokenError.causeOf` finds the
   * `TokenError` behind an error.
   */
  readonly plainHttpClient: HttpClient.HttpClient;
}

/**
 * What a vendor says about one of its environments. A URL may depend on the options, as for tenants;
 * `Options.Label` keeps such an option from leading to another host.
 *
 * @since 0.1.0
 */
export interface Environment<in O = never> {
  readonly tokenUrl?: string | ((options: O) => string) | undefined;
  readonly apiUrl?: string | ((options: O) => string) | undefined;
  /** Endpoints are discovered from here, where there is no `tokenUrl`. */
  readonly issuer?: string | ((options: O) => string) | undefined;
  /** Host names, besides the issuer's, that discovered endpoints are on. */
  readonly endpointHosts?: ReadonlyArray<string> | undefined;
  /** How long a token is taken to live if the answer does not say. */
  readonly lifetime: Duration.Input;
}

/** @since 0.1.0 */
export type ExtraFields = {
  readonly [name: string]: Schema.ConstraintDecoder<unknown>;
};

/** @since 0.1.0 */
export type AnyClientAuth = ClientAuth<any> | Effect.Effect<ClientAuth<any>, TokenError.Reason>;

/** @since 0.1.0 */
export type AnyGrant = Grant<any> | Effect.Effect<Grant<any>, TokenError.Reason>;

/** @since 0.1.0 */
export type ExtraOf<X extends ExtraFields> = Schema.Struct.Type<X>;

/** @since 0.1.0 */
export type Keys<F extends Options.Fields, P extends keyof F> = {
  readonly [K in P]?: F[K]["Type"] | undefined;
};

/**
 * A vendor: facts, options, and functions from options to plain values.
 *
 * @since 0.1.0
 */
export interface Definition<
  F extends Options.Fields,
  E extends string,
  G extends AnyGrant,
  A extends AnyClientAuth,
  X extends ExtraFields,
  P extends keyof F,
  Op extends object,
> {
  /** The vendor's name in errors, spans and metrics. */
  readonly name: string;
  /**
   * The prefix of the `Config` keys, such as `ACME` for `ACME_CLIENT_ID`.
   *
   * @default the name in CONSTANT_CASE
   */
  readonly configPrefix?: string;
  /** What an account has besides the options that every vendor has. */
  readonly options: F;
  readonly environments: {
    readonly [K in E]: Environment<Options.Given<F & Options.Common<NoInfer<E>>>>;
  };
  readonly grant: (options: Options.Given<F & Options.Common<NoInfer<E>>>) => G;
  readonly clientAuth: (options: Options.Given<F & Options.Common<NoInfer<E>>>) => A;
  /** What the vendor's answers have besides RFC 6749. */
  readonly response?: {
    /** Token types that count, in any case. @default ["Bearer"] */
    readonly tokenType?: ReadonlyArray<string> | "any";
    /** Further members of the answer, for `AccessToken.extra`. */
    readonly extra?: X;
  };
  readonly api?: {
    /** The base URL that an answer names; it must be on one of the `hosts`. */
    readonly url?: (token: AccessToken<ExtraOf<X>>) => string;
    readonly hosts?: ReadonlyArray<string>;
    /** @default Authorization.bearer */
    readonly authorization?: Authorization;
    /** Whether API calls show the client certificate too, because tokens are bound to it. */
    readonly certificate?: (options: Options.Given<F & Options.Common<NoInfer<E>>>) => boolean;
  };
  /** Options that each call may choose, through `with`. `grant` alone sees the choice: the client authentication and the URLs are the account's. */
  readonly perCall?: ReadonlyArray<P>;
  /** Typed operations that the service value has besides `Provider`. */
  readonly operations?: (
    provider: Provider<ExtraOf<X>, Keys<F, P>>,
    management: TokenManagement,
  ) => Op;
}

/**
 * Options of `layerTest`; everything has a default but the answers of the API.
 *
 * @since 0.1.0
 */
export interface TestOptions<Extra = {}, Op extends object = {}> {
  /** @default a token that ends an hour ahead, and a new one after that or after `invalidate` */
  readonly get?: Effect.Effect<AccessToken<Extra>, TokenError.TokenError> | undefined;
  /** Receives API requests as the vendor would: absolute URL, token. */
  readonly httpClient?: HttpClient.HttpClient | undefined;
  /** @default the API of the first environment that has one, or `https://api.test` */
  readonly apiUrl?: string | undefined;
  /** Replacements for the vendor's own operations. */
  readonly operations?: Partial<Op> | undefined;
  readonly extra?: Extra | undefined;
}
