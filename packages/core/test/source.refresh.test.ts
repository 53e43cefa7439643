import { assert, describe, it } from "@effect/vitest";
import * as RefreshPolicy from "@x/core/RefreshPolicy";
import * as Clock from "effect/Clock";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Redacted from "effect/Redacted";
import * as Schedule from "effect/Schedule";
import * as TestClock from "effect/testing/TestClock";
import { accessToken } from "./scripted.ts";
import { issuer, makeSource, rejected, type Source, unavailable } from "./tokens.ts";

const minutes = 60_000;

/** Asks every so many milliseconds, from now on, and says what each call gave. */
const ask = Effect.fnUntraced(function* (source: Source, every: number, times: number) {
  const answers: Array<string> = [];
  for (let n = 0; n < times; n++) {
    const exit = yield* Effect.exit(source.get);
    answers.push(Exit.isSuccess(exit) ? Redacted.value(exit.value.value) : "failed");
    yield* TestClock.adjust(every);
  }
  return answers;
});

describe("refreshAhead", () => {
  it.effect("refreshes each token at a random moment between 50 % and 60 % of its life", () =>
    Effect.gen(function* () {
      const moments = new Set<number>();
      for (let n = 0; n < 50; n++) {
        const { acquire, times } = yield* issuer({});
        const source = yield* makeSource({ acquire, policy: RefreshPolicy.make() });
        yield* ask(source, 10_000, 180);
        assert.strictEqual(times.length, 1, "before 50 %");
        yield* ask(source, 10_000, 37);
        assert.strictEqual(times.length, 2, "by 60 %");
        moments.add((times[1] ?? 0) - (times[0] ?? 0));
      }
      assert.isAbove(moments.size, 10);
    }),
  );

  it.effect("refreshes in one flight while callers get the present token at once", () =>
    Effect.gen(function* () {
      const { acquire, count } = yield* issuer({ latency: 5000 });
      const source = yield* makeSource({ acquire, policy: RefreshPolicy.make() });
      yield* Effect.forkChild(source.get);
      yield* TestClock.adjust(40 * minutes);
      assert.deepStrictEqual(yield* ask(source, 1000, 7), [
        "token-0",
        "token-0",
        "token-0",
        "token-0",
        "token-0",
        "token-1",
        "token-1",
      ]);
      assert.strictEqual(count(), 2);
    }),
  );

  it.effect("sends nothing while nobody calls", () =>
    Effect.gen(function* () {
      const { acquire, count } = yield* issuer({});
      const source = yield* makeSource({ acquire, policy: RefreshPolicy.make() });
      yield* source.get;
      yield* TestClock.adjust("3 hours");
      assert.strictEqual(count(), 1);
      assert.isUndefined(source.peekUnsafe());
    }),
  );

  it.effect("fails no caller while the token lives, and tries less and less often", () =>
    Effect.gen(function* () {
      const { acquire, times } = yield* issuer({
        answers: [undefined, ...Array.from({ length: 1000 }, () => unavailable())],
      });
      const source = yield* makeSource({ acquire, policy: RefreshPolicy.make() });
      const answers = yield* ask(source, 1000, 3600);
      const [issuedAt = 0, ...attempts] = times;
      // The hard limit is a minute before the end.
      const served = answers.filter((answer) => answer === "token-0").length;
      assert.strictEqual(served, 3540);
      assert.strictEqual(answers.lastIndexOf("token-0"), 3539);
      const before = attempts.filter((time) => time - issuedAt < 3540_000);
      const gaps = before.slice(1).map((time, n) => (time - (before[n] ?? 0)) / 1000);
      for (const [n, base] of [1, 2, 4, 8, 16, 30, 30].entries()) {
        assert.isAtLeast(gaps[n] ?? 0, base * 0.8);
        assert.isAtMost(gaps[n] ?? 0, base * 1.2 + 1);
      }
      assert.isAtMost(Math.max(...gaps), 37);
      // Then callers fail, and one of them tries once a second.
      assert.isAtMost(attempts.length - before.length, 61);
      assert.isAtLeast(attempts.length - before.length, 59);
    }),
  );

  it.effect("waits for Retry-After, and starts its pauses anew after a success", () =>
    Effect.gen(function* () {
      const { acquire, times } = yield* issuer({
        answers: [
          undefined,
          unavailable({ retryAfter: 45_000 }),
          undefined,
          unavailable(),
          unavailable(),
        ],
      });
      const source = yield* makeSource({ acquire, policy: RefreshPolicy.make() });
      yield* ask(source, 1000, 5000);
      const gap = (n: number) => (times[n + 1] ?? 0) - (times[n] ?? 0);
      assert.strictEqual(gap(1), 45_000);
      // The second token's refresh begins its own pauses at the first of the schedule.
      assert.isAtMost(gap(3), 2200);
    }),
  );

  it.effect("pauses like a cold caller when the credentials are refused", () =>
    Effect.gen(function* () {
      const { acquire, times } = yield* issuer({
        answers: [undefined, rejected, rejected, rejected],
      });
      const source = yield* makeSource({ acquire, policy: RefreshPolicy.make() });
      const answers = yield* ask(source, 1000, 3000);
      assert.notInclude(answers, "failed");
      const gap = (n: number) => (times[n + 1] ?? 0) - (times[n] ?? 0);
      assert.deepStrictEqual([gap(1), gap(2), gap(3)], [30_000, 60_000, 120_000]);
    }),
  );

  for (const lifetime of [1, 5, 30, 60, 900, 3600]) {
    it.effect(`refreshes a token of ${lifetime} s at most 2.2 times in its lifetime`, () =>
      Effect.gen(function* () {
        const { acquire, count } = yield* issuer({ lifetime: lifetime * 1000 });
        const source = yield* makeSource({ acquire, policy: RefreshPolicy.make() });
        const answers = yield* ask(source, lifetime * 10, 10 * 100);
        assert.notInclude(answers, "failed");
        assert.isAtMost(count(), 22);
        assert.isAtLeast(count(), 16);
      }),
    );
  }

  for (const [from, taken] of [
    [42 * minutes, "before its end"],
    [60 * minutes, "when it has ended"],
  ] as const) {
    it.effect(
      `takes the next token ${taken} when the server repeats the old one for ${from / minutes} min`,
      () =>
        Effect.gen(function* () {
          const clock = yield* Clock.Clock;
          const times: Array<number> = [];
          const acquire = () =>
            Effect.sync(() => {
              const now = clock.currentTimeMillisUnsafe();
              times.push(now);
              return accessToken(now < from ? "same" : "other", {
                issuedAt: now,
                monotonicIssuedAt: clock.monotonicTimeNanosUnsafe(),
                expiresAt: now < from ? 60 * minutes : 120 * minutes,
              });
            });
          const source = yield* makeSource({ acquire, policy: RefreshPolicy.make() });
          const answers = yield* ask(source, 10_000, 342);
          assert.strictEqual(answers.includes("other"), from < 57 * minutes);
          assert.isAtMost(times.length, 7, "it is not asked in a row");
          for (const [at, time] of times.entries()) {
            if (at > 0) assert.isAtLeast(time - (times[at - 1] ?? 0), 30_000);
          }
          assert.include(yield* ask(source, 10_000, 20), "other");
        }),
    );
  }

  it.effect("asks once in 30 s for an old token that the server repeats", () =>
    Effect.gen(function* () {
      let count = 0;
      const acquire = () =>
        Effect.sync(() => {
          count++;
          return accessToken("shared", { issuedAt: 0, expiresAt: 60 * minutes });
        });
      yield* TestClock.setTime(40 * minutes);
      const source = yield* makeSource({ acquire, policy: RefreshPolicy.make() });
      yield* ask(source, 100, 300);
      assert.isAtMost(count, 3);
    }),
  );
});

describe("cached", () => {
  for (const [lifetime, hard] of [
    [1000, 950],
    [100_000, 95_000],
    [1_200_000, 1_140_000],
    [3_600_000, 3_540_000],
    [86_400_000, 86_340_000],
  ] as const) {
    it.effect(`hands a token of ${lifetime} ms out for ${hard} ms`, () =>
      Effect.gen(function* () {
        const { acquire } = yield* issuer({ lifetime });
        const source = yield* makeSource({ acquire, policy: RefreshPolicy.make() });
        const token = yield* source.get;
        yield* TestClock.adjust(hard - 1);
        assert.strictEqual(source.peekUnsafe(), token);
        yield* TestClock.adjust(1);
        assert.isUndefined(source.peekUnsafe());
      }),
    );
  }

  it.effect("hands an endless token out under a policy without bounds", () =>
    Effect.gen(function* () {
      const { acquire } = yield* issuer({ lifetime: Number.POSITIVE_INFINITY });
      const source = yield* makeSource({
        acquire,
        policy: RefreshPolicy.make({ maxLifetime: Duration.infinity }),
      });
      const token = yield* source.get;
      yield* TestClock.adjust("1000 days");
      assert.strictEqual(source.peekUnsafe(), token);
    }),
  );

  it.effect("counts the age of another process's token by the wall clock", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(50_000);
      const source = yield* makeSource({
        acquire: () =>
          Effect.succeed(
            accessToken("shared", {
              issuedAt: 0,
              monotonicIssuedAt: undefined,
              expiresAt: 100_000,
            }),
          ),
        policy: RefreshPolicy.make(),
      });
      yield* source.get;
      yield* TestClock.adjust(44_999);
      assert.isDefined(source.peekUnsafe());
      yield* TestClock.adjust(1);
      assert.isUndefined(source.peekUnsafe());
    }),
  );
});

describe("age", () => {
  /** The wall clock as it is set; the monotonic one runs on its own. */
  const clocks = Effect.map(Clock.Clock, (clock) => {
    const at = { wall: 1_000_000_000, monotonic: 0n };
    const two: Clock.Clock = Object.assign(Object.create(clock) as Clock.Clock, {
      currentTimeMillisUnsafe: () => at.wall,
      currentTimeMillis: Effect.sync(() => at.wall),
      monotonicTimeNanosUnsafe: () => at.monotonic,
      monotonicTimeNanos: Effect.sync(() => at.monotonic),
    });
    return { at, two };
  });
  const hours = 3_600_000;
  const minute = 60_000_000_000n;

  for (const [name, wall, monotonic, lives] of [
    ["both say that it lives", 30 * minutes, 30n, true],
    ["the wall clock jumped ahead", 8 * hours, 1n, false],
    ["the wall clock was set back", -24 * hours, 58n, true],
    ["the wall clock was set back and its time is over", -24 * hours, 59n, false],
    ["the process slept and only the wall clock ran", 2 * hours, 0n, false],
  ] as const) {
    it.effect(`${lives ? "uses" : "drops"} a token where ${name}`, () =>
      Effect.gen(function* () {
        const { at, two } = yield* clocks;
        yield* Effect.gen(function* () {
          const { acquire, count } = yield* issuer({});
          const source = yield* makeSource({ acquire, policy: RefreshPolicy.make() });
          yield* source.get;
          at.wall += wall;
          at.monotonic += monotonic * minute;
          assert.strictEqual(source.peekUnsafe() !== undefined, lives);
          yield* source.get;
          if (!lives) assert.strictEqual(count(), 2);
        }).pipe(Effect.provideService(Clock.Clock, two));
      }),
    );
  }

  it.effect("drops a token of another process by the age that it came with", () =>
    Effect.gen(function* () {
      const { at, two } = yield* clocks;
      yield* Effect.gen(function* () {
        const shared = accessToken("shared", {
          issuedAt: at.wall - 50_000,
          monotonicIssuedAt: undefined,
          expiresAt: at.wall + 50_000,
        });
        const source = yield* makeSource({
          acquire: () => Effect.succeed(shared),
          policy: RefreshPolicy.make(),
        });
        yield* source.get;
        at.wall -= hours;
        at.monotonic += 44_999_000_000n;
        assert.isDefined(source.peekUnsafe());
        at.monotonic += 1_000_000n;
        assert.isUndefined(source.peekUnsafe());
      }).pipe(Effect.provideService(Clock.Clock, two));
    }),
  );

  it.effect("refreshes ahead by either of them, and pauses by the monotonic one", () =>
    Effect.gen(function* () {
      const { at, two } = yield* clocks;
      yield* Effect.gen(function* () {
        const { acquire, count } = yield* issuer({ answers: [undefined, rejected] });
        const source = yield* makeSource({ acquire, policy: RefreshPolicy.make() });
        yield* source.get;
        at.wall += 40 * minutes;
        yield* source.get;
        assert.strictEqual(count(), 2);
        at.wall += 10 * minutes;
        yield* source.get;
        assert.strictEqual(count(), 2);
        at.monotonic += minute;
        yield* source.get;
        assert.strictEqual(count(), 3);
      }).pipe(Effect.provideService(Clock.Clock, two));
    }),
  );

  for (const [what, drawn] of [
    ["0", 0],
    ["no number", Number.NaN],
  ] as const) {
    it.effect(`asks at most once a second when the policy draws ${what}`, () =>
      Effect.gen(function* () {
        const { acquire, count } = yield* issuer({});
        const refreshAhead = RefreshPolicy.share(drawn, drawn);
        const source = yield* makeSource({ acquire, policy: RefreshPolicy.make({ refreshAhead }) });
        yield* ask(source, 10, 500);
        assert.isAtMost(count(), 6);
      }),
    );
  }

  it.effect("pauses after a refresh that died", () =>
    Effect.gen(function* () {
      const { acquire, count } = yield* issuer({ answers: [undefined], always: "die" });
      const source = yield* makeSource({ acquire, policy: RefreshPolicy.make() });
      yield* source.get;
      yield* TestClock.adjust(40 * minutes);
      const answers = yield* ask(source, 100, 250);
      assert.deepStrictEqual([...new Set(answers)], ["token-0"]);
      assert.strictEqual(count(), 2);
    }),
  );

  it.effect("takes an endless pause after a failure", () =>
    Effect.gen(function* () {
      const { acquire, count } = yield* issuer({ answers: [undefined], always: unavailable() });
      const afterFailure = Schedule.spaced(Duration.infinity);
      const source = yield* makeSource({ acquire, policy: RefreshPolicy.make({ afterFailure }) });
      yield* source.get;
      yield* TestClock.adjust(40 * minutes);
      yield* ask(source, 1000, 100);
      assert.strictEqual(count(), 2);
    }),
  );
});
