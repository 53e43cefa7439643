import * as ClientAuth from "@x/core/ClientAuth";
import * as Grant from "@x/core/Grant";
import type { Method } from "@x/core/ClientAuth";
import type * as MutualTls from "@x/core/MutualTls";
import * as Options from "@x/core/Options";
import * as PrivateKeyJwt from "@x/core/PrivateKeyJwt";
import * as Provider from "@x/core/Provider";
import type * as Secret from "@x/core/Secret";
import type * as TokenError from "@x/core/TokenError";
import type { AccessToken } from "@x/core/AccessToken";
import * as Config from "effect/Config";
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import type * as HttpClient from "effect/http/HttpClient";
import type * as HttpClientError from "effect/http/HttpClientError";
import type * as HttpClientResponse from "effect/http/HttpClientResponse";
import type * as Layer from "effect/Layer";
import * as Redacted from "effect/Redacted";
import * as Schema from "effect/Schema";
import type * as Scope from "effect/Scope";
import { describe, expectTypeOf, it } from "vitest";
import { Acme, Bound, Certified } from "./acme.ts";

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
declare const isBound: boolean;

/** What a layer needs. */
const needs = <R>(_layer: Layer.Layer<Bound, TokenError.TokenError, R>) => undefined as R;

describe("a layer", () => {
  it("needs an HttpClient for a vendor without certificates", () => {
    expectTypeOf(Acme.layer(acme)).toEqualTypeOf<Layer.Layer<Acme, TokenError.TokenError, Plain>>();
    expectTypeOf(Acme.layerConfig()).toEqualTypeOf<
      Layer.Layer<Acme, TokenError.TokenError, Plain>
    >();
  });

  it("needs MutualTls for a vendor that always sees a certificate", () => {
    expectTypeOf(Certified.layer(bound)).toEqualTypeOf<
      Layer.Layer<Certified, TokenError.TokenError, Certificate>
    >();
    expectTypeOf(Certified.layerConfig()).toEqualTypeOf<
      Layer.Layer<Certified, TokenError.TokenError, Certificate>
    >();
  });

  it("needs what its client authentication needs", () => {
    const withAuth = <M extends Method<any>>(clientAuth: M) =>
      needs(Bound.layer({ ...bound, clientAuth }));
    expectTypeOf(withAuth(ClientAuth.tlsClientAuth)).toEqualTypeOf<Certificate>();
    expectTypeOf(withAuth(boundAssertion)).toEqualTypeOf<Certificate>();
    expectTypeOf(withAuth(assertion)).toEqualTypeOf<Plain>();
    expectTypeOf(
      withAuth(PrivateKeyJwt.make({ key, certificateBoundTokens: isBound })),
    ).toEqualTypeOf<Certificate>();
    expectTypeOf(
      withAuth(isBound ? ClientAuth.tlsClientAuth : assertion),
    ).toEqualTypeOf<Certificate>();
    expectTypeOf(
      needs(Bound.layer({ ...bound, clientAuth: PrivateKeyJwt.make({ key }) })),
    ).toEqualTypeOf<Plain>();
  });

  it("needs what the overrides of layerConfig need", () => {
    expectTypeOf(needs(Bound.layerConfig())).toEqualTypeOf<Certificate>();
    expectTypeOf(needs(Bound.layerConfig({ clientAuth: assertion }))).toEqualTypeOf<Plain>();
    expectTypeOf(
      needs(Bound.layerConfig({ clientAuth: Config.succeed(boundAssertion) })),
    ).toEqualTypeOf<Certificate>();
  });

  it("needs nothing in tests", () => {
    expectTypeOf(Acme.layerTest()).toEqualTypeOf<Layer.Layer<Acme>>();
    expectTypeOf(Bound.layerTest()).toEqualTypeOf<Layer.Layer<Bound>>();
  });

  it("needs its vendor to provide an HttpClient", () => {
    expectTypeOf(Acme.layerHttpClient).toEqualTypeOf<Layer.Layer<Plain, never, Acme>>();
  });

  it("needs a service that its grant reads a subject token from", () => {
    class Subject extends Context.Service<Subject, { readonly token: Redacted.Redacted }>()(
      "acme/Subject",
    ) {}
    class Exchange extends Provider.Service<Exchange>()("acme/Exchange", {
      name: "Exchange",
      options: {},
      environments: { production: { lifetime: "1 hour" } },
      grant: () =>
        Grant.tokenExchange({
          subjectToken: Effect.map(Subject, ({ token }) => token),
          subjectTokenType: "urn:ietf:params:oauth:token-type:jwt",
        }),
      clientAuth: () => ClientAuth.none,
    }) {}
    expectTypeOf(Exchange.layer({ environment: "production" })).toEqualTypeOf<
      Layer.Layer<Exchange, TokenError.TokenError, Plain | Subject>
    >();
  });
});

describe("make", () => {
  it("needs a scope", () => {
    type Requirements<E> = E extends Effect.Effect<infer _A, infer _E, infer R> ? R : never;
    const made = Acme.make(acme);
    expectTypeOf<Requirements<typeof made>>().toEqualTypeOf<Plain | Scope.Scope>();
    const unbound = Bound.make({ ...bound, clientAuth: assertion });
    expectTypeOf<Requirements<typeof unbound>>().toEqualTypeOf<Plain | Scope.Scope>();
    const certified = Bound.make({ ...bound, clientAuth: ClientAuth.tlsClientAuth });
    expectTypeOf<Requirements<typeof certified>>().toEqualTypeOf<Certificate | Scope.Scope>();
  });
});

describe("options", () => {
  it("have the types of their schemas", () => {
    type O = Provider.OptionsOf<typeof Acme>;
    expectTypeOf<O["environment"]>().toEqualTypeOf<"production" | "sandbox">();
    expectTypeOf<O["clientId"]>().toEqualTypeOf<string>();
    expectTypeOf<O["clientSecret"]>().toEqualTypeOf<Redacted.Redacted | Secret.Secret>();
    expectTypeOf<O["scope"]>().toEqualTypeOf<string | undefined>();
    expectTypeOf<O["requireGrantedScope"]>().toEqualTypeOf<boolean | undefined>();
    expectTypeOf<{
      environment: "sandbox";
      clientId: string;
      clientSecret: Redacted.Redacted;
    }>().toExtend<O>();
  });

  it("refuse a name that there is not, and suggest the right one", () => {
    // @ts-expect-error `clientID` is a typo of `clientId`.
    expectTypeOf(Acme.layer({ ...acme, clientID: "id" })).not.toBeAny();
    // @ts-expect-error `tokenURL` is a typo of `tokenUrl`.
    expectTypeOf(Acme.make({ ...acme, tokenURL: "https://login.acme.test/token" })).not.toBeAny();
    // @ts-expect-error `clientID` is no option that a Config could be given for.
    expectTypeOf(Acme.layerConfig({ clientID: Config.String("ID") })).not.toBeAny();
    // @ts-expect-error `httpClients` is a typo of `httpClient`.
    expectTypeOf(Acme.layerTest({ httpClients: undefined })).not.toBeAny();
  });

  it("refuse to be incomplete", () => {
    // @ts-expect-error `clientSecret` is missing.
    expectTypeOf(Acme.layer({ environment: "production", clientId: "id" })).not.toBeAny();
    // @ts-expect-error `environment` is missing.
    expectTypeOf(Acme.layer({ clientId: "id", clientSecret: key })).not.toBeAny();
  });

  it("refuse a value of another type", () => {
    // @ts-expect-error "staging" is not an environment of Acme.
    expectTypeOf(Acme.layer({ ...acme, environment: "staging" })).not.toBeAny();
    // @ts-expect-error A secret is `Redacted`.
    expectTypeOf(Acme.layer({ ...acme, clientSecret: "s" })).not.toBeAny();
    // @ts-expect-error Client authentication is a method, and no word.
    expectTypeOf(Bound.layer({ ...bound, clientAuth: "tls_client_auth" })).not.toBeAny();
    // @ts-expect-error A Config of another type than the option's.
    expectTypeOf(Acme.layerConfig({ clientSecret: Config.String("SECRET") })).not.toBeAny();
  });
});

describe("a definition", () => {
  const whole = {
    name: "Odd",
    options: { clientId: Options.Text, count: Schema.Number },
    environments: { production: { lifetime: "1 hour" } },
    grant: () => Grant.clientCredentials(),
    clientAuth: ({ clientId }: { readonly clientId: string }) =>
      ClientAuth.publicClient({ clientId }),
  } as const;

  it("takes any schema as an option", () => {
    const Odd = Provider.Service<Acme>()("odd/Odd", whole);
    expectTypeOf<Provider.OptionsOf<typeof Odd>["count"]>().toEqualTypeOf<number>();
  });

  it("refuses an environment without a lifetime", () => {
    const lacking = { ...whole, environments: { production: {} } };
    // @ts-expect-error `lifetime` of `production` is missing.
    expectTypeOf(Provider.Service<Acme>()("odd/Odd", lacking)).not.toBeAny();
  });

  it("refuses a grant that is a word", () => {
    const odd = { ...whole, grant: () => "password" };
    // @ts-expect-error A grant is a value of `Grant`.
    expectTypeOf(Provider.Service<Acme>()("odd/Odd", odd)).not.toBeAny();
  });

  it("gives its functions the options", () => {
    void Provider.Service<Acme>()("odd/Odd", {
      ...whole,
      clientAuth: (options) => {
        expectTypeOf(options.clientId).toEqualTypeOf<string>();
        expectTypeOf(options.environment).toEqualTypeOf<"production">();
        expectTypeOf(options.requireGrantedScope).toEqualTypeOf<boolean>();
        return ClientAuth.publicClient(options);
      },
    });
  });

  it("types the further members of its answers", () => {
    class Extra extends Provider.Service<Extra>()("acme/Extra", {
      ...whole,
      response: { extra: { instance_url: Schema.String } },
      api: { url: ({ extra }) => extra.instance_url, hosts: ["eu.acme.test"] },
    }) {}
    type Token = Effect.Success<Extra["Service"]["get"]>;
    expectTypeOf<Token["extra"]>().toEqualTypeOf<{ readonly instance_url: string }>();
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
  it("has tokens, clients and the vendor's operations", () => {
    expectTypeOf<Value>().toExtend<Provider.Provider<unknown, never>>();
    expectTypeOf<Value["get"]>().toEqualTypeOf<Effect.Effect<AccessToken, TokenError.TokenError>>();
    expectTypeOf<Value["peek"]>().toEqualTypeOf<Effect.Effect<AccessToken | undefined>>();
    expectTypeOf<Value["invalidate"]>().toEqualTypeOf<
      (token: AccessToken<unknown>) => Effect.Effect<boolean>
    >();
    expectTypeOf<Value["with"]>()
      .parameter(0)
      .toEqualTypeOf<{ readonly scope?: string | undefined }>();
    expectTypeOf<Value["plainHttpClient"]>().toEqualTypeOf<HttpClient.HttpClient>();
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
