import { assert, describe, it } from "@effect/vitest";
import * as RefreshPolicy from "@x/core/RefreshPolicy";
import * as TokenStore from "@x/core/TokenStore";
import * as Config from "effect/Config";
import * as ConfigProvider from "effect/ConfigProvider";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as HttpClient from "effect/http/HttpClient";
import * as Layer from "effect/Layer";
import * as Redacted from "effect/Redacted";
import * as TestClock from "effect/testing/TestClock";
import { Acme } from "./acme.ts";
import type { AcmeOptions } from "./acme.ts";
import { accessToken, everyText, issuing, server, token } from "./scripted.ts";
import type { Server } from "./scripted.ts";

const options = {
  environment: "production",
  clientId: "id",
  clientSecret: Redacted.make("canary-secret"),
} as const;

/** Token endpoint and API of Acme. */
const acme = (fields?: object): Server => {
  let issued = 0;
  return server(({ url }) =>
    new URL(url).pathname.endsWith("/token") ? token(issued++, fields) : new Response(url),
  );
};

const transport = ({ httpClient }: Server) => Layer.succeed(HttpClient.HttpClient, httpClient);

const urls = ({ sent }: Server) => sent.map(({ url }) => url);

describe("Provider.Service", () => {
  it.effect("makes a vendor of 15 lines that fetches tokens and calls the API", () =>
    Effect.gen(function* () {
      const to = acme();
      yield* Effect.gen(function* () {
        const provider = yield* Acme;
        assert.isUndefined(provider.peekUnsafe());
        const first = yield* provider.get;
        assert.strictEqual(Redacted.value(first.value), "token-0");
        assert.strictEqual(provider.peekUnsafe(), first);
        const response = yield* provider.httpClient.get("/orders");
        assert.strictEqual(yield* response.text, "https://api.acme.test/v1/orders");
        assert.strictEqual(yield* provider.ping, 200);
        assert.strictEqual(yield* provider.echo("hi"), "https://api.acme.test/v1/echo/hi");
        yield* provider.invalidate(first);
        assert.strictEqual(Redacted.value((yield* provider.get).value), "token-1");
      }).pipe(
        Effect.provide(
          Acme.layer({ ...options, scope: "read write" }).pipe(Layer.provide(transport(to))),
        ),
      );
      assert.deepStrictEqual(urls(to), [
        "https://login.acme.test/token",
        "https://api.acme.test/v1/orders",
        "https://api.acme.test/v1/ping",
        "https://api.acme.test/v1/echo/hi",
        "https://login.acme.test/token",
      ]);
      assert.strictEqual(
        to.sent[0]?.body,
        "grant_type=client_credentials&scope=read+write&client_id=id&client_secret=canary-secret",
      );
      assert.deepStrictEqual(
        to.sent.map(({ headers }) => headers["authorization"]),
        [undefined, "Bearer token-0", "Bearer token-0", "Bearer token-0", undefined],
      );
    }),
  );

  it("keeps the definition on the class, and the id as its key", () => {
    assert.strictEqual(Acme.key, "acme/Acme");
    assert.strictEqual(Acme.definition.name, "Acme");
  });

  it.effect("shows no secret in the service value", () =>
    Effect.gen(function* () {
      const provider = yield* Acme.make(options);
      yield* provider.get;
      assert.notInclude(everyText(provider), "canary");
      assert.notInclude(everyText(provider), "token-0");
    }).pipe(Effect.provide(transport(acme()))),
  );

  it.effect("makes two accounts that share nothing", () =>
    Effect.gen(function* () {
      const to = acme();
      yield* Effect.gen(function* () {
        const one = yield* Acme.make(options);
        const two = yield* Acme.make({ ...options, clientId: "id-2", apiUrl: "https://two.test" });
        const [a, b] = [yield* one.get, yield* two.get];
        assert.notStrictEqual(Redacted.value(a.value), Redacted.value(b.value));
        yield* one.invalidate(a);
        assert.strictEqual(two.peekUnsafe(), b);
        yield* two.ping;
        assert.strictEqual(to.sent[2]?.url, "https://two.test/ping");
      }).pipe(Effect.provide(transport(to)));
      assert.include(to.sent[1]?.body, "client_id=id-2");
    }),
  );

  it.effect("takes other URLs, origins and policies than its own", () =>
    Effect.gen(function* () {
      const to = acme({ expires_in: undefined });
      yield* Effect.gen(function* () {
        const provider = yield* Acme.make({
          ...options,
          environment: "sandbox",
          tokenUrl: "https://elsewhere.test/token",
          apiUrl: "https://api.elsewhere.test",
          apiOrigins: ["https://files.elsewhere.test"],
          refresh: RefreshPolicy.make({ maxLifetime: Duration.minutes(1) }),
        });
        yield* provider.ping;
        yield* provider.httpClient.get("https://files.elsewhere.test/a");
        const { expiresAt, issuedAt } = yield* provider.get;
        assert.strictEqual(expiresAt - issuedAt, 60_000);
      }).pipe(Effect.provide(transport(to)));
      assert.deepStrictEqual(urls(to), [
        "https://elsewhere.test/token",
        "https://api.elsewhere.test/ping",
        "https://files.elsewhere.test/a",
      ]);
    }),
  );

  it.effect("takes the environment's lifetime where the answer has none", () =>
    Effect.gen(function* () {
      const tokenUrl = "https://login.acme.test/token";
      for (const [environment, lifetime] of [
        ["production", "1 hour"],
        ["sandbox", "5 minutes"],
      ] as const) {
        const provider = yield* Acme.make({ ...options, environment, tokenUrl });
        const { expiresAt, issuedAt } = yield* provider.get;
        assert.strictEqual(expiresAt - issuedAt, Duration.toMillis(lifetime));
      }
    }).pipe(Effect.provide(transport(acme({ expires_in: null })))),
  );
});

describe("Provider.make refuses", () => {
  const bad: ReadonlyArray<readonly [option: string, value: unknown, says: RegExp]> = [
    ["environment", "nowhere", /is not one of production, sandbox/],
    ["environment", "toString", /is not one of/],
    ["environment", "__proto__", /is not one of/],
    ["clientId", undefined, /is missing/],
    ["clientId", "", /is empty/],
    ["clientId", " \t", /is empty/],
    ["clientId", "a\r\nb", /control characters/],
    ["clientSecret", Redacted.make(""), /is empty/],
    ["clientSecret", Redacted.make("canary\n"), /control characters/],
    ["clientSecret", Redacted.make("canary\u0085"), /control characters/],
    ["scope", "", /is empty/],
    ["tokenUrl", "canary", /not an absolute URL/],
    ["tokenUrl", "ftp://canary.test", /not an https URL/],
    ["apiUrl", "https://u:canary@api.test", /user info/],
    ["apiUrl", "https://api.test/?client_secret=canary", /credential in its query/],
    ["apiUrl", "https://api.test/#canary", /fragment/],
    ["apiUrl", "https://api.test/v1?tenant=canary", /contains a query/],
    ["apiUrl", "https://api.test/v1?", /contains a query/],
    ["apiOrigins", ["https://a.test", "canary"], /not an absolute URL/],
  ];
  for (const [option, value, says] of bad) {
    it.effect(
      `${option} ${JSON.stringify(value) ?? "undefined"}, by name and before any request`,
      () =>
        Effect.gen(function* () {
          const to = issuing();
          const changed: AcmeOptions = { ...options, [option]: value };
          const error = yield* Effect.flip(Acme.make(changed)).pipe(Effect.provide(transport(to)));
          assert.strictEqual(error.provider, "Acme");
          assert.strictEqual(error.reason._tag === "OptionInvalid" && error.reason.option, option);
          assert.match(error.message, says);
          assert.notInclude(everyText(error), "canary");
          assert.strictEqual(to.sent.length, 0);
        }),
    );
  }

  it.effect("plain http, but on loopback where that is allowed", () =>
    Effect.gen(function* () {
      const to = issuing();
      const make = (tokenUrl: string, unsafeAllowLoopbackHttp?: boolean) =>
        Acme.make({ ...options, tokenUrl, unsafeAllowLoopbackHttp }).pipe(
          Effect.provide(transport(to)),
        );
      for (const [url, allowed] of [
        ["http://login.acme.test/token", true],
        ["http://localhost/token", false],
        ["http://127.0.0.1.evil.test/", true],
        ["http://localhost.evil.test/", true],
        ["http://10.0.0.1/", true],
      ] as const) {
        const { reason } = yield* Effect.flip(make(url, allowed));
        assert.isTrue(reason._tag === "ServerUntrusted" && reason.problem === "plain-http", url);
      }
      for (const url of [
        "http://localhost:1/token",
        "http://127.0.0.1/token",
        "http://[::1]:2/t",
      ]) {
        yield* Effect.flatMap(make(url, true), ({ get }) => get);
        assert.strictEqual(to.sent.at(-1)?.url, url);
      }
    }),
  );

  it.effect("an environment without a published token endpoint, unless one is given", () =>
    Effect.gen(function* () {
      const { reason } = yield* Effect.flip(Acme.make({ ...options, environment: "sandbox" }));
      assert.strictEqual(reason._tag === "OptionInvalid" && reason.option, "tokenUrl");
      assert.include(reason.message, "no such URL is published for environment sandbox");
    }).pipe(Effect.provide(transport(issuing()))),
  );
});

const withEnv = (env: Readonly<Record<string, string>>) =>
  Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromEnv({ env: { ...env } }));

describe("Provider.Service.layerConfig", () => {
  const environment = {
    ACME_ENVIRONMENT: "production",
    ACME_CLIENT_ID: "id-from-env",
    ACME_CLIENT_SECRET: "canary-secret",
  };
  it.effect("reads the keys of the definition", () =>
    Effect.gen(function* () {
      const to = acme();
      yield* Effect.flatMap(Acme, ({ ping }) => ping).pipe(
        Effect.provide(Acme.layerConfig().pipe(Layer.provide(transport(to)))),
        withEnv({
          ...environment,
          ACME_ENVIRONMENT: "sandbox",
          ACME_TOKEN_URL: "https://env.test/token",
          ACME_API_URL: "https://api.env.test",
          ACME_SCOPE: "read",
        }),
      );
      assert.deepStrictEqual(urls(to), ["https://env.test/token", "https://api.env.test/ping"]);
      assert.strictEqual(
        to.sent[0]?.body,
        "grant_type=client_credentials&scope=read&client_id=id-from-env&client_secret=canary-secret",
      );
    }),
  );

  it.effect("takes another Config for an option", () =>
    Effect.gen(function* () {
      const to = acme();
      const layer = Acme.layerConfig({
        environment: Config.succeed("production"),
        clientId: Config.String("MY_ID"),
        apiOrigins: Config.succeed(["https://files.acme.test"]),
      });
      yield* Effect.flatMap(Acme, ({ httpClient }) =>
        httpClient.get("https://files.acme.test/"),
      ).pipe(
        Effect.provide(layer.pipe(Layer.provide(transport(to)))),
        withEnv({ MY_ID: "mine", ACME_CLIENT_SECRET: "s" }),
      );
      assert.include(to.sent[0]?.body, "client_id=mine");
    }),
  );

  for (const [name, env, says] of [
    [
      "a key that is missing",
      { ACME_CLIENT_SECRET: undefined },
      /ConfigError[^]*ACME_CLIENT_SECRET/,
    ],
    ["an unknown environment", { ACME_ENVIRONMENT: "nowhere" }, /ConfigError[^]*ACME_ENVIRONMENT/],
    [
      "an option that cannot work",
      { ACME_API_URL: "nowhere" },
      /Acme: option apiUrl is not an absolute URL/,
    ],
  ] as const) {
    it.effect(`names ${name}`, () =>
      Effect.gen(function* () {
        const given = Object.entries({ ...environment, ...env }).filter(
          (entry): entry is [string, string] => entry[1] !== undefined,
        );
        const error = yield* Effect.flip(
          Layer.build(Acme.layerConfig()).pipe(
            Effect.provide(transport(issuing())),
            withEnv(Object.fromEntries(given)),
          ),
        );
        assert.match(String(error), says);
        assert.notInclude(everyText(error), "canary");
      }),
    );
  }
});

describe("Provider.Service.layerTest", () => {
  it.effect("needs nothing and has a token", () =>
    Effect.gen(function* () {
      const provider = yield* Acme;
      const first = yield* provider.get;
      assert.strictEqual(provider.peekUnsafe(), first);
      yield* provider.invalidate(first);
      yield* TestClock.adjust("1000 days");
      assert.strictEqual(yield* provider.get, first);
    }).pipe(Effect.provide(Acme.layerTest())),
  );

  it.effect("sends API requests to the given client, as the vendor would get them", () =>
    Effect.gen(function* () {
      const to = acme();
      yield* Effect.flatMap(Acme, ({ ping }) => ping).pipe(
        Effect.provide(Acme.layerTest({ httpClient: to.httpClient })),
      );
      assert.deepStrictEqual(urls(to), ["https://api.acme.test/v1/ping"]);
      assert.strictEqual(to.sent[0]?.headers["authorization"], "Bearer test-token");
    }),
  );

  it.effect("takes what a test says in place of the vendor", () =>
    Effect.gen(function* () {
      const mine = accessToken("mine");
      const to = acme();
      const layer = Acme.layerTest({
        get: Effect.succeed(mine),
        peekUnsafe: () => undefined,
        httpClient: to.httpClient,
        apiUrl: "https://fake.test",
        operations: { ping: Effect.succeed(418) },
      });
      yield* Effect.gen(function* () {
        const provider = yield* Acme;
        assert.strictEqual(yield* provider.get, mine);
        assert.isUndefined(provider.peekUnsafe());
        assert.strictEqual(yield* provider.ping, 418);
        assert.strictEqual(yield* provider.echo("x"), "https://fake.test/echo/x");
      }).pipe(Effect.provide(layer));
      assert.strictEqual(to.sent[0]?.headers["authorization"], "Bearer mine");
    }),
  );

  it.effect("says what is missing where the API is called and no client was given", () =>
    Effect.gen(function* () {
      const exit = yield* Effect.exit(Effect.flatMap(Acme, ({ ping }) => ping));
      assert.isTrue(Exit.hasDies(exit));
      assert.include(everyText(exit), "Acme.layerTest was given no httpClient");
    }).pipe(Effect.provide(Acme.layerTest())),
  );
});

describe("TokenStore", () => {
  it.effect("stands between memory and network, and is told whose token it is", () =>
    Effect.gen(function* () {
      const to = acme();
      const seen: Array<TokenStore.Identity> = [];
      let shared = true;
      const store: TokenStore.TokenStore = {
        through: (identity, acquire) => {
          seen.push(identity);
          return Effect.suspend(() => (shared ? Effect.succeed(accessToken("shared")) : acquire));
        },
      };
      yield* Effect.gen(function* () {
        const provider = yield* Acme.make({ ...options, scope: "read" });
        const first = yield* provider.get;
        assert.strictEqual(Redacted.value(first.value), "shared");
        assert.strictEqual(yield* provider.get, first);
        assert.strictEqual(to.sent.length, 0);
        shared = false;
        yield* provider.invalidate(first);
        assert.strictEqual(Redacted.value((yield* provider.get).value), "token-0");
      }).pipe(Effect.provideService(TokenStore.TokenStore, store), Effect.provide(transport(to)));
      const identity = [
        ["provider", "Acme"],
        ["clientId", "id"],
        ["clientSecret", options.clientSecret],
        ["environment", "production"],
        ["scope", "read"],
      ];
      assert.deepStrictEqual<unknown>(seen, [identity, identity], "once for each acquisition");
      assert.notInclude(everyText(seen), "canary");
    }),
  );
});
