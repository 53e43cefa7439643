/** A vendor for tests, which sends nothing but API calls to the given client. */
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as HttpClient from "effect/http/HttpClient";
import * as Redacted from "effect/Redacted";
import * as AccessToken from "../AccessToken.ts";
import * as Authorization from "../Authorization.ts";
import type { Provider, TestOptions } from "../Definition.ts";
import type { TokenManagement } from "../TokenStatus.ts";
import * as bearer from "./bearer.ts";
import type { Token, TokenSource } from "./source/TokenSource.ts";
import type { Definition } from "./erased.ts";

/** Lifetime of a test's token in milliseconds. */
const lifetime = 3_600_000;

export const fake = (
  definition: Definition,
  test: TestOptions<any, any>,
): Effect.Effect<Provider<any, any>> =>
  Effect.map(Clock.Clock, (clock) => {
    let current: Token | undefined;
    let count = 0;
    const living = () =>
      current !== undefined && current.expiresAt > clock.currentTimeMillisUnsafe()
        ? current
        : undefined;
    const issue = () => {
      const issuedAt = clock.currentTimeMillisUnsafe();
      count++;
      current = new AccessToken.AccessToken<unknown>({
        value: Redacted.make(`test-token-${count}`),
        issuedAt,
        monotonicIssuedAt: clock.monotonicTimeNanosUnsafe(),
        expiresAt: issuedAt + lifetime,
        extra: test.extra ?? {},
      });
      return current;
    };
    const source: TokenSource = {
      getUnsafe: () => test.get ?? Effect.succeed(living() ?? issue()),
      invalidate: (token) =>
        Effect.sync(() => {
          if (current === undefined || !AccessToken.hasSameValue(current, token)) return false;
          current = undefined;
          return true;
        }),
    };
    const httpClient = bearer.make({
      provider: definition.name,
      source,
      connection: Effect.succeed({
        httpClient: test.httpClient ?? noHttpClient(definition.name),
        thumbprint: undefined,
      }),
      authorization: definition.api?.authorization ?? Authorization.bearer,
      base: test.apiUrl ?? firstApi(definition),
      origins: [test.apiUrl ?? firstApi(definition)],
      hosts: [],
    });
    const provider: Provider<any, any> = {
      get: Effect.suspend(() => source.getUnsafe()),
      with: () => provider,
      invalidate: source.invalidate,
      peek: Effect.sync(living),
      peekUnsafe: living,
      httpClient,
      plainHttpClient: bearer.plain(httpClient),
    };
    return Object.assign(provider, definition.operations?.(provider, management), test.operations);
  });

const management: TokenManagement = {
  introspect: () => Effect.succeed({ active: true }),
  revoke: () => Effect.void,
};

const firstApi = ({ environments }: Definition): string =>
  Object.values(environments)
    .map(({ apiUrl }) => apiUrl)
    .find((apiUrl) => typeof apiUrl === "string") ?? "https://api.test";

const noHttpClient = (provider: string) =>
  HttpClient.make(() =>
    Effect.die(`${provider}.layerTest was given no httpClient to call the API with`),
  );
