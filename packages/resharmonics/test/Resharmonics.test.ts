import { assert, describe, it } from "@effect/vitest";
import { Resharmonics } from "@x/resharmonics";
import * as ProviderContract from "@x/testing/ProviderContract";
import * as ResharmonicsEmulator from "@x/resharmonics/testing";
import * as TestHttpClient from "@x/testing/TestHttpClient";
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Redacted from "effect/Redacted";

const start = Effect.map(Layer.build(ResharmonicsEmulator.layer()), (context) => {
  const emulator = Context.get(context, ResharmonicsEmulator.ResharmonicsEmulator);
  const transport = TestHttpClient.layer(emulator.certificateAuthority);
  return { emulator, transport, options: emulator.options };
});

const subject = Effect.map(start, ({ emulator, transport, options }) => ({
  service: Resharmonics,
  emulator,
  options,
  transport,
  refused: { clientSecret: Redacted.make("wrong") },
  golden: {
    body: `grant_type=client_credentials&${new URLSearchParams({
      client_id: options.clientId,
      client_secret: Redacted.value(options.clientSecret),
    })}`,
  },
}));

describe("Resharmonics as a provider", () => {
  for (const { name, run } of ProviderContract.cases(subject)) it.live(name, () => run);
});

describe("Resharmonics", () => {
  it.live("fetches a new token after a 401 without a challenge header", () =>
    Effect.gen(function* () {
      const { emulator, transport, options } = yield* start;
      yield* Effect.gen(function* () {
        const resharmonics = yield* Resharmonics.make(options);
        yield* resharmonics.get;
        yield* emulator.revokeTokens;
        const response = yield* resharmonics.httpClient.get("/anything");
        assert.strictEqual(response.status, 200);
      }).pipe(Effect.provide(transport));
      assert.strictEqual(yield* emulator.tokenRequestCount, 2);
      assert.strictEqual(yield* emulator.apiRequestCount, 2);
    }),
  );

  it.live("sends the secret in the header when an option asks for it", () =>
    Effect.gen(function* () {
      const { emulator, transport, options } = yield* start;
      const error = yield* Effect.flatMap(
        Resharmonics.make({ ...options, clientAuth: "client_secret_basic" }),
        (resharmonics) => resharmonics.get,
      ).pipe(Effect.provide(transport), Effect.flip);
      // The emulator accepts the secret only in the body, as the page says.
      assert.isFalse(error.isTransient);
      const [request] = yield* emulator.tokenRequests;
      const encoded = new URLSearchParams([
        [options.clientId, Redacted.value(options.clientSecret)],
      ])
        .toString()
        .replace("=", ":");
      assert.strictEqual(
        new Map(request?.headers).get("authorization"),
        `Basic ${Buffer.from(encoded).toString("base64")}`,
      );
      assert.strictEqual(request?.body, "grant_type=client_credentials");
    }),
  );

  it.live("requires a token URL for an environment without one", () =>
    Effect.gen(function* () {
      const { transport, options } = yield* start;
      const { tokenUrl: _, ...others } = options;
      const error = yield* Resharmonics.make({ ...others, environment: "test" }).pipe(
        Effect.provide(transport),
        Effect.flip,
      );
      const problems = error.reason._tag === "OptionInvalid" ? error.reason.problems : [];
      assert.deepStrictEqual(
        problems.map(({ option }) => option),
        ["tokenUrl"],
      );
    }),
  );
});
