import * as ClientAuth from "@x/core/ClientAuth";
import type * as Definition from "@x/core/Definition";
import type * as MutualTls from "@x/core/MutualTls";
import * as PrivateKeyJwt from "@x/core/PrivateKeyJwt";
import * as Provider from "@x/core/Provider";
import type * as TokenError from "@x/core/TokenError";
import type { AccessToken } from "@x/core/AccessToken";
import * as Config from "effect/Config";
import * as Effect from "effect/Effect";
import type * as HttpClient from "effect/http/HttpClient";
import type * as HttpClientError from "effect/http/HttpClientError";
import type * as HttpClientResponse from "effect/http/HttpClientResponse";
import type * as Layer from "effect/Layer";
import * as Redacted from "effect/Redacted";
import type * as Scope from "effect/Scope";
import { describe, expectTypeOf, it } from "vitest";
import { Acme, Bound, Certified } from "./acme.ts";
import type { AcmeOptions, BoundOptions } from "./acme.ts";

// The compiler checks these: a wrong type fails `check`, not the test run.

type Plain = HttpClient.HttpClient;
type Certificate = HttpClient.HttpClient | MutualTls.MutualTls;

const acme = {
  environment: "production",
  clientId: "id",
  clientSecret: Redacted.make("s"),
} as const;
const bound = { environment: "production", clientId: "id" } as const;
const key = Redacted.make("pem");
const assertion = PrivateKeyJwt.make({ key });
const boundAssertion = PrivateKeyJwt.make({ key, certificateBoundTokens: true });
const maybeBound: PrivateKeyJwt.PrivateKeyJwt = assertion;

/** What a layer needs, for the compiler only. */
const needs = <R>(_layer: Layer.Layer<Bound, TokenError.TokenError, R>) => undefined as R;

describe("a layer needs", () => {
  it("an HttpClient for a vendor without certificates", () => {
    expectTypeOf(Acme.layer(acme)).toEqualTypeOf<Layer.Layer<Acme, TokenError.TokenError, Plain>>();
    expectTypeOf(Acme.layerConfig()).toEqualTypeOf<
      Layer.Layer<Acme, TokenError.TokenError | Config.ConfigError, Plain>
    >();
  });

  it("MutualTls too for a vendor that always sees one", () => {
    expectTypeOf(Certified.layer(bound)).toEqualTypeOf<
      Layer.Layer<Certified, TokenError.TokenError, Certificate>
    >();
    expectTypeOf(Certified.layerConfig()).toEqualTypeOf<
      Layer.Layer<Certified, TokenError.TokenError | Config.ConfigError, Certificate>
    >();
  });

  it("what the options say where they decide", () => {
    const withAuth = <const Auth extends BoundOptions["clientAuth"]>(clientAuth: Auth) =>
      ({ ...bound, clientAuth }) as const;
    const certificate = withAuth("tls_client_auth");
    const unbound = PrivateKeyJwt.make({ key, certificateBoundTokens: false });
    expectTypeOf(needs(Bound.layer(certificate))).toEqualTypeOf<Certificate>();
    expectTypeOf(needs(Bound.layer(withAuth(boundAssertion)))).toEqualTypeOf<Certificate>();
    expectTypeOf(needs(Bound.layer(withAuth(maybeBound)))).toEqualTypeOf<Certificate>();
    expectTypeOf(needs(Bound.layer(withAuth(assertion)))).toEqualTypeOf<Plain>();
    expectTypeOf(needs(Bound.layer(withAuth(unbound)))).toEqualTypeOf<Plain>();
    expectTypeOf(
      needs(Bound.layer({ ...bound, clientAuth: PrivateKeyJwt.make({ key }) })),
    ).toEqualTypeOf<Plain>();
  });

  it("what the overrides say where the options come from Config", () => {
    type Error = TokenError.TokenError | Config.ConfigError;
    expectTypeOf(Bound.layerConfig()).toEqualTypeOf<Layer.Layer<Bound, Error, Certificate>>();
    expectTypeOf(Bound.layerConfig({ clientAuth: Config.succeed(assertion) })).toEqualTypeOf<
      Layer.Layer<Bound, Error, Plain>
    >();
    expectTypeOf(Bound.layerConfig({ clientAuth: Config.succeed(boundAssertion) })).toEqualTypeOf<
      Layer.Layer<Bound, Error, Certificate>
    >();
  });

  it("nothing in tests", () => {
    expectTypeOf(Acme.layerTest()).toEqualTypeOf<Layer.Layer<Acme>>();
    expectTypeOf(Bound.layerTest()).toEqualTypeOf<Layer.Layer<Bound>>();
  });

  it("a scope where the value is made without a layer", () => {
    type Requirements<E> = E extends Effect.Effect<infer _A, infer _E, infer R> ? R : never;
    const made = Acme.make(acme);
    expectTypeOf<Requirements<typeof made>>().toEqualTypeOf<Plain | Scope.Scope>();
    const unbound = Bound.make({ ...bound, clientAuth: assertion });
    expectTypeOf<Requirements<typeof unbound>>().toEqualTypeOf<Plain | Scope.Scope>();
    const certified = Bound.make({ ...bound, clientAuth: "tls_client_auth" });
    expectTypeOf<Requirements<typeof certified>>().toEqualTypeOf<Certificate | Scope.Scope>();
  });
});

describe("MutualTls.RequiredBy", () => {
  // The same cases at run time are in MutualTls.test.ts.
  it("agrees with isRequiredBy", () => {
    type By<Auth> = MutualTls.RequiredBy<{ readonly clientAuth: Auth }>;
    expectTypeOf<By<"tls_client_auth">>().toEqualTypeOf<MutualTls.MutualTls>();
    expectTypeOf<By<"self_signed_tls_client_auth">>().toEqualTypeOf<MutualTls.MutualTls>();
    expectTypeOf<By<"client_secret_basic">>().toBeNever();
    expectTypeOf<By<PrivateKeyJwt.PrivateKeyJwt<false>>>().toBeNever();
    expectTypeOf<By<PrivateKeyJwt.PrivateKeyJwt<true>>>().toEqualTypeOf<MutualTls.MutualTls>();
    expectTypeOf<By<PrivateKeyJwt.PrivateKeyJwt>>().toEqualTypeOf<MutualTls.MutualTls>();
    expectTypeOf<By<undefined>>().toBeNever();
    expectTypeOf<By<null>>().toBeNever();
    expectTypeOf<MutualTls.RequiredBy<{}>>().toBeNever();
    expectTypeOf<By<typeof assertion>>().toBeNever();
    expectTypeOf<By<typeof boundAssertion>>().toEqualTypeOf<MutualTls.MutualTls>();
  });

  it("is required where it may be", () => {
    type By<Auth> = MutualTls.RequiredBy<{ readonly clientAuth?: Auth }>;
    expectTypeOf<By<"tls_client_auth">>().toEqualTypeOf<MutualTls.MutualTls>();
    expectTypeOf<
      By<"tls_client_auth" | PrivateKeyJwt.PrivateKeyJwt<false>>
    >().toEqualTypeOf<MutualTls.MutualTls>();
  });
});

describe("options are refused", () => {
  it("with a name that there is not", () => {
    // @ts-expect-error `clientID` is a typo of `clientId`.
    expectTypeOf(Acme.layer({ ...acme, clientID: "id" })).not.toBeAny();
    // @ts-expect-error `tokenURL` is a typo of `tokenUrl`.
    expectTypeOf(Acme.make({ ...acme, tokenURL: "https://login.acme.test/token" })).not.toBeAny();
    // @ts-expect-error `clientID` is no option that a Config could be given for.
    expectTypeOf(Acme.layerConfig({ clientID: Config.String("ID") })).not.toBeAny();
    // @ts-expect-error `httpClients` is a typo of `httpClient`.
    expectTypeOf(Acme.layerTest({ httpClients: undefined })).not.toBeAny();
  });

  it("without one that there must be", () => {
    // @ts-expect-error `clientSecret` is missing.
    expectTypeOf(Acme.layer({ environment: "production", clientId: "id" })).not.toBeAny();
    // @ts-expect-error `environment` is missing.
    expectTypeOf(Acme.layer({ clientId: "id", clientSecret: key })).not.toBeAny();
  });

  it("with a value of another type", () => {
    // @ts-expect-error "staging" is not an environment of Acme.
    expectTypeOf(Acme.layer({ ...acme, environment: "staging" })).not.toBeAny();
    // @ts-expect-error A secret is `Redacted`.
    expectTypeOf(Acme.layer({ ...acme, clientSecret: "s" })).not.toBeAny();
    // @ts-expect-error Bound takes no client secret.
    expectTypeOf(Bound.layer({ ...bound, clientAuth: "client_secret_basic" })).not.toBeAny();
    // @ts-expect-error A Config of another type than the option's.
    expectTypeOf(Acme.layerConfig({ clientSecret: Config.String("SECRET") })).not.toBeAny();
  });
});

describe("a definition is refused", () => {
  const definition = {
    name: "Odd",
    grant: "client_credentials",
    configPrefix: "ODD",
    clientAuth: (options: AcmeOptions) => ClientAuth.secretPost(options),
  } as const;
  const config = {
    clientId: Config.String("ODD_CLIENT_ID"),
    clientSecret: Config.Redacted("ODD_CLIENT_SECRET"),
    scope: Config.succeed(undefined),
  };
  const environments = {
    production: { lifetime: "1 hour" },
    sandbox: { lifetime: "1 hour" },
  } as const;

  it("without one of the environments of its options", () => {
    const { production } = environments;
    const lacking = { ...definition, config, environments: { production } };
    // @ts-expect-error `sandbox` is missing.
    expectTypeOf(Provider.Service<Acme>()("odd/Odd", lacking)).not.toBeAny();
    const whole = { ...definition, config, environments };
    expectTypeOf(Provider.Service<Acme>()("odd/Odd", whole)).not.toBeAny();
  });

  it("without the Config of an option", () => {
    const { clientId, scope } = config;
    const lacking = { ...definition, environments, config: { clientId, scope } };
    // @ts-expect-error `clientSecret` is missing.
    expectTypeOf(Provider.Service<Acme>()("odd/Odd", lacking)).not.toBeAny();
  });

  it("without a lifetime", () => {
    const lacking = { ...definition, config, environments: { ...environments, production: {} } };
    // @ts-expect-error `lifetime` of `production` is missing.
    expectTypeOf(Provider.Service<Acme>()("odd/Odd", lacking)).not.toBeAny();
  });
});

type Value = (typeof Acme)["Service"];

const recovered = (provider: Value) =>
  provider.get.pipe(
    Effect.catchReason("TokenError", "ServerUnavailable", (reason) => {
      expectTypeOf(reason).toEqualTypeOf<TokenError.ServerUnavailable>();
      return Effect.succeed(reason.retryAfter);
    }),
  );

describe("the service value", () => {
  it("has tokens, a client and the vendor's operations", () => {
    expectTypeOf<Value>().toExtend<Definition.Provider>();
    expectTypeOf<Value["get"]>().toEqualTypeOf<Effect.Effect<AccessToken, TokenError.TokenError>>();
    expectTypeOf<Value["peekUnsafe"]>().returns.toEqualTypeOf<AccessToken | undefined>();
    expectTypeOf<Value["invalidate"]>().toEqualTypeOf<
      (token: AccessToken) => Effect.Effect<void>
    >();
    expectTypeOf<Value["echo"]>().returns.toEqualTypeOf<
      Effect.Effect<string, HttpClientError.HttpClientError | TokenError.TokenError>
    >();
  });

  it("has a client whose requests fail as any client's do, or for want of a token", () => {
    expectTypeOf<Value["httpClient"]["get"]>().returns.toEqualTypeOf<
      Effect.Effect<
        HttpClientResponse.HttpClientResponse,
        HttpClientError.HttpClientError | TokenError.TokenError
      >
    >();
  });

  it("is what the class yields", () => {
    const program = Effect.map(Acme, (provider) => {
      expectTypeOf(provider).toEqualTypeOf<Value>();
      return provider.get;
    });
    expectTypeOf(program).toEqualTypeOf<
      Effect.Effect<Effect.Effect<AccessToken, TokenError.TokenError>, never, Acme>
    >();
  });

  it("recovers by reason, with the reason's own type", () => {
    expectTypeOf(recovered).returns.toEqualTypeOf<
      Effect.Effect<AccessToken | number | undefined, TokenError.TokenError>
    >();
  });
});
