import { assert, describe, it } from "@effect/vitest";
import { Tigr } from "@x/tigr";
import * as ProviderContract from "@x/testing/ProviderContract";
import * as TestHttpClient from "@x/testing/TestHttpClient";
import * as TigrEmulator from "@x/testing/TigrEmulator";
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Redacted from "effect/Redacted";

const start = (options?: TigrEmulator.Options) =>
  Effect.map(Layer.build(TigrEmulator.layer(options)), (context) => {
    const emulator = Context.get(context, TigrEmulator.TigrEmulator);
    const transport = TestHttpClient.layer(emulator.certificateAuthority);
    return { emulator, transport, options: emulator.options };
  });

const subject = Effect.map(start(), ({ emulator, transport, options }) => {
  const secret = Redacted.value(options.clientSecret);
  const password = Redacted.value(options.password);
  return {
    service: Tigr,
    emulator,
    layer: (changes) => Tigr.layer({ ...options, ...changes }).pipe(Layer.provide(transport)),
    layerRefused: Tigr.layer({ ...options, password: Redacted.make("wrong") }).pipe(
      Layer.provide(transport),
    ),
    layerConfig: Tigr.layerConfig().pipe(Layer.provide(transport)),
    environment: {
      TIGR_ENVIRONMENT: "uat",
      TIGR_TOKEN_URL: options.tokenUrl,
      TIGR_API_URL: options.apiUrl,
      TIGR_CLIENT_ID: options.clientId,
      TIGR_CLIENT_SECRET: secret,
      TIGR_USERNAME: options.username,
      TIGR_PASSWORD: password,
    },
    requiredKeys: ["TIGR_CLIENT_ID", "TIGR_CLIENT_SECRET", "TIGR_USERNAME", "TIGR_PASSWORD"],
    layerTest: Tigr.layerTest(),
    golden: {
      path: "/oauth/token",
      authorization: `Basic ${Buffer.from(`${options.clientId}:${secret}`).toString("base64")}`,
      body: `grant_type=password&${new URLSearchParams({ username: options.username, password })}`,
      certificate: undefined,
    },
    apiCertificate: undefined,
    secrets: [secret, password],
  } satisfies ProviderContract.Subject<Tigr>;
});

describe("Tigr keeps the provider contract", () => {
  for (const { name, run } of ProviderContract.cases(subject)) it.live(name, () => run);
});

describe("Tigr", () => {
  it.live("sends the documented capitals when asked to", () =>
    Effect.gen(function* () {
      const { emulator, transport, options } = yield* start({ fieldNames: "documented" });
      const token = Effect.flatMap(Tigr, (tigr) => tigr.get);
      yield* token.pipe(Effect.provide(Tigr.layer(options).pipe(Layer.provide(transport))));
      const [request] = yield* emulator.tokenRequests;
      assert.deepStrictEqual(
        [...new URLSearchParams(request?.body).keys()],
        ["grant_type", "Username", "Password"],
      );
    }),
  );

  it.live("does not try a refused password again for two minutes", () =>
    Effect.gen(function* () {
      const { emulator, transport, options } = yield* start();
      yield* Effect.gen(function* () {
        const tigr = yield* Tigr;
        for (let i = 0; i < 100; i++) yield* Effect.flip(tigr.get);
      }).pipe(
        Effect.provide(
          Tigr.layer({ ...options, password: Redacted.make("wrong") }).pipe(
            Layer.provide(transport),
          ),
        ),
      );
      assert.strictEqual(yield* emulator.tokenRequestCount, 1);
    }),
  );

  it.live("refuses a client id with a colon, which plain Basic cannot carry", () =>
    Effect.gen(function* () {
      const { transport, options } = yield* start();
      const error = yield* Tigr.make({ ...options, clientId: "a:b" }).pipe(
        Effect.provide(transport),
        Effect.flip,
      );
      assert.strictEqual(error.reason._tag === "OptionInvalid" && error.reason.option, "clientId");
    }),
  );

  it.live("takes the answer's extra grant_type member and lower-case token_type", () =>
    Effect.gen(function* () {
      const { transport, options } = yield* start();
      const token = yield* Effect.flatMap(Tigr.make(options), (tigr) => tigr.get).pipe(
        Effect.provide(transport),
      );
      assert.strictEqual(token.scope, "access");
    }),
  );

  it.live("pings the API", () =>
    Effect.gen(function* () {
      const { emulator, transport, options } = yield* start();
      yield* Effect.flatMap(Tigr.make(options), (tigr) => tigr.ping).pipe(
        Effect.provide(transport),
      );
      const [request] = yield* emulator.apiRequests;
      assert.strictEqual(request?.path, "/ClientAPI/api/system/ping");
    }),
  );
});
