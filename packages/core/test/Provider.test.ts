import { assert, describe, it } from "@effect/vitest";
import * as RefreshPolicy from "@x/core/RefreshPolicy";
import * as ClientAuth from "@x/core/ClientAuth";
import * as Grant from "@x/core/Grant";
import * as Options from "@x/core/Options";
import type { TokenError } from "@x/core/TokenError";
import * as Provider from "@x/core/Provider";
import * as Config from "effect/Config";
import * as ConfigProvider from "effect/ConfigProvider";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as HttpClient from "effect/http/HttpClient";
import * as Layer from "effect/Layer";
import * as Logger from "effect/Logger";
import * as Redacted from "effect/Redacted";
import * as TestClock from "effect/testing/TestClock";
import { Acme } from "./acme.ts";
import { accessToken, everyText, issuing, json, server, token } from "./scripted.ts";
import type { Server } from "./scripted.ts";

const options = {
  environment: "production",
  clientId: "id",
  clientSecret: Redacted.make("canary-secret"),
} as const;

/** The options that an error blames, and what it says of them. */
const problems = ({ reason }: TokenError) =>
  reason._tag === "OptionInvalid" ? reason.problems : [];

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
        assert.isUndefined(yield* provider.peek);
        const first = yield* provider.get;
        assert.strictEqual(Redacted.value(first.value), "token-0");
        assert.strictEqual(yield* provider.peek, first);
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

  it("keeps the vendor's facts on the class, and the id as its key", () => {
    assert.strictEqual(Acme.key, "acme/Acme");
    assert.strictEqual(Acme.definition.name, "Acme");
    assert.strictEqual(Acme.definition.configPrefix, "ACME");
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
        assert.strictEqual(yield* two.peek, b);
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

  it.effect("takes a PEM as an option of a vendor's own", () =>
    Effect.gen(function* () {
      class Pem extends Provider.Service<Pem>()("acme/Pem", {
        name: "Pem",
        options: { pem: Options.SecretText },
        environments: { production: { tokenUrl: "https://pem.test/token", lifetime: "1 hour" } },
        grant: ({ pem }) => Grant.extension("x", { pem: Redacted.isRedacted(pem) ? pem : "" }),
        clientAuth: () => ClientAuth.none,
      }) {}
      const to = issuing();
      const pem = Redacted.make("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
      yield* Effect.flatMap(Pem.make({ environment: "production", pem }), ({ get }) => get).pipe(
        Effect.provide(transport(to)),
      );
      assert.strictEqual(new URLSearchParams(to.sent[0]?.body).get("pem"), Redacted.value(pem));
    }),
  );

  it.effect("makes the URLs of a tenant from its options, and checks them", () =>
    Effect.gen(function* () {
      class Tenants extends Provider.Service<Tenants>()("acme/Tenants", {
        name: "Tenants",
        options: { tenant: Options.Text, region: Options.withDefault(Options.Label, "eu") },
        environments: {
          production: {
            tokenUrl: ({ tenant }) => `https://${tenant}.acme.test/token`,
            apiUrl: ({ tenant }) => `https://${tenant}.acme.test/api`,
            lifetime: "1 hour",
          },
        },
        grant: () => Grant.clientCredentials(),
        clientAuth: () => ClientAuth.none,
      }) {}
      const to = acme();
      yield* Effect.gen(function* () {
        const { httpClient } = yield* Tenants.make({ environment: "production", tenant: "one" });
        yield* httpClient.get("/x");
        const error = yield* Effect.flip(
          Tenants.make({ environment: "production", tenant: "u:p@evil.test/" }),
        );
        assert.match(error.message, /option tokenUrl made of the options contains user info/);
        for (const region of ["", "a.b", "a/b", "a@b", "-a", "a:1"]) {
          const refused = yield* Effect.flip(
            Tenants.make({ environment: "production", tenant: "one", region }),
          );
          assert.match(refused.message, /option region is not a label of a host name/);
        }
      }).pipe(Effect.provide(transport(to)));
      assert.deepStrictEqual(urls(to), [
        "https://one.acme.test/token",
        "https://one.acme.test/api/x",
      ]);
    }),
  );

  it.effect("asks for the scope that a call chooses, with a token for each choice", () =>
    Effect.gen(function* () {
      const to = acme();
      yield* Effect.gen(function* () {
        const provider = yield* Acme.make({ ...options, scope: "read" });
        const read = yield* provider.get;
        const write = yield* provider.with({ scope: "write" }).get;
        assert.notStrictEqual(Redacted.value(read.value), Redacted.value(write.value));
        assert.strictEqual(yield* provider.with({ scope: "write" }).get, write);
        assert.strictEqual(yield* provider.with({}).get, read);
        yield* provider.with({ scope: "write" }).httpClient.get("/x");
      }).pipe(Effect.provide(transport(to)));
      assert.deepStrictEqual(
        to.sent.map(
          ({ body, headers }) => headers["authorization"] ?? new URLSearchParams(body).get("scope"),
        ),
        ["read", "write", "Bearer token-1"],
      );
    }),
  );

  it.effect("keeps the tokens of 256 choices, and drops the least recently used", () =>
    Effect.gen(function* () {
      const to = acme();
      yield* Effect.gen(function* () {
        const provider = yield* Acme.make(options);
        for (let n = 0; n < 257; n++) yield* provider.with({ scope: `s${n}` }).get;
        assert.strictEqual(to.sent.length, 257);
        yield* provider.with({ scope: "s256" }).get;
        yield* provider.with({ scope: "s1" }).get;
        assert.strictEqual(to.sent.length, 257);
        yield* provider.with({ scope: "s0" }).get;
        assert.strictEqual(to.sent.length, 258);
      }).pipe(Effect.provide(transport(to)));
    }),
  );

  it.effect("remembers refused credentials for every choice of a call", () =>
    Effect.gen(function* () {
      const to = server(() => json({ error: "invalid_client" }, { status: 401 }));
      yield* Effect.gen(function* () {
        const provider = yield* Acme.make(options);
        yield* Effect.flip(provider.get);
        for (let n = 0; n < 10; n++) yield* Effect.flip(provider.with({ scope: `s${n}` }).get);
      }).pipe(Effect.provide(transport(to)));
      assert.strictEqual(to.sent.length, 1);
    }),
  );

  it.effect("provides the HttpClient of generated clients", () =>
    Effect.gen(function* () {
      const to = acme();
      const response = yield* HttpClient.get("/orders").pipe(
        Effect.provide(
          Acme.layerHttpClient.pipe(
            Layer.provide(Acme.layer(options)),
            Layer.provide(transport(to)),
          ),
        ),
      );
      assert.strictEqual(yield* response.text, "https://api.acme.test/v1/orders");
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

describe("Provider.make, with options that cannot work,", () => {
  it.effect("names all of them in one error, and what a misspelt one was meant to be", () =>
    Effect.gen(function* () {
      const misspelt: object = { ...options, clientId: undefined, clientID: "canary", scope: "" };
      const error = yield* Effect.flip(
        Acme.make({ ...options, environment: "production", ...misspelt }),
      );
      assert.strictEqual(
        error.message,
        "Acme: 3 options cannot work: clientId is missing; scope is empty; clientID is not an option; did you mean clientId?",
      );
    }).pipe(Effect.provide(transport(issuing()))),
  );

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
      `refuses ${option} ${JSON.stringify(value) ?? "undefined"} by name and before any request`,
      () =>
        Effect.gen(function* () {
          const to = issuing();
          const changed: Provider.OptionsOf<typeof Acme> = { ...options, [option]: value };
          const error = yield* Effect.flip(Acme.make(changed)).pipe(Effect.provide(transport(to)));
          assert.strictEqual(error.provider, "Acme");
          assert.deepStrictEqual(
            problems(error).map((problem) => problem.option),
            [option],
          );
          assert.match(error.message, says);
          assert.notInclude(everyText(error), "canary");
          assert.strictEqual(to.sent.length, 0);
        }),
    );
  }

  it.effect("refuses plain http, but on loopback where that is allowed", () =>
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
        ["HTTP://localhost/token", false],
      ] as const) {
        const error = yield* Effect.flip(make(url, allowed));
        assert.match(error.message, /option tokenUrl is plain http; use https/);
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

  it.effect("refuses a URL between blanks", () =>
    Effect.gen(function* () {
      for (const tokenUrl of [" https://login.acme.test/token", "https://login.acme.test/token "]) {
        const error = yield* Effect.flip(Acme.make({ ...options, tokenUrl }));
        assert.match(error.message, /option tokenUrl begins or ends with a blank/);
      }
    }).pipe(Effect.provide(transport(issuing()))),
  );

  it.effect("checks the URLs of an environment too", () =>
    Effect.gen(function* () {
      class Local extends Provider.Service<Local>()("acme/Local", {
        name: "Local",
        options: { tenant: Options.Text },
        environments: {
          plain: { tokenUrl: "http://login.acme.test/token", lifetime: "1 hour" },
          api: {
            tokenUrl: "https://login.acme.test/token",
            apiUrl: "http://api.acme.test",
            lifetime: "1 hour",
          },
          loopback: { tokenUrl: ({ tenant }) => `http://localhost/${tenant}`, lifetime: "1 hour" },
          broken: { tokenUrl: "not a url", lifetime: "1 hour" },
        },
        grant: () => Grant.clientCredentials(),
        clientAuth: () => ClientAuth.none,
      }) {}
      for (const [environment, problem] of [
        ["plain", /option tokenUrl of the environment is plain http/],
        ["api", /option apiUrl of the environment is plain http/],
        ["loopback", /option tokenUrl made of the options is plain http/],
        ["broken", /option tokenUrl of the environment is not an absolute URL/],
      ] as const) {
        const error = yield* Effect.flip(Local.make({ environment, tenant: "one" }));
        assert.match(error.message, problem);
      }
      yield* Local.make({ environment: "loopback", tenant: "one", unsafeAllowLoopbackHttp: true });
    }).pipe(Effect.provide(transport(issuing()))),
  );

  it.effect("refuses an environment without a published token endpoint unless one is given", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(Acme.make({ ...options, environment: "sandbox" }));
      assert.deepStrictEqual(problems(error), [
        {
          option: "tokenUrl",
          problem: "is missing, and no such URL is published for environment sandbox",
        },
      ]);
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

  it.effect("names all problems in one error, with a key that is close to a missing one", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(
        Layer.build(Acme.layerConfig()).pipe(
          Effect.provide(transport(issuing())),
          withEnv({
            ACME_ENVIRONMENT: "nowhere",
            ACME_CLIENTID: "canary",
            ACME_API_URL: "http://api.test",
            ACME_SCOPE: "",
            ACME_REQUIRE_GRANTED_SCOPE: "canary",
          }),
        ),
      );
      assert.deepStrictEqual(
        problems(error).map(({ key, problem }) => `${key} ${problem}`),
        [
          "ACME_ENVIRONMENT is not one of production, sandbox",
          "ACME_API_URL is plain http; use https",
          "ACME_REQUIRE_GRANTED_SCOPE is not true or false",
          "ACME_CLIENT_ID is missing; ACME_CLIENTID is set and not read",
          "ACME_CLIENT_SECRET is missing",
        ],
      );
      assert.notInclude(everyText(error), "canary");
    }),
  );

  it.effect("warns of a key that is close to one that it reads", () =>
    Effect.gen(function* () {
      const logged: Array<string> = [];
      const logger = Logger.make(({ message }) => void logged.push(String(message)));
      yield* Layer.build(Acme.layerConfig()).pipe(
        Effect.provide([transport(issuing()), Logger.layer([logger])]),
        withEnv({ ...environment, ACME_SCOPES: "read", ACME_CERTIFICATE: "client.crt" }),
      );
      assert.deepStrictEqual(logged, [
        "Acme: ACME_SCOPES is set and not read; did you mean ACME_SCOPE?",
      ]);
    }),
  );

  it.effect("reads the keys of another prefix, as for a second account", () =>
    Effect.gen(function* () {
      const to = acme();
      yield* Effect.flatMap(Acme, ({ get }) => get).pipe(
        Effect.provide(
          Acme.layerConfig({}, { prefix: "ACME_EU" }).pipe(Layer.provide(transport(to))),
        ),
        withEnv({
          ACME_EU_ENVIRONMENT: "production",
          ACME_EU_CLIENT_ID: "eu",
          ACME_EU_CLIENT_SECRET: "s",
        }),
      );
      assert.include(to.sent[0]?.body, "client_id=eu");
    }),
  );

  it.effect("takes a plain value for an option", () =>
    Effect.gen(function* () {
      const to = acme();
      yield* Effect.flatMap(Acme, ({ get }) => get).pipe(
        Effect.provide(Acme.layerConfig({ clientId: "given" }).pipe(Layer.provide(transport(to)))),
        withEnv(environment),
      );
      assert.include(to.sent[0]?.body, "client_id=given");
    }),
  );

  for (const [name, env, says] of [
    [
      "a key that is missing",
      { ACME_CLIENT_SECRET: undefined },
      /Acme: key ACME_CLIENT_SECRET is missing$/,
    ],
    [
      "an unknown environment",
      { ACME_ENVIRONMENT: "nowhere" },
      /Acme: key ACME_ENVIRONMENT is not one of production, sandbox$/,
    ],
    [
      "an option that cannot work",
      { ACME_API_URL: "nowhere" },
      /Acme: key ACME_API_URL is not an absolute URL$/,
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
        assert.match(error.message, says);
        assert.notInclude(everyText(error), "canary");
      }),
    );
  }
});

describe("Provider.Service.layerTest", () => {
  it.effect(
    "hands out a token that ends in an hour, and another one after that or after invalidate",
    () =>
      Effect.gen(function* () {
        const provider = yield* Acme;
        const first = yield* provider.get;
        assert.strictEqual(yield* provider.peek, first);
        assert.strictEqual(first.expiresAt - first.issuedAt, 3_600_000);
        assert.strictEqual(new Date(first.expiresAt).toISOString(), "1970-01-01T01:00:00.000Z");
        assert.isTrue(yield* provider.invalidate(first));
        assert.isFalse(yield* provider.invalidate(first));
        const second = yield* provider.get;
        assert.notStrictEqual(Redacted.value(second.value), Redacted.value(first.value));
        yield* TestClock.adjust("1 hour");
        assert.isUndefined(yield* provider.peek);
        assert.notStrictEqual(yield* provider.get, second);
      }).pipe(Effect.provide(Acme.layerTest())),
  );

  it.effect("sends API requests to the given client, as the vendor would get them", () =>
    Effect.gen(function* () {
      const to = acme();
      yield* Effect.flatMap(Acme, ({ ping }) => ping).pipe(
        Effect.provide(Acme.layerTest({ httpClient: to.httpClient })),
      );
      assert.deepStrictEqual(urls(to), ["https://api.acme.test/v1/ping"]);
      assert.strictEqual(to.sent[0]?.headers["authorization"], "Bearer test-token-1");
    }),
  );

  it.effect("takes what a test says in place of the vendor", () =>
    Effect.gen(function* () {
      const mine = accessToken("mine");
      const to = acme();
      const layer = Acme.layerTest({
        get: Effect.succeed(mine),
        httpClient: to.httpClient,
        apiUrl: "https://fake.test",
        operations: { ping: Effect.succeed(418) },
      });
      yield* Effect.gen(function* () {
        const provider = yield* Acme;
        assert.strictEqual(yield* provider.get, mine);
        assert.strictEqual(yield* provider.ping, 418);
        assert.strictEqual(yield* provider.echo("x"), "https://fake.test/echo/x");
      }).pipe(Effect.provide(layer));
      assert.strictEqual(to.sent[0]?.headers["authorization"], "Bearer mine");
    }),
  );

  it.effect("says what is missing when the API is called and no client was given", () =>
    Effect.gen(function* () {
      const exit = yield* Effect.exit(Effect.flatMap(Acme, ({ ping }) => ping));
      assert.isTrue(Exit.hasDies(exit));
      assert.include(everyText(exit), "Acme.layerTest was given no httpClient");
    }).pipe(Effect.provide(Acme.layerTest())),
  );
});

describe("Provider.with", () => {
  it.effect("refuses a value that cannot work when a token is asked for", () =>
    Effect.gen(function* () {
      const to = acme();
      yield* Effect.gen(function* () {
        const provider = yield* Acme.make(options);
        const error = yield* Effect.flip(provider.with({ scope: "a\nb" }).get);
        assert.strictEqual(error.message, "Acme: option scope contains control characters");
      }).pipe(Effect.provide(transport(to)));
      assert.strictEqual(to.sent.length, 0);
    }),
  );

  it.effect("refuses an option that the definition lets no call choose", () =>
    Effect.gen(function* () {
      const provider = yield* Acme.make(options);
      const odd: object = { clientId: "other" };
      const error = yield* Effect.flip(provider.with(odd).get);
      assert.strictEqual(error.message, "Acme: option clientId cannot be chosen for each call");
    }).pipe(Effect.provide(transport(issuing()))),
  );

  it.effect("tells secrets apart that a call chooses", () =>
    Effect.gen(function* () {
      class Users extends Provider.Service<Users>()("acme/Users", {
        name: "Users",
        options: { username: Options.Text, password: Options.Secret },
        environments: { production: { tokenUrl: "https://users.test/token", lifetime: "1 hour" } },
        grant: (given) => Grant.password(given),
        clientAuth: () => ClientAuth.none,
        perCall: ["username", "password"],
      }) {}
      const to = issuing();
      yield* Effect.gen(function* () {
        const users = yield* Users.make({
          environment: "production",
          username: "a",
          password: Redacted.make("1"),
        });
        for (const password of ["2", "3", "2"]) {
          yield* users.with({ password: Redacted.make(password) }).get;
        }
      }).pipe(Effect.provide(transport(to)));
      assert.deepStrictEqual(
        to.sent.map(({ body }) => new URLSearchParams(body).get("password")),
        ["2", "3"],
      );
    }),
  );
});
