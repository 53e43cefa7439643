import { assert, describe, it } from "@effect/vitest";
import * as RefreshPolicy from "@x/core/RefreshPolicy";
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as TestClock from "effect/testing/TestClock";
import { accessToken } from "./scripted.ts";
import { makeSource } from "./tokens.ts";

describe("flight", () => {
  it.effect("is abandoned one second after its deadline, and its callers get the error", () =>
    Effect.gen(function* () {
      let begun = 0;
      const acquire = () =>
        Effect.suspend(() => (begun++ === 0 ? Effect.never : Effect.succeed(accessToken("token"))));
      const source = yield* makeSource({ acquire, policy: RefreshPolicy.make() });
      const stuck = yield* Effect.forkChild(Effect.flip(source.get), { startImmediately: true });
      yield* TestClock.adjust("30 seconds");
      assert.isUndefined(stuck.pollUnsafe());
      yield* TestClock.adjust("1 second");
      const error = yield* Fiber.join(stuck);
      assert.deepInclude(error.reason, { _tag: "ServerUnavailable", problem: "timeout" });
      yield* source.get;
      assert.strictEqual(begun, 2);
    }),
  );

  it.effect("blocks no later caller when its own timer never fires", () =>
    Effect.gen(function* () {
      let begun = 0;
      const acquire = () =>
        Effect.suspend(() => (begun++ === 0 ? Effect.never : Effect.succeed(accessToken("token"))));
      // The layer's clock runs, and its sleeps do not end: so do timers of a Worker's ended request.
      const clock = yield* Effect.clockWith(Effect.succeed);
      const stopped = Object.assign(Object.create(clock) as typeof clock, {
        sleep: () => Effect.never,
      });
      const source = yield* makeSource({ acquire, policy: RefreshPolicy.make() }).pipe(
        Effect.provideService(Clock.Clock, stopped),
      );
      yield* Effect.forkChild(source.get, { startImmediately: true });
      yield* TestClock.adjust("32 seconds");
      yield* source.get;
      assert.strictEqual(begun, 2);
    }),
  );
});
