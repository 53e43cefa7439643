import { assert, describe, it } from "@effect/vitest";
import { Evcnet } from "@x/evcnet";
import * as EvcnetEmulator from "@x/evcnet/testing";
import * as ProviderContract from "@x/testing/ProviderContract";
import * as TestHttpClient from "@x/testing/TestHttpClient";
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Redacted from "effect/Redacted";

const start = (options?: EvcnetEmulator.Options) =>
  Effect.map(Layer.build(EvcnetEmulator.layer(options)), (context) => {
    const emulator = Context.get(context, EvcnetEmulator.EvcnetEmulator);
    const transport = TestHttpClient.layer(emulator.certificateAuthority);
    return { emulator, transport, options: emulator.options };
  });

const basic = (clientId: string, secret: Redacted.Redacted) =>
  `Basic ${Buffer.from(`${clientId}:${Redacted.value(secret)}`).toString("base64")}`;

const subject = Effect.map(start(), ({ emulator, transport, options }) => ({
  service: Evcnet,
  emulator,
  options,
  transport,
  refused: { clientSecret: Redacted.make("wrong") },
  golden: {
    authorization: basic("1", options.clientSecret),
    body: "grant_type=client_credentials",
  },
}));

describe("Evcnet as a provider", () => {
  for (const { name, run } of ProviderContract.cases(subject)) it.live(name, () => run);
});

describe("Evcnet", () => {
  it.live("sends the client id that the account chose", () =>
    Effect.gen(function* () {
      const { emulator, transport, options } = yield* start({ clientId: "depot-7" });
      yield* Effect.flatMap(
        Evcnet.make({ ...options, clientId: "depot-7" }),
        (evcnet) => evcnet.get,
      ).pipe(Effect.provide(transport));
      const [request] = yield* emulator.tokenRequests;
      assert.strictEqual(
        new Map(request?.headers).get("authorization"),
        basic("depot-7", options.clientSecret),
      );
    }),
  );

  it.live("returns a 403 to the caller without a new token", () =>
    Effect.gen(function* () {
      const { emulator, transport, options } = yield* start();
      const response = yield* Effect.flatMap(Evcnet.make(options), (evcnet) =>
        evcnet.httpClient.get("/api/forbidden"),
      ).pipe(Effect.provide(transport));
      assert.strictEqual(response.status, 403);
      assert.strictEqual(yield* emulator.tokenRequestCount, 1);
      assert.strictEqual(yield* emulator.apiRequestCount, 1);
    }),
  );

  it.live("refuses a client id with a colon", () =>
    Effect.gen(function* () {
      const { transport, options } = yield* start();
      const error = yield* Evcnet.make({ ...options, clientId: "a:b" }).pipe(
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

  it("calls the API on the host of the token endpoint", () => {
    for (const { tokenUrl, apiUrl } of Object.values(Evcnet.definition.environments)) {
      assert.strictEqual(new URL(String(tokenUrl)).origin, apiUrl);
    }
  });
});
