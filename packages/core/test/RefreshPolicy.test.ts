import { assert, describe, it } from "@effect/vitest";
import * as RefreshPolicy from "@x/core/RefreshPolicy";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Schedule from "effect/Schedule";
import { unavailable } from "./tokens.ts";

/** The first delays of a schedule, in milliseconds. */
const first = Effect.fnUntraced(function* (delays: RefreshPolicy.Delays, count: number) {
  const step = yield* Schedule.toStep(delays);
  const found: Array<number> = [];
  for (let n = 0; n < count; n++) {
    const [, delay] = yield* Effect.orDie(step(0, unavailable()));
    found.push(Duration.toMillis(delay));
  }
  return found;
});

/** Whether each delay is within 20 % of the expected one, as `Schedule.jittered` draws it. */
const isNear = (delays: ReadonlyArray<number>, expected: ReadonlyArray<number>) => {
  assert.strictEqual(delays.length, expected.length);
  for (const [n, delay] of delays.entries()) {
    assert.isAtLeast(delay, 0.8 * (expected[n] ?? 0));
    assert.isAtMost(delay, 1.2 * (expected[n] ?? 0));
  }
};

describe("RefreshPolicy.make", () => {
  it("has the documented bounds", () => {
    const { mode, margin, maxLifetime, acquisition, afterColdFailure, maxRetryAfter } =
      RefreshPolicy.make();
    assert.strictEqual(mode, "onDemand");
    assert.strictEqual(Duration.toMillis(margin.atMost), 60_000);
    assert.strictEqual(margin.share, 0.05);
    assert.strictEqual(Duration.toMillis(maxLifetime), 86_400_000);
    assert.strictEqual(acquisition.attempts, 3);
    assert.strictEqual(Duration.toMillis(acquisition.timeout), 10_000);
    assert.strictEqual(Duration.toMillis(acquisition.deadline), 30_000);
    assert.strictEqual(Duration.toMillis(afterColdFailure), 1000);
    assert.strictEqual(Duration.toMillis(maxRetryAfter), 60_000);
  });

  it.effect("waits longer and longer, up to a bound", () =>
    Effect.gen(function* () {
      const { acquisition, afterFailure, afterRejection } = RefreshPolicy.make();
      isNear(yield* first(acquisition.delays, 6), [200, 400, 800, 1600, 3200, 5000]);
      isNear(yield* first(afterFailure, 7), [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
      assert.deepStrictEqual(
        yield* first(afterRejection, 6),
        [30_000, 60_000, 120_000, 240_000, 300_000, 300_000],
      );
    }),
  );

  it("changes what it is told to, and nothing else", () => {
    const changed = RefreshPolicy.make({ afterColdFailure: Duration.seconds(5) });
    assert.strictEqual(Duration.toMillis(changed.afterColdFailure), 5000);
    assert.deepStrictEqual(
      Object.keys(changed).toSorted(),
      Object.keys(RefreshPolicy.make()).toSorted(),
    );
    assert.deepStrictEqual(changed.margin, RefreshPolicy.make().margin);
  });
});

describe("RefreshPolicy.forGrant", () => {
  it.effect("waits two minutes after a refused password, so that no account is locked", () =>
    Effect.gen(function* () {
      for (const policy of [RefreshPolicy.make(), RefreshPolicy.background()]) {
        const guarded = RefreshPolicy.forGrant(policy, { mayLockOut: true });
        assert.deepStrictEqual(
          yield* first(guarded.afterRejection, 4),
          [120_000, 240_000, 300_000, 300_000],
        );
        assert.strictEqual(guarded.mode, policy.mode);
        assert.strictEqual(guarded.afterFailure, policy.afterFailure);
      }
    }),
  );

  it("leaves the user's own pauses, and other grants, as they are", () => {
    const own = RefreshPolicy.make({ afterRejection: Schedule.spaced("1 second") });
    assert.strictEqual(RefreshPolicy.forGrant(own, { mayLockOut: true }), own);
    const policy = RefreshPolicy.make();
    assert.strictEqual(RefreshPolicy.forGrant(policy, { mayLockOut: false }), policy);
  });
});
