import type * as Options from "@x/core/Options";
import type * as Provider from "@x/core/Provider";
import type * as TokenError from "@x/core/TokenError";
import * as ConfigProvider from "effect/ConfigProvider";
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as HttpClient from "effect/http/HttpClient";
import * as Layer from "effect/Layer";
import * as Redacted from "effect/Redacted";
import type * as Scope from "effect/Scope";
import type * as Emulator from "../../Emulator.ts";
import * as Derive from "./derive.ts";

/**
 * The class that `Provider.Service` makes, as far as the contract uses it.
 *
 * @since 0.1.0
 */
export interface Service<Self, O, R, K> extends Context.Service<
  Self,
  Provider.Provider<unknown, K>
> {
  readonly definition: { readonly configPrefix: string; readonly options: Options.Fields };
  readonly layer: (options: O) => Layer.Layer<Self, TokenError.TokenError, R>;
  readonly layerConfig: (
    overrides?: Partial<O>,
    settings?: { readonly prefix?: string },
  ) => Layer.Layer<Self, TokenError.TokenError, R>;
  readonly layerHttpClient: Layer.Layer<HttpClient.HttpClient, never, Self>;
  readonly layerTest: () => Layer.Layer<Self>;
  readonly optionsTable: string;
}

/**
 * A vendor's service class and the emulator that it calls.
 *
 * @since 0.1.0
 */
export interface Subject<Self, O extends object, R, K> {
  readonly service: Service<Self, O, R, K>;
  readonly emulator: Emulator.Emulator;
  /** Options for the emulator. Secrets are `Redacted`; the contract looks for them in every output. */
  readonly options: O;
  /** Everything that the vendor's layer needs, such as an `HttpClient` that trusts the emulator. */
  readonly transport: Layer.Layer<R, TokenError.TokenError>;
  /** Options with credentials that the emulator refuses, or a transport with such a certificate. */
  readonly refused: Partial<O> | Layer.Layer<R, TokenError.TokenError>;
  /** The expected token request. */
  readonly golden: {
    /** Expected `Authorization` header, or `undefined` if there must be none. */
    readonly authorization?: string | undefined;
    /** Expected body; a pattern if it contains an assertion. */
    readonly body: string | RegExp;
    /** Thumbprint of the client certificate that the token endpoint must see. */
    readonly certificate?: string | undefined;
    /** Thumbprint of the client certificate that the API must see. */
    readonly apiCertificate?: string | undefined;
  };
  /** Values for `with`, other than those in the options, where the vendor lets calls choose. */
  readonly perCall?: K | undefined;
  /** Texts besides the secrets in the options that no error and no value may show. */
  readonly secrets?: ReadonlyArray<string> | undefined;
}

type AnyProvider = Provider.Provider<unknown, never>;
type Changes = Readonly<Record<string, unknown>>;
type Built<A> = Effect.Effect<A, TokenError.TokenError, Scope.Scope>;

/** A subject without its types: what promises run against. */
export interface Promised {
  readonly emulator: Emulator.Emulator;
  readonly golden: Subject<never, object, never, never>["golden"];
  readonly options: Changes;
  readonly apiUrl: string;
  readonly secrets: ReadonlyArray<string>;
  /** The keys that `layerConfig` must read, with the values of the options. */
  readonly environment: (prefix?: string) => Readonly<Record<string, string>>;
  readonly prefix: string;
  readonly table: ReadonlyArray<Derive.Row>;
  /** Builds the service value, with changed options. */
  readonly provider: (changes?: Changes) => Built<AnyProvider>;
  /** Builds the service value from environment variables. */
  readonly configured: (
    env: Readonly<Record<string, string>>,
    prefix?: string,
  ) => Built<AnyProvider>;
  readonly refused: Built<AnyProvider>;
  /** A provider without values of a call, with none, and with the subject's. */
  readonly choosing: Built<
    readonly [base: AnyProvider, unchanged: AnyProvider, chosen: AnyProvider | undefined]
  >;
  /** The `HttpClient` that `layerHttpClient` provides. */
  readonly httpClient: Built<HttpClient.HttpClient>;
  readonly fake: Effect.Effect<AnyProvider, never, Scope.Scope>;
}

/** Promises by name; each runs against a new emulator. */
export type Promises = Readonly<
  Record<string, (subject: Promised) => Effect.Effect<void, unknown, Scope.Scope>>
>;

/** Derives from a subject all that promises need. */
export const erase = <Self, O extends object, R, K>(subject: Subject<Self, O, R, K>): Promised => {
  const { service, emulator, options, transport, refused, perCall } = subject;
  const { configPrefix, options: fields } = service.definition;
  const values: Changes = Object.fromEntries(Object.entries(options));
  const build = <E>(layer: Layer.Layer<Self, E, R>, from = transport) =>
    Effect.map(Layer.build(Layer.fresh(Layer.provide(layer, from))), (context) =>
      Context.get(context, service),
    );
  const apiUrl = values["apiUrl"];
  const isTransport = (either: typeof refused): either is Layer.Layer<R, TokenError.TokenError> =>
    Layer.isLayer(either);
  const derived = Derive.config(fields, options);
  return {
    emulator,
    golden: subject.golden,
    options: values,
    apiUrl: typeof apiUrl === "string" ? apiUrl : emulator.apiUrl,
    secrets: [
      ...Object.values(values)
        .filter(Redacted.isRedacted)
        .map((secret) => String(Redacted.value(secret))),
      ...(subject.secrets ?? []),
    ],
    environment: (prefix = configPrefix) => derived.environment(prefix),
    prefix: configPrefix,
    table: Derive.rows(service.optionsTable),
    provider: (changes) => build(service.layer({ ...options, ...changes })),
    configured: (env, prefix) =>
      Effect.provideService(
        build(service.layerConfig(derived.overrides, prefix === undefined ? {} : { prefix })),
        ConfigProvider.ConfigProvider,
        ConfigProvider.fromEnv({ env: { ...env } }),
      ),
    refused: isTransport(refused)
      ? build(service.layer(options), refused)
      : build(service.layer({ ...options, ...refused })),
    choosing: Effect.map(build(service.layer(options)), (base) => [
      base,
      // A vendor whose calls choose nothing takes values without a key.
      base.with(nothing as K),
      perCall === undefined ? undefined : base.with(perCall),
    ]),
    httpClient: Layer.build(
      Layer.fresh(Layer.provide(service.layerHttpClient, service.layer(options))).pipe(
        Layer.provide(transport),
      ),
    ).pipe(Effect.map(Context.get(HttpClient.HttpClient))),
    fake: Effect.map(Layer.build(Layer.fresh(service.layerTest())), Context.get(service)),
  };
};

const nothing: object = {};
