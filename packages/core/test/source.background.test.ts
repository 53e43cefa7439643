import { assert, describe, it } from "@effect/vitest";
import * as RefreshPolicy from "@x/core/RefreshPolicy";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Logger from "effect/Logger";
import * as Schedule from "effect/Schedule";
import * as Scope from "effect/Scope";
import * as TestClock from "effect/testing/TestClock";
import { issuer, makeSource, rejected, unavailable } from "./tokens.ts";

const minutes = 60_000;

/** Lets simulated time pass in steps, with nobody asking for a token. */
const pass = Effect.fnUntraced(function* (step: number, steps: number) {
  for (let n = 0; n < steps; n++) yield* TestClock.adjust(step);
});

describe("background", () => {
  it.effect("fetches the first token and refreshes it without a caller", () =>
    Effect.gen(function* () {
      const { acquire, times } = yield* issuer({ lifetime: 60 * minutes, latency: 50 });
      const source = yield* makeSource({ acquire, policy: RefreshPolicy.background() });
      yield* pass(1000, 5 * 3600);
      assert.isAtLeast(times.length, 9);
      assert.isAtMost(times.length, 11);
      const gaps = times.slice(1).map((time, n) => time - (times[n] ?? 0));
      for (const gap of gaps) {
        assert.isAtLeast(gap, 30 * minutes);
        assert.isAtMost(gap, 36 * minutes + 1000);
      }
      assert.isDefined(source.peekUnsafe());
    }),
  );

  it.effect("keeps the present token through an outage, and asks by the policy's pauses", () =>
    Effect.gen(function* () {
      const away = Array.from({ length: 12 }, () => unavailable());
      const { acquire, times } = yield* issuer({
        lifetime: 60 * minutes,
        answers: [undefined, ...away],
      });
      const source = yield* makeSource({ acquire, policy: RefreshPolicy.background() });
      for (let second = 0; second < 45 * 60; second++) {
        yield* TestClock.adjust(1000);
        assert.isDefined(source.peekUnsafe(), `${second}`);
      }
      assert.isAtLeast(times.length, 14);
      const pauses = times.slice(2, 13).map((time, n) => time - (times[n + 1] ?? 0));
      for (const [n, pause] of pauses.entries()) {
        assert.isAtLeast(pause, 0.8 * Math.min(30_000, 1000 * 2 ** n));
        assert.isAtMost(pause, 1.2 * Math.min(30_000, 1000 * 2 ** n) + 1000);
      }
    }),
  );

  it.effect("tries on after a start without a server, and gives callers its error at once", () =>
    Effect.gen(function* () {
      const away = Array.from({ length: 30 }, () => unavailable());
      const { acquire, times } = yield* issuer({ answers: away });
      const source = yield* makeSource({ acquire, policy: RefreshPolicy.background() });
      yield* TestClock.adjust(10);
      assert.isTrue(Exit.isFailure(yield* Effect.exit(source.get)));
      assert.strictEqual(times.length, 1);
      yield* pass(500, 120);
      assert.isDefined(source.peekUnsafe());
      const gaps = times.slice(1).map((time, n) => time - (times[n] ?? 0));
      assert.isAtLeast(Math.min(...gaps), 1000, "no storm");
    }),
  );

  it.effect("pauses after refused credentials", () =>
    Effect.gen(function* () {
      const { acquire, count } = yield* issuer({ always: rejected });
      yield* makeSource({ acquire, policy: RefreshPolicy.background() });
      yield* pass(1000, 600);
      assert.strictEqual(count(), 5);
    }),
  );

  for (const lifetime of [0, 1, 400, 2000, 1e18]) {
    it.effect(`requests little for tokens of ${lifetime} ms`, () =>
      Effect.gen(function* () {
        const { acquire, count } = yield* issuer({ lifetime });
        yield* makeSource({ acquire, policy: RefreshPolicy.background() });
        yield* pass(10, 1000);
        // 10 s: at most 2.2 requests a lifetime, of which none counts for less than 0.4 s.
        assert.isAtMost(count(), Math.max(2, (2.2 * 10_000) / Math.max(lifetime, 400)));
        if (lifetime === 0) assert.strictEqual(count(), 1, "what cannot be kept is not fetched");
        assert.isAtLeast(count(), 1);
      }),
    );
  }

  it.effect("warns of an acquisition that died, and pauses", () =>
    Effect.gen(function* () {
      const logged: Array<string> = [];
      const logger = Logger.make(({ message }) => void logged.push(String(message)));
      const { acquire, count } = yield* issuer({ always: "die" });
      yield* Effect.gen(function* () {
        yield* makeSource({ acquire, policy: RefreshPolicy.background() });
        yield* pass(1000, 59);
      }).pipe(Effect.provide(Logger.layer([logger])));
      assert.strictEqual(count(), 2);
      assert.strictEqual(logged.length, 2);
      assert.include(
        logged[0],
        "an acquisition died; no token yet, the next attempt is due in 30 s",
      );
    }),
  );

  it.effect("ends with its scope", () =>
    Effect.gen(function* () {
      const { acquire, count } = yield* issuer({ lifetime: 1 * minutes });
      const scope = yield* Scope.make();
      yield* makeSource({ acquire, policy: RefreshPolicy.background() }).pipe(Scope.provide(scope));
      yield* pass(1000, 60);
      const before = count();
      yield* Scope.close(scope, Exit.void);
      yield* pass(1000, 600);
      assert.strictEqual(count(), before);
    }),
  );

  it.effect("follows the user's own schedule", () =>
    Effect.gen(function* () {
      const { acquire, times } = yield* issuer({ lifetime: 60 * minutes });
      yield* makeSource({
        acquire,
        policy: RefreshPolicy.background({ refreshAhead: Schedule.spaced("5 minutes") }),
      });
      yield* pass(1000, 16 * 60);
      assert.deepStrictEqual(
        times.map((time) => Math.round(time / minutes)),
        [0, 5, 10, 15],
      );
    }),
  );
});
