/** Many callers at once, and callers that never give up. */
import * as Effect from "effect/Effect";
import * as HttpClient from "effect/http/HttpClient";
import * as TestClock from "effect/testing/TestClock";
import { atMost, type Goal } from "../goal.ts";
import * as Vendor from "../vendor.ts";

const provide = (httpClient: HttpClient.HttpClient) =>
  Effect.provideService(HttpClient.HttpClient, httpClient);

const concurrent401s = Effect.gen(function* () {
  let revoked = false;
  const { state, httpClient } = Vendor.make({
    api: () => (revoked && state.tokenRequests === 1 ? 401 : undefined),
  });
  const vendor = yield* Vendor.Simulated.make(Vendor.options).pipe(provide(httpClient));
  yield* vendor.get;
  revoked = true;
  const responses = yield* Effect.all(
    Array.from({ length: 1000 }, () => vendor.httpClient.get("/anything")),
    { concurrency: "unbounded" },
  );
  return atMost(
    ["token requests", state.tokenRequests - 1, 1],
    ["API attempts a call", state.apiRequests / 1000, 2],
    ["failed calls", responses.filter(({ status }) => status !== 200).length, 0],
  );
}).pipe(Effect.provide(TestClock.layer()));

const permanent401 = Effect.gen(function* () {
  const { state, httpClient } = Vendor.make({ lifetime: 3600, api: () => 401 });
  const vendor = yield* Vendor.Simulated.make(Vendor.options).pipe(provide(httpClient));
  let refused = 0;
  // 100 callers every 100 ms for 90 s.
  for (let step = 0; step < 900; step++) {
    const errors = yield* Effect.all(
      Array.from({ length: 100 }, () => Effect.flip(vendor.httpClient.get("/anything"))),
      { concurrency: "unbounded" },
    );
    refused += errors.filter(
      (error) => error._tag === "TokenError" && error.reason._tag === "TokenRefused",
    ).length;
    yield* TestClock.adjust("100 millis");
  }
  return atMost(
    ["token requests in 90 s", state.tokenRequests, 6],
    ["calls without TokenRefused", 90_000 - refused, 0],
  );
}).pipe(Effect.provide(TestClock.layer()));

const wrongSecret = (make: typeof Vendor.Simulated.make, limit: number) =>
  Effect.gen(function* () {
    const { state, httpClient } = Vendor.make({ token: () => 401 });
    const vendor = yield* make(Vendor.options).pipe(provide(httpClient));
    let rejected = 0;
    // 10 callers every 100 ms for 10 min.
    for (let step = 0; step < 6000; step++) {
      const errors = yield* Effect.all(
        Array.from({ length: 10 }, () => Effect.flip(vendor.get)),
        { concurrency: "unbounded" },
      );
      rejected += errors.filter(({ reason }) => reason._tag === "CredentialsRejected").length;
      yield* TestClock.adjust("100 millis");
    }
    return atMost(
      ["token requests in 10 min", state.tokenRequests, limit],
      ["callers without CredentialsRejected", 60_000 - rejected, 0],
    );
  }).pipe(Effect.provide(TestClock.layer()));

export const goals: ReadonlyArray<Goal> = [
  { goal: "1,000 concurrent 401s", measure: concurrent401s },
  { goal: "a permanent 401 at full load", measure: permanent401 },
  { goal: "a wrong secret at full load", measure: wrongSecret(Vendor.Simulated.make, 6) },
  { goal: "a wrong password at full load", measure: wrongSecret(Vendor.SimulatedPassword.make, 3) },
];
