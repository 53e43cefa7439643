/**
 * The one place where the whole chain from options to API calls is written (`make`), and the class
 * that makes a service of a vendor (`Service`).
 *
 * @since 0.1.0
 */
import * as Config from "effect/Config";
import * as Context from "effect/Context";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as HttpClient from "effect/http/HttpClient";
import * as Layer from "effect/Layer";
import * as Redacted from "effect/Redacted";
import * as Scope from "effect/Scope";
import type { NoExcessProperties } from "effect/Types";
import { AccessToken } from "./AccessToken.ts";
import * as AuthorizationServer from "./AuthorizationServer.ts";
import * as BearerClient from "./BearerClient.ts";
import * as Definition from "./Definition.ts";
import * as MutualTls from "./MutualTls.ts";
import * as RefreshPolicy from "./RefreshPolicy.ts";
import * as TokenEndpoint from "./TokenEndpoint.ts";
import * as TokenError from "./TokenError.ts";
import * as TokenManagement from "./TokenManagement.ts";
import * as TokenRequest from "./TokenRequest.ts";
import * as TokenSource from "./TokenSource.ts";
import * as TokenStore from "./TokenStore.ts";

/**
 * Builds the service value of a vendor: the whole chain, in its order.
 *
 * Fails with `OptionInvalid`, `ServerUntrusted` or `CertificateUnusable`, before any request.
 *
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(
  function* <Options extends Definition.CommonOptions, Operations extends object>(
    definition: Definition.Definition<Options, Operations, Definition.CertificateUse>,
    options: Options & Definition.DiscoveryOptions,
  ): Effect.fn.Return<
    Definition.Provider & Operations,
    TokenError.Reason,
    HttpClient.HttpClient | MutualTls.MutualTls | Scope.Scope
  > {
    const environment = yield* Definition.check(definition, options);
    const plain = yield* HttpClient.HttpClient;
    const mutualTls = needsCertificate(definition, options)
      ? yield* MutualTls.MutualTls
      : undefined;
    const issuer = options.issuer ?? environment.issuer;
    const server = yield* locate(options, environment, plain, mutualTls !== undefined);
    const clientAuth = yield* definition.clientAuth(options, issuer);
    const request = (clockSkew: number) =>
      server.endpoint("token_endpoint").pipe(
        Effect.map((url) => TokenRequest.make(url, definition.grant, definition.params?.(options))),
        Effect.flatMap((plain) => clientAuth.authenticate(plain, clockSkew)),
      );
    const policy = RefreshPolicy.forGrant(
      options.refresh ?? RefreshPolicy.make(),
      definition.grant,
    );
    yield* RefreshPolicy.check(policy);
    const provider = definition.name;
    const connection = connect(plain, mutualTls);
    const clockSkew = { millis: 0 };
    const acquire = TokenEndpoint.make({
      provider,
      clientAuthMethod: clientAuth.method,
      connection,
      request,
      clockSkew,
      lifetime: Duration.toMillis(environment.lifetime),
      policy,
      requireGrantedScope: options.requireGrantedScope === true,
    });
    const store = yield* TokenStore.TokenStore;
    const identity = Definition.identify(provider, options);
    const issued = TokenManagement.issued();
    const life = yield* Scope.fork(yield* Effect.scope);
    const source = yield* TokenSource.make({
      acquire: (attempts) =>
        store.through(
          identity,
          options.revokeOnClose === true
            ? Effect.tap(acquire(attempts), issued.note)
            : acquire(attempts),
        ),
      policy,
      grant: definition.grant,
      isUsable: (token) =>
        mutualTls === undefined || token.thumbprint === mutualTls.currentUnsafe().thumbprint,
    }).pipe(Scope.provide(life));
    const httpClient = BearerClient.make({
      provider,
      source,
      connection: definition.apiShowsCertificate?.(options) === true ? connection : connect(plain),
      apiUrl: options.apiUrl ?? environment.apiUrl,
      origins: options.apiOrigins,
    });
    const { introspect, revoke } = TokenManagement.make({
      provider,
      server,
      clientAuth,
      connection,
      policy,
      clockSkew,
    });
    const management = {
      introspect,
      // First, so that nobody is handed a token that is about to end.
      revoke: (token: AccessToken) =>
        source
          .drop(token)
          .pipe(Effect.andThen(revoke(token)), Effect.andThen(issued.forget(token))),
    };
    if (options.revokeOnClose === true) {
      // The source first, so that nothing is issued behind the revocation's back.
      yield* Effect.addFinalizer((exit) =>
        Effect.andThen(Scope.close(life, exit), issued.revokeLiving(management.revoke)),
      );
    }
    return assemble(definition, source, httpClient, management);
  },
  (effect, definition) => TokenError.withProvider(definition.name)(effect),
);

const needsCertificate = (
  definition: { readonly clientCertificate?: Definition.CertificateUse },
  options: object,
): boolean =>
  definition.clientCertificate === "always" ||
  (definition.clientCertificate === "byOptions" && MutualTls.isRequiredBy(options));

const locate = (
  options: Definition.CommonOptions & Definition.DiscoveryOptions,
  environment: Definition.Environment,
  httpClient: HttpClient.HttpClient,
  mutualTls: boolean,
): Effect.Effect<
  AuthorizationServer.AuthorizationServer,
  TokenError.OptionInvalid,
  Scope.Scope
> => {
  const issuer = options.issuer ?? environment.issuer;
  const tokenUrl =
    options.tokenUrl ?? (options.issuer === undefined ? environment.tokenUrl : undefined);
  if (tokenUrl !== undefined) {
    return options.revokeOnClose === true
      ? Effect.fail(
          new TokenError.OptionInvalid({
            option: "revokeOnClose",
            problem:
              "needs the issuer, which tells where to revoke; give it in place of a tokenUrl",
          }),
        )
      : Effect.succeed(AuthorizationServer.fromTokenUrl(tokenUrl));
  }
  if (issuer === undefined) {
    return Effect.fail(
      new TokenError.OptionInvalid({
        option: "issuer" in environment ? "issuer" : "tokenUrl",
        problem: `is missing, and no such URL is published for environment ${options.environment}`,
      }),
    );
  }
  return AuthorizationServer.discover({
    issuer,
    httpClient,
    mutualTls,
    endpointHosts: [...(environment.endpointHosts ?? []), ...(options.endpointHosts ?? [])],
    issuerIsMutualTlsHost: options.issuerIsMutualTlsHost,
    allowLoopbackHttp: options.unsafeAllowLoopbackHttp === true,
  });
};

const connect = (
  plain: HttpClient.HttpClient,
  mutualTls?: MutualTls.MutualTls["Service"],
): Effect.Effect<TokenEndpoint.Connection, TokenError.CertificateUnusable> =>
  mutualTls === undefined
    ? Effect.succeed({ httpClient: plain, thumbprint: undefined })
    : MutualTls.current(mutualTls);

const assemble = <Operations extends object>(
  definition: {
    readonly operations?: (
      provider: Definition.Provider,
      management: TokenManagement.TokenManagement,
    ) => Operations;
  },
  source: Omit<Definition.Provider, "httpClient">,
  httpClient: BearerClient.BearerClient,
  management: TokenManagement.TokenManagement,
): Definition.Provider & Operations => {
  const provider: Definition.Provider = {
    get: source.get,
    invalidate: source.invalidate,
    peekUnsafe: source.peekUnsafe,
    httpClient,
  };
  // A definition without operations has `{}` for their type.
  return Object.assign(
    provider,
    definition.operations?.(provider, management) ?? ({} as Operations),
  );
};

/**
 * What a test may say instead of a vendor; everything has a default but the answers of the API.
 *
 * @since 0.1.0
 */
export interface TestOptions<Operations extends object = {}> {
  readonly get?: Effect.Effect<AccessToken, TokenError.TokenError>;
  readonly invalidate?: (token: AccessToken) => Effect.Effect<void>;
  readonly peekUnsafe?: () => AccessToken | undefined;
  /** Receives API requests as the vendor would: absolute URL, bearer token. */
  readonly httpClient?: HttpClient.HttpClient;
  readonly apiUrl?: string;
  /** Replacements for the vendor's own operations. */
  readonly operations?: Partial<Operations>;
}

/**
 * A class that is a vendor's service, with its layers.
 *
 * @since 0.1.0
 */
export interface ServiceClass<
  Self,
  Id extends string,
  Options extends Definition.CommonOptions,
  Operations extends object,
  Certificate extends Definition.CertificateUse,
> extends Context.ServiceClass<Self, Id, Definition.Provider & Operations> {
  readonly definition: Definition.Definition<Options, Operations, Certificate>;
  /** The vendor's layer. What it needs follows from the options. */
  readonly layer: <const O extends NoExcessProperties<Options, O>>(
    options: O,
  ) => Layer.Layer<Self, TokenError.TokenError, Definition.Requirements<Certificate, O>>;
  /**
   * The vendor's layer from `Config`: the keys of the vendor's README, each of which may be given
   * another `Config`.
   */
  readonly layerConfig: <const C extends ConfigOverrides<Options> = {}>(
    config?: C,
  ) => Layer.Layer<
    Self,
    TokenError.TokenError | Config.ConfigError,
    Definition.Requirements<Certificate, Configured<Options, C>>
  >;
  /** The service value, for several accounts of one vendor; lives as long as the scope. */
  readonly make: <const O extends NoExcessProperties<Options, O>>(
    options: O,
  ) => Effect.Effect<
    Definition.Provider & Operations,
    TokenError.TokenError,
    Definition.Requirements<Certificate, O> | Scope.Scope
  >;
  /** A vendor for tests: needs nothing and sends nothing. */
  readonly layerTest: (options?: TestOptions<Operations>) => Layer.Layer<Self>;
}

/**
 * Other `Config`s for some options.
 *
 * @since 0.1.0
 */
export type ConfigOverrides<Options> = {
  readonly [K in keyof Options]?: Config.Config<Options[K]>;
};

/** The options as far as the overrides of `layerConfig` tell; the rest as wide as it is declared. */
type Configured<Options, Overrides> = {
  readonly [K in keyof Options]: K extends keyof Overrides
    ? Overrides[K] extends Config.Config<infer A>
      ? A
      : Options[K]
    : Options[K];
};

/**
 * Makes a vendor's service class from its definition.
 *
 * @example
 * import * as ClientAuth from "@x/core/ClientAuth"
 * import * as Provider from "@x/core/Provider"
 *
 * class Acme extends Provider.Service<Acme>()("acme/Acme", {
 *   name: "Acme",
 *   environments: { production: { tokenUrl: "https://login.acme.test/token", lifetime: "1 hour" } },
 *   grant: "client_credentials",
 *   clientAuth: (options: AcmeOptions) => ClientAuth.secretPost(options),
 *   configPrefix: "ACME",
 *   config: { clientId: Config.String("ACME_CLIENT_ID"), clientSecret: Config.Redacted("ACME_CLIENT_SECRET") },
 * }) {}
 *
 * @since 0.1.0
 */
export const Service =
  <Self>() =>
  <
    const Id extends string,
    Options extends Definition.CommonOptions,
    Operations extends object = {},
    Certificate extends Definition.CertificateUse = "never",
  >(
    id: Id,
    definition: Definition.Definition<Options, Operations, Certificate>,
  ): ServiceClass<Self, Id, Options, Operations, Certificate> => {
    const tag = Context.Service<Self, Definition.Provider & Operations>()(id);
    const build = (options: Options) => make(definition, options);
    const layer = (options: Options) => Layer.effect(tag, build(options));
    // The layers need less than `make` may ask for: `Requirements` and `make` read the same facts.
    return Object.assign(tag, {
      definition,
      make: build,
      layer,
      layerConfig: (overrides: ConfigOverrides<Options> = {}) =>
        Layer.unwrap(Effect.map(configOf(definition, overrides), layer)),
      layerTest: (options: TestOptions<Operations> = {}) =>
        Layer.succeed(tag, stub(definition, options)),
    }) as ServiceClass<Self, Id, Options, Operations, Certificate>;
  };

const configOf = <Options extends Definition.CommonOptions>(
  definition: {
    readonly environments: object;
    readonly config: object;
    readonly configPrefix: string;
  },
  overrides: ConfigOverrides<Options>,
): Config.Config<Options> => {
  const key = (name: string) => `${definition.configPrefix}_${name}`;
  const optional = (name: string) => Config.withDefault(Config.String(key(name)), undefined);
  return Config.all({
    environment: Config.Literals(Object.keys(definition.environments), key("ENVIRONMENT")),
    tokenUrl: optional("TOKEN_URL"),
    apiUrl: optional("API_URL"),
    ...definition.config,
    ...overrides,
  }) as Config.Config<Options>;
};

const stub = <Options extends Definition.CommonOptions, Operations extends object>(
  definition: Definition.Definition<Options, Operations, Definition.CertificateUse>,
  options: TestOptions<Operations>,
): Definition.Provider & Operations => {
  const token = new AccessToken({
    value: Redacted.make("test-token"),
    issuedAt: 0,
    expiresAt: Number.MAX_SAFE_INTEGER,
  });
  const source: TokenSource.TokenSource = {
    get: options.get ?? Effect.succeed(token),
    invalidate: options.invalidate ?? (() => Effect.void),
    peekUnsafe: options.peekUnsafe ?? (() => token),
    drop: () => Effect.void,
    acceptedUnsafe: () => {},
    refusedUnsafe: () => {},
  };
  const environments: ReadonlyArray<Definition.Environment> = Object.values(
    definition.environments,
  );
  const httpClient = BearerClient.make({
    provider: definition.name,
    source,
    connection: connect(options.httpClient ?? noHttpClient(definition.name)),
    apiUrl: options.apiUrl ?? environments[0]?.apiUrl ?? "https://api.test",
  });
  const management: TokenManagement.TokenManagement = {
    introspect: () => Effect.succeed({ active: true }),
    revoke: () => Effect.void,
  };
  return Object.assign(assemble(definition, source, httpClient, management), options.operations);
};

const noHttpClient = (provider: string) =>
  HttpClient.make(() =>
    Effect.die(`${provider}.layerTest was given no httpClient to call the API with`),
  );
