import { assert, describe, it } from "@effect/vitest";
import { Tigr } from "@x/tigr";
import * as Emulator from "@x/testing/Emulator";
import * as ProviderContract from "@x/testing/ProviderContract";
import * as TestHttpClient from "@x/testing/TestHttpClient";
import * as TigrEmulator from "@x/tigr/testing";
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
  const { clientId, clientSecret, username } = options;
  const password = Redacted.value(options.password);
  const basic = Buffer.from(`${clientId}:${Redacted.value(clientSecret)}`).toString("base64");
  return {
    service: Tigr,
    emulator,
    options,
    transport,
    refused: { password: Redacted.make("wrong") },
    golden: {
      authorization: `Basic ${basic}`,
      body: `grant_type=password&${new URLSearchParams({ username, password })}`,
    },
  };
});

describe("Tigr as a provider", () => {
  for (const { name, run } of ProviderContract.cases(subject)) it.live(name, () => run);
});

describe("Tigr", () => {
  it.live("sends the documented field names when an option asks for them", () =>
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

  it.live("does not send a refused password again in 100 calls", () =>
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

  it.live("refuses a client id with a colon", () =>
    Effect.gen(function* () {
      const { transport, options } = yield* start();
      const error = yield* Tigr.make({ ...options, clientId: "a:b" }).pipe(
        Effect.provide(transport),
        Effect.flip,
      );
      const problems = error.reason._tag === "OptionInvalid" ? error.reason.problems : [];
      assert.deepStrictEqual(
        problems.map(({ option }) => option),
        ["clientId"],
      );
    }),
  );

  it.live("accepts an extra grant_type member and a lower-case token_type", () =>
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
      const { apiUrl } = Tigr.definition.environments.production;
      assert.strictEqual(request?.path, `${Emulator.pathOf(apiUrl)}/system/ping`);
    }),
  );
});
