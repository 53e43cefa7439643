/**
 * The service class of a vendor, made from its definition.
 *
 * @since 0.1.0
 */
import type * as Config from "effect/Config";
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as HttpClient from "effect/http/HttpClient";
import * as Layer from "effect/Layer";
import type * as Scope from "effect/Scope";
import type { ClientAuth, Method } from "./ClientAuth.ts";
import type {
  AnyClientAuth,
  AnyGrant,
  Definition,
  Environment,
  ExtraFields,
  ExtraOf,
  Provider,
  TestOptions,
} from "./Definition.ts";
import type { Grant } from "./Grant.ts";
import * as vendors from "./internal/vendor.ts";
import type * as Options from "./Options.ts";
import type * as TokenError from "./TokenError.ts";

/** @since 0.1.0 */
export type { Definition, Environment, Provider, TestOptions };

/**
 * What the types of a service class follow from.
 *
 * @since 0.1.0
 */
export interface Facts {
  readonly options: Options.Fields;
  readonly environment: string;
  readonly requires: unknown;
  readonly extra: unknown;
  readonly keys: unknown;
  readonly operations: object;
}

/** @since 0.1.0 */
export type LayerOptions<D extends Facts, M = never> = Options.Input<
  Options.Common<D["environment"]> & D["options"],
  M
>;

/**
 * Values or `Config`s that `layerConfig` takes in place of the keys.
 *
 * @since 0.1.0
 */
export type ConfigOverrides<D extends Facts, M> = {
  readonly [K in keyof LayerOptions<D, M>]?:
    | LayerOptions<D, M>[K]
    | Config.Config<LayerOptions<D, M>[K]>;
};

/** @since 0.1.0 */
export type Resolve<Q, M> = Q extends Options.Chosen ? (M extends Method<infer R> ? R : never) : Q;

/** The methods that `Config` can name. */
type Configurable<F extends Options.Fields> = {
  [K in keyof F]: F[K] extends { readonly "~@x/core/configurable": infer R } ? Method<R> : never;
}[keyof F];

type Needs<T> =
  T extends ClientAuth<infer R>
    ? R
    : T extends Grant<infer R>
      ? R
      : T extends Effect.Effect<infer A, any, any>
        ? A extends ClientAuth<infer R>
          ? R
          : A extends Grant<infer R>
            ? R
            : never
        : never;

/**
 * A class that is a vendor's service, with its layers.
 *
 * @since 0.1.0
 */
export interface ServiceClass<
  Self,
  Id extends string,
  D extends Facts,
> extends Context.ServiceClass<Self, Id, Provider<D["extra"], D["keys"]> & D["operations"]> {
  /** The vendor's facts, for documentation and tests. */
  readonly definition: {
    readonly name: string;
    readonly configPrefix: string;
    readonly options: D["options"];
    readonly environments: { readonly [K in D["environment"]]: Environment<never> };
  };
  /**
   * The vendor's layer. What it needs follows from the options.
   *
   * Fails with `OptionInvalid`, which names all problems, or with `CertificateUnusable`, before any
   * request.
   */
  readonly layer: Options.Chosen extends D["requires"]
    ? <M extends Method<any>>(
        options: LayerOptions<D, M>,
      ) => Layer.Layer<
        Self,
        TokenError.TokenError,
        HttpClient.HttpClient | Resolve<D["requires"], M>
      >
    : (
        options: LayerOptions<D>,
      ) => Layer.Layer<Self, TokenError.TokenError, HttpClient.HttpClient | D["requires"]>;
  /**
   * The vendor's layer from `Config`. Overrides take the place of keys; `prefix` takes the place of the
   * vendor's prefix, as for a second account.
   */
  readonly layerConfig: <M extends Method<any> = Configurable<D["options"]>>(
    overrides?: ConfigOverrides<D, M>,
    settings?: { readonly prefix?: string | undefined },
  ) => Layer.Layer<Self, TokenError.TokenError, HttpClient.HttpClient | Resolve<D["requires"], M>>;
  /** The service value, for many accounts of one vendor; lives as long as the scope. */
  readonly make: <M extends Method<any> = never>(
    options: LayerOptions<D, M>,
  ) => Effect.Effect<
    Provider<D["extra"], D["keys"]> & D["operations"],
    TokenError.TokenError,
    HttpClient.HttpClient | Resolve<D["requires"], M> | Scope.Scope
  >;
  /** Provides `plainHttpClient` as the `HttpClient` of generated clients. */
  readonly layerHttpClient: Layer.Layer<HttpClient.HttpClient, never, Self>;
  /** A vendor for tests: needs nothing and sends nothing. */
  readonly layerTest: (options?: TestOptions<D["extra"], D["operations"]>) => Layer.Layer<Self>;
  /** The keys of `layerConfig` as a table in Markdown. */
  readonly optionsTable: string;
}

/**
 * The options of a vendor's layer.
 *
 * @since 0.1.0
 */
export type OptionsOf<S extends { readonly layer: (options: any) => unknown }> = Parameters<
  S["layer"]
>[0];

/**
 * Makes a vendor's service class from its definition.
 *
 * @example
 * import * as ClientAuth from "@x/core/ClientAuth"
 * import * as Grant from "@x/core/Grant"
 * import * as Options from "@x/core/Options"
 * import * as Provider from "@x/core/Provider"
 *
 * class Acme extends Provider.Service<Acme>()("acme/Acme", {
 *   name: "Acme",
 *   options: { clientId: Options.Text, clientSecret: Options.Secret },
 *   environments: { production: { tokenUrl: "https://login.acme.test/token", lifetime: "1 hour" } },
 *   grant: () => Grant.clientCredentials(),
 *   clientAuth: ClientAuth.secretPost,
 * }) {}
 *
 * @since 0.1.0
 */
export const Service =
  <Self>() =>
  <
    const Id extends string,
    F extends Options.Fields,
    E extends string,
    G extends AnyGrant,
    A extends AnyClientAuth,
    X extends ExtraFields = {},
    P extends keyof F = never,
    Op extends object = {},
  >(
    id: Id,
    definition: Definition<F, E, G, A, X, P, Op>,
  ): ServiceClass<
    Self,
    Id,
    {
      readonly options: F;
      readonly environment: E;
      readonly requires: Needs<G> | Needs<A>;
      readonly extra: ExtraOf<X>;
      readonly keys: { readonly [K in P]?: F[K]["Type"] | undefined };
      readonly operations: Op;
    }
  > => {
    const tag = Context.Service<Self, Provider<any, any>>()(id);
    // From here on the types of the options do not matter: the schemas check them.
    const vendor = vendors.make(definition as never);
    return Object.assign(tag, {
      definition: vendor.facts,
      make: vendor.make,
      layer: (options: object) => Layer.effect(tag, vendor.make(options)),
      layerConfig: (overrides?: object, settings?: { readonly prefix?: string }) =>
        Layer.effect(tag, vendor.makeConfig(overrides, settings)),
      layerHttpClient: Layer.effect(
        HttpClient.HttpClient,
        Effect.map(tag, ({ plainHttpClient }) => plainHttpClient),
      ),
      layerTest: (options?: TestOptions<ExtraOf<X>, Op>) =>
        Layer.effect(tag, vendor.makeTest(options)),
      optionsTable: vendor.optionsTable,
      // The types above are the only place that says what options lead to what requirement.
    }) as never;
  };
