/** Builds the chain from options to API calls, inside out. This is the one place where all of it is written. */
import * as Context from "effect/Context";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as HttpClient from "effect/http/HttpClient";
import * as Predicate from "effect/Predicate";
import * as Redacted from "effect/Redacted";
import * as Schema from "effect/Schema";
import * as Scope from "effect/Scope";
import type { AccessToken } from "../AccessToken.ts";
import * as Authorization from "../Authorization.ts";
import * as ClientAuth from "../ClientAuth.ts";
import type { Grant } from "../Grant.ts";
import * as MutualTls from "../MutualTls.ts";
import type * as Options from "../Options.ts";
import type { Provider } from "../Definition.ts";
import * as RefreshPolicy from "../RefreshPolicy.ts";
import * as TokenError from "../TokenError.ts";
import type { TokenManagement } from "../TokenStatus.ts";
import * as TokenStore from "../TokenStore.ts";
import * as acquisition from "./acquisition.ts";
import * as bearer from "./bearer.ts";
import * as endpoint from "./endpoint.ts";
import { located, serverOf } from "./locate.ts";
import * as managementOf from "./management.ts";
import * as options from "./options.ts";
import { background } from "./source/background.ts";
import { keyed } from "./source/keyed.ts";
import * as refusals from "./source/refusals.ts";
import { retrying } from "./source/retrying.ts";
import { type Stack, stack } from "./source/stack.ts";
import type { Token } from "./source/TokenSource.ts";
import type { Definition, Values } from "./erased.ts";

/** Choices of calls whose tokens one provider keeps. */
const mostKeys = 256;

/** Builds the service value of a vendor. Fails before any request. */
export const make = Effect.fnUntraced(function* (
  definition: Definition,
  fields: Options.Fields,
  values: Values,
): Effect.fn.Return<Provider<any, any>, TokenError.Reason, any> {
  const context: Context.Context<any> = yield* Effect.context<any>();
  const environment = definition.environments[values.environment]!;
  const places = yield* located(environment, values);

  // What all keys share.
  const clientAuth = yield* resolve(definition.clientAuth(values), context);
  const isCertified = (yield* clientAuth.connection).thumbprint !== undefined;
  if (isCertified) yield* warnOfSharing(definition.name, context);
  const server = yield* serverOf(places, values, {
    httpClient: Context.get(context, HttpClient.HttpClient),
    withCertificate: isCertified,
  });
  const firstGrant = yield* grantOf(definition, values, context);
  const policy = RefreshPolicy.forGrant(values.refresh ?? RefreshPolicy.make(), firstGrant);
  yield* RefreshPolicy.check(policy);
  const ask = endpoint.make({ server, clientAuth, timeout: policy.acquisition.timeout });
  const store = yield* TokenStore.TokenStore;
  if (values.revokeOnClose === true && store !== undefined) {
    return yield* TokenError.optionInvalid(
      "revokeOnClose",
      "would revoke tokens that other processes take from the TokenStore; use one of the two",
    );
  }
  const certificate = Context.getOrUndefined(context, MutualTls.MutualTls);
  /** Tells the account of these values from others, as its secrets and certificate are now. */
  const identityOf = (chosen: Values) =>
    Effect.map(options.identity(fields, chosen), (identity): TokenStore.Identity => [
      ["provider", definition.name],
      ...identity,
      ["thumbprint", isCertified ? (certificate?.currentUnsafe().thumbprint ?? "") : ""],
    ]).pipe(TokenError.withProvider(definition.name));
  const credentials = yield* refusals.memory(policy, identityOf(values));
  const issued = managementOf.issued();
  // A scope of its own: it closes before the tokens are revoked, so that no acquisition ends later.
  const life = yield* Scope.fork(yield* Effect.scope);
  const span = <A, E>(name: string, effect: Effect.Effect<A, E>) =>
    Effect.withSpan(effect, name, {
      kind: "client",
      attributes: {
        "oauth.provider": definition.name,
        "oauth.client_auth_method": clientAuth.method,
      },
    });
  const isUsable = (token: Token) =>
    token.thumbprint === undefined ||
    certificate === undefined ||
    token.thumbprint === certificate.currentUnsafe().thumbprint;

  /** Builds the life cycle of the tokens for one choice of values. */
  const makeSource = Effect.fnUntraced(function* (chosen: Values, grant: Grant) {
    const { tokenType = ["Bearer"], extra } = definition.response ?? {};
    const attempt = acquisition
      .attempt({
        provider: definition.name,
        ask,
        grant,
        dialect: { tokenType, extra: extra && Schema.Struct(extra) },
        lifetime: Duration.toMillis(environment.lifetime),
        maxLifetime: Duration.toMillis(policy.maxLifetime),
        requireGrantedScope: values.requireGrantedScope,
      })
      .pipe(
        Effect.tap(values.revokeOnClose === true ? issued.note : () => Effect.void),
        TokenError.withProvider(definition.name),
      );
    return yield* stack({
      provider: definition.name,
      acquire: retrying(attempt, policy, definition.name, (effect) => span("oauth.token", effect)),
      policy,
      credentials,
      store,
      identity: identityOf(chosen),
      isUsable,
    });
  });

  const toProvider = ({ cached, source }: Stack, chosen: object): Provider<any, any> => {
    const { apiUrl } = places;
    const httpClient = bearer.make({
      provider: definition.name,
      source,
      connection:
        definition.api?.certificate?.(values) === true
          ? clientAuth.connection
          : Effect.provideContext(ClientAuth.plain, context),
      authorization: definition.api?.authorization ?? Authorization.bearer,
      base: values.apiUrl ?? definition.api?.url ?? apiUrl,
      origins: [...(apiUrl === undefined ? [] : [apiUrl]), ...(values.apiOrigins ?? [])],
      hosts: definition.api?.hosts ?? [],
    });
    const peekUnsafe = () => cached.peekUnsafe()?.token;
    return {
      get: Effect.suspend(() => source.getUnsafe()),
      with: (keys: object) => withKeys({ ...chosen, ...keys }),
      invalidate: source.invalidate,
      peek: Effect.sync(peekUnsafe),
      peekUnsafe,
      httpClient,
      plainHttpClient: bearer.plain(httpClient),
    };
  };

  const first = yield* Scope.provide(makeSource(values, firstGrant), life);
  if (policy.mode === "background") yield* Scope.provide(background(first.ahead), life);
  const base = toProvider(first, {});
  const choices = keyed(mostKeys, (keys: Readonly<Record<string, unknown>>) => {
    const chosen: Values = { ...values, ...keys };
    let made: Grant | undefined;
    // Making a grant may take time, and a choice that cannot work fails when a token is asked for.
    const grant = Effect.suspend(() => {
      if (made !== undefined) return Effect.succeed(made);
      return options.checkChoice(fields, definition.perCall ?? [], keys, chosen).pipe(
        Effect.andThen(Effect.suspend(() => grantOf(definition, chosen, context))),
        Effect.tap((one) => Effect.sync(() => (made = one))),
      );
    });
    const lazy: Grant = {
      ...firstGrant,
      request: (to) => Effect.flatMap(grant, ({ request }) => request(to)),
    };
    const source = Effect.runSync(
      makeSource(chosen, lazy).pipe(Scope.provide(life), Effect.provideContext(context)),
    );
    return { source, provider: toProvider(source, keys) };
  });
  const withKeys = (keys: object): Provider<any, any> => {
    const chosen = Object.entries(keys)
      .filter(([, value]) => value !== undefined)
      .toSorted(([a], [b]) => (a < b ? -1 : 1));
    if (chosen.length === 0) return base;
    const key = JSON.stringify(chosen.map(([name, value]) => [name, textOf(value)]));
    return choices.get(key, Object.fromEntries(chosen)).provider;
  };

  const { introspect, revoke } = managementOf.make(definition.name, ask, span);
  const management: TokenManagement = {
    introspect,
    // First out of memory, so that nobody is handed a token that is about to end.
    revoke: (token: AccessToken<unknown>) =>
      Effect.forEach([first, ...choices.values().map(({ source }) => source)], ({ cached }) =>
        cached.invalidate(token),
      ).pipe(Effect.andThen(revoke(token)), Effect.andThen(issued.forget(token))),
  };
  if (values.revokeOnClose === true) {
    yield* Effect.addFinalizer((exit) =>
      Effect.andThen(Scope.close(life, exit), issued.revokeLiving(management.revoke)),
    );
  }
  return Object.assign(base, definition.operations?.(base, management));
});

/** Returns a text that tells a chosen value from others: texts by what they say, other objects by which they are. */
const textOf = (value: unknown): unknown => {
  if (Redacted.isRedacted(value)) return textOf(Redacted.value(value));
  if (Array.isArray(value)) return value.map(textOf);
  if (!Predicate.isObjectKeyword(value)) return [typeof value, String(value)];
  const known = numbers.get(value) ?? ++last;
  numbers.set(value, known);
  return known;
};

const numbers = new WeakMap<object, number>();
let last = 0;

/** Makes the client authentication of an account and gives it what it needs. */
const resolve = Effect.fnUntraced(function* (
  made: ReturnType<Definition["clientAuth"]>,
  context: Context.Context<any>,
): Effect.fn.Return<ClientAuth.ClientAuth<never>, TokenError.Reason> {
  const clientAuth = Effect.isEffect(made) ? yield* made : made;
  return {
    ...clientAuth,
    connection: Effect.provideContext(clientAuth.connection, context),
  };
});

const grantOf = Effect.fnUntraced(function* (
  definition: Definition,
  values: Values,
  context: Context.Context<any>,
): Effect.fn.Return<Grant, TokenError.Reason> {
  const made = definition.grant(values);
  const grant: Grant<any> = Effect.isEffect(made) ? yield* made : made;
  return {
    ...grant,
    request: (to) => Effect.provideContext(grant.request(to), context),
  };
});

/** Names of the vendors that each certificate serves. */
const served = new WeakMap<object, Set<string>>();

/** Warns when one certificate serves two vendors: most often its layer was provided to a merge of both. */
const warnOfSharing = (provider: string, context: Context.Context<any>): Effect.Effect<void> => {
  const mutualTls = Context.getOrUndefined(context, MutualTls.MutualTls);
  if (mutualTls === undefined) return Effect.void;
  const providers = served.get(mutualTls) ?? new Set();
  served.set(mutualTls, providers.add(provider));
  return providers.size === 1
    ? Effect.void
    : Effect.logWarning(
        `one client certificate serves ${[...providers].join(" and ")}; if each has its own, provide MutualTls to each layer apart`,
      );
};
