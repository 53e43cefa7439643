/** Token endpoints that go away for a while, and ones that answer 503 now and then. */
import type { TokenError } from "@x/core/TokenError";
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as HttpClient from "effect/http/HttpClient";
import * as Option from "effect/Option";
import * as Random from "effect/Random";
import * as TestClock from "effect/testing/TestClock";
import { atMost, type Goal, type Measurement } from "../goal.ts";
import * as Vendor from "../vendor.ts";

const lifetime = 60;
const moments = 200;

interface Ride {
  readonly failed: number;
  readonly unexpected: number;
  readonly requests: number;
  /** Milliseconds from the endpoint's return to the first call that succeeds. */
  readonly recovery: number;
}

/** Load from the first token on; the endpoint is away from `start` for `length` seconds. */
const ride = (start: number, length: number) =>
  Effect.gen(function* () {
    let away = false;
    const { state, httpClient } = Vendor.make({ lifetime, token: () => (away ? 503 : 200) });
    const vendor = yield* Vendor.Simulated.make(Vendor.options).pipe(
      Effect.provideService(HttpClient.HttpClient, httpClient),
    );
    const errors: Array<TokenError | { readonly _tag: "HttpClientError" }> = [];
    const call = Effect.matchEffect(vendor.httpClient.get("/anything"), {
      onSuccess: ({ status }) => Effect.succeed(status === 200),
      onFailure: (error) =>
        Effect.sync(() => {
          errors.push(error);
          return false;
        }),
    });
    const load = (seconds: number) =>
      Effect.gen(function* () {
        for (let step = 0; step < seconds * 10; step++) {
          yield* Effect.forkChild(call, { startImmediately: true });
          yield* TestClock.adjust("100 millis");
        }
      });
    yield* call;
    yield* load(start);
    const before = state.tokenRequests;
    away = true;
    yield* load(length);
    away = false;
    const requests = state.tokenRequests - before;
    const returned = yield* Clock.currentTimeMillis;
    let recovery = 0;
    let recovered = false;
    while (recovery <= 10_000 && !recovered) {
      const probe = yield* Effect.forkChild(call, { startImmediately: true });
      yield* TestClock.adjust("50 millis");
      recovery = (yield* Clock.currentTimeMillis) - returned;
      recovered =
        probe.pollUnsafe()?.pipe(
          Exit.getSuccess,
          Option.getOrElse(() => false),
        ) ?? false;
    }
    return {
      failed: errors.length,
      unexpected: errors.filter(
        (error) => error._tag !== "TokenError" || error.reason._tag !== "ServerUnavailable",
      ).length,
      requests,
      recovery,
    } satisfies Ride;
  }).pipe(Effect.scoped, Effect.provide(TestClock.layer()));

const outages = (length: number, judge: (rides: ReadonlyArray<Ride>) => Measurement) =>
  Effect.gen(function* () {
    const rides: Array<Ride> = [];
    for (let moment = 0; moment < moments; moment++) {
      rides.push(yield* ride(yield* Random.nextBetween(0, 2 * lifetime), length));
    }
    return judge(rides);
  });

const sum = (rides: ReadonlyArray<Ride>, figure: keyof Ride) =>
  rides.reduce((total, ride) => total + ride[figure], 0);

const short = outages(lifetime * 0.33, (rides) =>
  atMost(
    ["failed calls", sum(rides, "failed"), 0],
    ["token requests a second", sum(rides, "requests") / (moments * lifetime * 0.33), 1],
  ),
);

const long = outages(lifetime * 2, (rides) =>
  atMost(
    ["failures other than ServerUnavailable", sum(rides, "unexpected"), 0],
    ["token requests a second", sum(rides, "requests") / (moments * lifetime * 2), 1],
    ["slowest recovery in ms", Math.max(...rides.map(({ recovery }) => recovery)), 1500],
  ),
);

const unreliable = Effect.gen(function* () {
  const rotations = 2000;
  const { state, httpClient } = Vendor.make({});
  const fails = yield* Effect.all(Array.from({ length: 3 * rotations }, () => Random.next));
  state.token = () => ((fails[state.tokenRequests] ?? 1) < 0.3 ? 503 : 200);
  const vendor = yield* Vendor.Simulated.make(Vendor.options).pipe(
    Effect.provideService(HttpClient.HttpClient, httpClient),
  );
  // Each caller comes when the last token has ended, and so waits for an acquisition of its own.
  for (let rotation = 0; rotation < rotations; rotation++) {
    yield* Effect.forkChild(Effect.exit(vendor.get), { startImmediately: true });
    yield* TestClock.adjust("2 minutes");
  }
  return atMost(["token requests an acquisition", state.tokenRequests / rotations, 1.4]);
}).pipe(Random.withSeed("503"), Effect.provide(TestClock.layer()));

export const goals: ReadonlyArray<Goal> = [
  { goal: "an outage of 33 % of the lifetime from 200 moments", measure: short },
  { goal: "an outage of twice the lifetime from 200 moments", measure: long },
  { goal: "30 % of the answers are 503", measure: unreliable },
];
