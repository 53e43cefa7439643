/** Tokens that end every two seconds, under load, over real TLS. */
import { Evcnet } from "@x/evcnet";
import * as EvcnetEmulator from "@x/evcnet/testing";
import * as TestHttpClient from "@x/testing/TestHttpClient";
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as HttpClient from "effect/http/HttpClient";
import * as Layer from "effect/Layer";
import * as Redacted from "effect/Redacted";
import { atMost, type Goal } from "../goal.ts";

const providers = 10;
const rotations = 500;

const measure = Effect.gen(function* () {
  const context = yield* Layer.build(EvcnetEmulator.layer({ tokenLifetime: "2 seconds" }));
  const emulator = Context.get(context, EvcnetEmulator.EvcnetEmulator);
  const transport = Context.get(
    yield* Layer.build(TestHttpClient.layer(emulator.certificateAuthority)),
    HttpClient.HttpClient,
  );
  let unauthorized = 0;
  const counting = HttpClient.tap(transport, ({ status }) =>
    Effect.sync(() => {
      if (status === 401) unauthorized++;
    }),
  );
  let calls = 0;
  let failed = 0;
  let done = 0;
  const drive = Effect.gen(function* () {
    const evcnet = yield* Evcnet.make(emulator.options);
    const seen = new Set<string>();
    while (seen.size <= rotations / providers) {
      calls++;
      const outcome = yield* Effect.exit(evcnet.httpClient.get("/anything"));
      if (outcome._tag === "Failure" || outcome.value.status !== 200) failed++;
      const token = yield* evcnet.peek;
      if (token !== undefined) seen.add(Redacted.value(token.value));
      yield* Effect.sleep("5 millis");
    }
    done += seen.size - 1;
  }).pipe(Effect.scoped, Effect.provideService(HttpClient.HttpClient, counting));
  yield* Effect.all(
    Array.from({ length: providers }, () => drive),
    { concurrency: "unbounded" },
  );
  const requests = (yield* emulator.tokenRequestCount) - providers;
  const measurement = atMost(
    ["failed API calls", failed, 0],
    ["API 401s", unauthorized, 0],
    ["token requests a rotation", requests / done, 1.05],
  );
  return { ...measurement, figures: { ...measurement.figures, rotations: done, calls } };
});

export const goals: ReadonlyArray<Goal> = [
  { goal: "500 rotations of 2 s tokens under load", measure },
];
