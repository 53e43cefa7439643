import { assert, describe, it } from "@effect/vitest";
import { Resharmonics } from "@x/resharmonics";
import * as ProviderContract from "@x/testing/ProviderContract";
import * as ResharmonicsEmulator from "@x/testing/ResharmonicsEmulator";
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

const subject = Effect.map(start, ({ emulator, transport, options }) => {
  const secret = Redacted.value(options.clientSecret);
  return {
    service: Resharmonics,
    emulator,
    layer: (changes) =>
      Resharmonics.layer({ ...options, ...changes }).pipe(Layer.provide(transport)),
    layerRefused: Resharmonics.layer({ ...options, clientSecret: Redacted.make("wrong") }).pipe(
      Layer.provide(transport),
    ),
    layerConfig: Resharmonics.layerConfig().pipe(Layer.provide(transport)),
    environment: {
      RESHARMONICS_ENVIRONMENT: "test",
      RESHARMONICS_TOKEN_URL: options.tokenUrl,
      RESHARMONICS_API_URL: options.apiUrl,
      RESHARMONICS_CLIENT_ID: options.clientId,
      RESHARMONICS_CLIENT_SECRET: secret,
    },
    requiredKeys: ["RESHARMONICS_CLIENT_ID", "RESHARMONICS_CLIENT_SECRET"],
    layerTest: Resharmonics.layerTest(),
    golden: {
      path: "/oauth2/token",
      authorization: undefined,
      body: `grant_type=client_credentials&${new URLSearchParams({
        client_id: options.clientId,
        client_secret: secret,
      })}`,
      certificate: undefined,
    },
    apiCertificate: undefined,
    secrets: [secret],
  } satisfies ProviderContract.Subject<Resharmonics>;
});

describe("Resharmonics keeps the provider contract", () => {
  for (const { name, run } of ProviderContract.cases(subject)) it.live(name, () => run);
});

describe("Resharmonics", () => {
  it.live("takes the gateway's 401 for what it is, without a challenge header", () =>
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

  it.live("sends the secret in the header when the account asks for it", () =>
    Effect.gen(function* () {
      const { emulator, transport, options } = yield* start;
      const error = yield* Effect.flatMap(
        Resharmonics.make({ ...options, clientAuth: "client_secret_basic" }),
        (resharmonics) => resharmonics.get,
      ).pipe(Effect.provide(transport), Effect.flip);
      // The emulator, like the documented vendor, takes the secret only in the body.
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

  it.live("asks for a token URL where none is published", () =>
    Effect.gen(function* () {
      const { transport, options } = yield* start;
      const { tokenUrl: _, ...others } = options;
      const error = yield* Resharmonics.make({ ...others, environment: "test" }).pipe(
        Effect.provide(transport),
        Effect.flip,
      );
      assert.strictEqual(error.reason._tag === "OptionInvalid" && error.reason.option, "tokenUrl");
    }),
  );
});
