import { assert, describe, it } from "@effect/vitest";
import type { AccessToken } from "@x/core/AccessToken";
import * as RefreshPolicy from "@x/core/RefreshPolicy";
import type { TokenError } from "@x/core/TokenError";
import * as Cause from "effect/Cause";
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Fiber from "effect/Fiber";
import * as Redacted from "effect/Redacted";
import * as Schedule from "effect/Schedule";
import * as Scope from "effect/Scope";
import * as TestClock from "effect/testing/TestClock";
import { replacements } from "../src/internal/source/replacements.ts";
import { accessToken } from "./scripted.ts";
import { issuer, makeSource, rejected, unavailable } from "./tokens.ts";

const text = (token: AccessToken<unknown> | undefined) => token && Redacted.value(token.value);

describe("cached", () => {
  it.effect("fetches one token for 10,000 callers", () =>
    Effect.gen(function* () {
      const { acquire, count } = yield* issuer({ latency: 50 });
      const source = yield* makeSource({ acquire, policy: RefreshPolicy.make() });
      assert.isUndefined(source.peekUnsafe());
      const fiber = yield* Effect.forkChild(
        Effect.all(
          Array.from({ length: 10_000 }, () => source.get),
          { concurrency: "unbounded" },
        ),
      );
      yield* TestClock.adjust(50);
      const tokens = yield* Fiber.join(fiber);
      assert.strictEqual(count(), 1);
      assert.deepStrictEqual([...new Set(tokens)], [source.peekUnsafe()]);
      assert.strictEqual(yield* source.get, tokens[0]);
    }),
  );

  it.effect("serves the others when the first caller leaves", () =>
    Effect.gen(function* () {
      const { acquire, count } = yield* issuer({ latency: 50 });
      const source = yield* makeSource({ acquire, policy: RefreshPolicy.make() });
      const first = yield* Effect.forkChild(source.get, { startImmediately: true });
      const second = yield* Effect.forkChild(source.get, { startImmediately: true });
      yield* Fiber.interrupt(first);
      yield* TestClock.adjust(50);
      assert.strictEqual(text(yield* Fiber.join(second)), "token-0");
      assert.strictEqual(count(), 1);
    }),
  );

  it.effect("goes on fetching when every caller has left, and serves the next caller", () =>
    Effect.gen(function* () {
      const { acquire, count } = yield* issuer({ latency: 50 });
      const source = yield* makeSource({ acquire, policy: RefreshPolicy.make() });
      const served: Array<boolean> = [];
      for (let call = 0; call < 5; call++) {
        const fiber = yield* Effect.forkChild(Effect.isSuccess(Effect.timeout(source.get, 20)), {
          startImmediately: true,
        });
        yield* TestClock.adjust(20);
        served.push(yield* Fiber.join(fiber));
      }
      assert.deepStrictEqual(served, [false, false, true, true, true]);
      assert.strictEqual(count(), 1);
    }),
  );

  it.effect("fetches in the context of its layer, not in the caller's", () =>
    Effect.gen(function* () {
      const Who = Context.Reference<string>("test/Who", { defaultValue: () => "nobody" });
      const acquire = () => Effect.map(Who, (who) => accessToken(who));
      const source = yield* makeSource({ acquire, policy: RefreshPolicy.make() }).pipe(
        Effect.provideService(Who, "layer"),
      );
      const token = yield* Effect.provideService(source.get, Who, "caller");
      assert.strictEqual(text(token), "layer");
    }),
  );

  it.effect("interrupts the acquisition and its callers when its scope closes", () =>
    Effect.gen(function* () {
      let interrupted = 0;
      const acquire = () =>
        Effect.onInterrupt(Effect.never, () => Effect.sync(() => void interrupted++));
      const scope = yield* Scope.make();
      const source = yield* makeSource({ acquire, policy: RefreshPolicy.make() }).pipe(
        Scope.provide(scope),
      );
      const callers = yield* Effect.forEach(Array.from({ length: 100 }), () =>
        Effect.forkChild(source.get, { startImmediately: true }),
      );
      yield* Scope.close(scope, Exit.void);
      assert.strictEqual(interrupted, 1);
      for (const caller of callers) {
        const exit = yield* Fiber.await(caller);
        assert.isTrue(Exit.isFailure(exit) && Cause.hasInterruptsOnly(exit.cause));
      }
      const late = yield* Effect.exit(source.get);
      assert.isTrue(Exit.isFailure(late) && Cause.hasInterruptsOnly(late.cause));
    }),
  );

  it.effect("hands out a token of lifetime 0 once and does not keep it", () =>
    Effect.gen(function* () {
      const { acquire, count } = yield* issuer({ lifetime: 0 });
      const source = yield* makeSource({ acquire, policy: RefreshPolicy.make() });
      for (const expected of ["token-0", "token-1"]) {
        assert.strictEqual(text(yield* source.get), expected);
        assert.isUndefined(source.peekUnsafe());
      }
      assert.strictEqual(count(), 2);
    }),
  );

  it.effect("fetches another token when the present one may not be used", () =>
    Effect.gen(function* () {
      let usable = "token-0";
      const { acquire } = yield* issuer({});
      const source = yield* makeSource({
        acquire,
        policy: RefreshPolicy.make(),
        isUsable: (token) => text(token) === usable,
      });
      assert.strictEqual(text(yield* source.get), "token-0");
      usable = "token-1";
      assert.isUndefined(source.peekUnsafe());
      assert.strictEqual(text(yield* source.get), "token-1");
    }),
  );

  it.effect("asks again after an acquisition that died", () =>
    Effect.gen(function* () {
      const { acquire, count } = yield* issuer({ answers: ["die", undefined], latency: 10 });
      const source = yield* makeSource({ acquire, policy: RefreshPolicy.make() });
      const first = yield* Effect.forkChild(source.get);
      yield* TestClock.adjust(10);
      assert.isTrue(Exit.hasDies(yield* Fiber.await(first)));
      yield* Effect.forkChild(source.get);
      yield* TestClock.adjust(10);
      assert.strictEqual(count(), 2);
    }),
  );

  it.effect("uses a token to its end when the schedule for its refresh dies", () =>
    Effect.gen(function* () {
      const { acquire, count } = yield* issuer({});
      const refreshAhead = Schedule.modifyDelay(Schedule.forever, () => Effect.die("odd"));
      const source = yield* makeSource({ acquire, policy: RefreshPolicy.make({ refreshAhead }) });
      for (let minute = 0; minute < 59; minute++) {
        assert.strictEqual(text(yield* source.get), "token-0");
        yield* TestClock.adjust("1 minute");
      }
      assert.strictEqual(text(yield* source.get), "token-1");
      assert.strictEqual(count(), 2);
    }),
  );
});

/** When ten callers a second that all fail alike make requests, in seconds. */
const timeline = Effect.fnUntraced(function* (
  policy: RefreshPolicy.RefreshPolicy,
  always: TokenError,
  seconds: number,
) {
  const { acquire, times } = yield* issuer({ always });
  const source = yield* makeSource({ acquire, policy });
  const errors = new Set<TokenError>();
  for (let call = 0; call < seconds * 10; call++) {
    errors.add(yield* Effect.flip(source.get));
    yield* TestClock.adjust(100);
  }
  assert.deepStrictEqual([...errors], [always]);
  return times.map((time) => time / 1000);
});

describe("refusals", () => {
  it.effect("remembers a passing failure for one second", () =>
    Effect.gen(function* () {
      const times = yield* timeline(RefreshPolicy.make(), unavailable(), 5);
      assert.deepStrictEqual(times, [0, 1, 2, 3, 4]);
    }),
  );

  const asking: ReadonlyArray<readonly [millis: number, seconds: Array<number>]> = [
    [40_000, [0, 40, 80, 120]],
    [1e9, [0, 60, 120]],
  ];
  for (const [asked, expected] of asking) {
    it.effect(
      `remembers a failure for ${asked} ms when the server asks, for a minute at most`,
      () =>
        Effect.gen(function* () {
          const error = unavailable({ retryAfter: asked });
          assert.deepStrictEqual(yield* timeline(RefreshPolicy.make(), error, 130), expected);
        }),
    );
  }

  it.effect("remembers refused credentials for 30 s, growing to 5 min", () =>
    Effect.gen(function* () {
      const times = yield* timeline(RefreshPolicy.make(), rejected, 1100);
      assert.deepStrictEqual(times, [0, 30, 90, 210, 450, 750, 1050]);
    }),
  );

  it.effect("remembers a refused password for 2 min, growing to 5 min", () =>
    Effect.gen(function* () {
      const times = yield* timeline(
        RefreshPolicy.forGrant(RefreshPolicy.make(), { mayLockOut: true }),
        rejected,
        1100,
      );
      assert.deepStrictEqual(times, [0, 120, 360, 660, 960]);
    }),
  );

  it.effect("repeats the last pause of a schedule that has ended", () =>
    Effect.gen(function* () {
      const afterRejection = Schedule.upTo(Schedule.exponential("10 seconds"), { times: 2 });
      const times = yield* timeline(RefreshPolicy.make({ afterRejection }), rejected, 75);
      assert.deepStrictEqual(times, [0, 10, 30, 50, 70]);
    }),
  );

  it.effect("refreshes soon after an outage has ended", () =>
    Effect.gen(function* () {
      const { acquire, times } = yield* issuer({
        answers: Array.from({ length: 5 }, () => unavailable()),
        lifetime: 4000,
      });
      const source = yield* makeSource({ acquire, policy: RefreshPolicy.make() });
      for (let call = 0; call < 80; call++) {
        yield* Effect.exit(source.get);
        yield* TestClock.adjust(100);
      }
      assert.deepStrictEqual(times.slice(0, 6), [0, 1000, 2000, 3000, 4000, 5000]);
      // The second token: the pauses after failures had grown to 16 s.
      assert.isAtLeast(times[6] ?? 0, 7000);
      assert.isAtMost(times[6] ?? 0, 7500);
    }),
  );

  it.effect("forgets a failure after a success", () =>
    Effect.gen(function* () {
      const { acquire, times } = yield* issuer({
        answers: [rejected, rejected, undefined, rejected, undefined],
        lifetime: 1000,
      });
      const source = yield* makeSource({ acquire, policy: RefreshPolicy.make() });
      for (const [wait, succeeds] of [
        [0, false],
        [30, false],
        [60, true],
        [1, false],
        [30, true],
      ] as const) {
        yield* TestClock.adjust(wait * 1000);
        assert.strictEqual(yield* Effect.isSuccess(source.get), succeeds);
      }
      assert.deepStrictEqual(times, [0, 30_000, 90_000, 91_000, 121_000]);
    }),
  );
});

describe("replacements", () => {
  it.effect("drops exactly the token that it is given", () =>
    Effect.gen(function* () {
      const { acquire, count } = yield* issuer({});
      const source = yield* makeSource({ acquire, policy: RefreshPolicy.make() });
      const first = yield* source.get;
      yield* source.invalidate(accessToken("another"));
      assert.strictEqual(source.peekUnsafe(), first);
      // The same token in another object, as from a shared store.
      yield* source.invalidate(accessToken("token-0"));
      assert.isUndefined(source.peekUnsafe());
      const second = yield* source.get;
      yield* source.invalidate(first);
      assert.strictEqual(source.peekUnsafe(), second);
      assert.strictEqual(count(), 2);
    }),
  );

  it.effect("replaces two refused tokens at once, then one every 30 s", () =>
    Effect.gen(function* () {
      const { acquire, times } = yield* issuer({});
      const source = yield* makeSource({ acquire, policy: RefreshPolicy.make() });
      for (let second = 0; second < 90; second++) {
        const token = yield* source.get;
        const dropped = yield* source.invalidate(token);
        assert.strictEqual(source.peekUnsafe() === undefined, dropped);
        yield* TestClock.adjust("1 second");
      }
      assert.deepStrictEqual(
        times.map((time) => time / 1000),
        [0, 1, 2, 31, 61],
      );
    }),
  );

  it.effect("counts a replacement whose caller gave up", () =>
    Effect.gen(function* () {
      let dropped = 0;
      const { invalidate } = yield* replacements(
        {
          getUnsafe: () => Effect.never,
          invalidate: () =>
            Effect.suspend(() => {
              dropped++;
              return Effect.never;
            }),
        },
        { atOnce: 2, every: 30_000 },
      );
      for (let n = 0; n < 10; n++) {
        yield* Effect.timeoutOption(invalidate(accessToken(`t-${n}`)), "0 millis").pipe(
          Effect.forkChild,
        );
        yield* TestClock.adjust("1 millis");
      }
      assert.strictEqual(dropped, 2);
    }),
  );

  it.effect("fills its budget again while nobody complains", () =>
    Effect.gen(function* () {
      const { acquire, count } = yield* issuer({});
      const source = yield* makeSource({ acquire, policy: RefreshPolicy.make() });
      for (let hour = 0; hour < 3; hour++) {
        const dropped: Array<boolean> = [];
        for (let n = 0; n < 3; n++) dropped.push(yield* source.invalidate(yield* source.get));
        assert.deepStrictEqual(dropped, [true, true, false]);
        yield* TestClock.adjust("25 minutes");
      }
      assert.strictEqual(count(), 1 + 3 * 2);
    }),
  );

  it.effect("drops a revoked token whatever its budget says", () =>
    Effect.gen(function* () {
      const { acquire } = yield* issuer({});
      const source = yield* makeSource({ acquire, policy: RefreshPolicy.make() });
      for (let n = 0; n < 3; n++) yield* source.invalidate(yield* source.get);
      const token = yield* source.get;
      assert.isTrue(yield* source.drop(token));
      assert.isUndefined(source.peekUnsafe());
    }),
  );
});

describe("flight", () => {
  it.effect("has landed when a synchronous acquisition is over, however many steps it takes", () =>
    Effect.gen(function* () {
      // A fiber gives way to others after 2,048 steps, and so can do it just before its end.
      for (let steps = 1900; steps < 2100; steps++) {
        let count = 0;
        const source = yield* makeSource({
          acquire: () =>
            Effect.as(
              Effect.forEach(Array.from({ length: steps }), () => Effect.void, { discard: true }),
              accessToken(`token-${count++}`, { issuedAt: 0, expiresAt: 60_000 * count }),
            ),
          policy: RefreshPolicy.make(),
        });
        const first = yield* source.get;
        yield* source.drop(first);
        assert.notStrictEqual(yield* source.get, first, `${steps}`);
      }
    }),
  );
});
