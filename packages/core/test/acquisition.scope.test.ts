import { assert, describe, it } from "@effect/vitest";
import * as RefreshPolicy from "@x/core/RefreshPolicy";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as Logger from "effect/Logger";
import * as TestClock from "effect/testing/TestClock";
import {
  acquire,
  acquisition,
  grantOf,
  issuing,
  json,
  server,
  token,
  transportError,
} from "./scripted.ts";
import { makeSource } from "./tokens.ts";

describe("acquisition, of the scope,", () => {
  const narrower: ReadonlyArray<
    readonly [asked: string, granted: string | null | undefined, missing: ReadonlyArray<string>]
  > = [
    ["read write", "read", ["write"]],
    ["read write", "", ["read", "write"]],
    ["read write", "write read", []],
    ["read", "read write", []],
    ["read", undefined, []],
    ["read", null, []],
    ["", "read", []],
  ];
  for (const [asked, granted, missing] of narrower) {
    it.effect(`names what is missing when "${asked}" is asked for and "${granted}" is given`, () =>
      Effect.gen(function* () {
        const logged: Array<unknown> = [];
        const logger = Logger.make(({ message }) => void logged.push(message));
        const to = issuing(granted === undefined ? {} : { scope: granted });
        const issued = yield* acquire(acquisition(to, { grant: grantOf({ scope: asked }) })).pipe(
          Effect.provide(Logger.layer([logger])),
        );
        assert.deepStrictEqual(issued.missingScope, missing);
        assert.strictEqual(logged.length, missing.length > 0 ? 1 : 0);
        for (const scope of missing) assert.include(String(logged[0]), scope);
      }),
    );
  }

  it.effect("fails for a narrower scope when the option says so, without a retry", () =>
    Effect.gen(function* () {
      const to = issuing({ scope: "read" });
      const error = yield* acquire(
        acquisition(to, { grant: grantOf({ scope: "read write" }), requireGrantedScope: true }),
      ).pipe(Effect.flip);
      assert.strictEqual(error.reason._tag, "RequestRejected");
      assert.match(error.message, /not granted: write/);
      assert.strictEqual(to.sent.length, 1);
    }),
  );
});

describe("retrying, of a server that fails now and then,", () => {
  it.effect("makes at most 1.4 requests an acquisition when 30 % of them fail", () =>
    Effect.gen(function* () {
      let state = 7;
      // A generator of its own, so that the sequence is the same in each run.
      const random = () => (state = (state * 16807) % 2147483647) / 2147483647;
      const to = server((_, at) => (random() < 0.3 ? json({}, { status: 503 }) : token(at)));
      const source = acquisition(to);
      const acquisitions = 2000;
      for (let n = 0; n < acquisitions; n++) {
        yield* Effect.forkChild(Effect.exit(acquire(source)), { startImmediately: true });
        yield* TestClock.adjust("30 seconds");
      }
      assert.isAtMost(to.sent.length / acquisitions, 1.4);
      assert.isAtLeast(to.sent.length / acquisitions, 1.3);
    }),
  );

  for (const code of ["ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED"]) {
    it.effect(`makes 3 attempts after ${code}`, () =>
      Effect.gen(function* () {
        const to = server((sent) => Effect.fail(transportError(sent, code)));
        yield* Effect.forkChild(Effect.exit(acquire(acquisition(to))), { startImmediately: true });
        yield* TestClock.adjust("30 seconds");
        assert.strictEqual(to.sent.length, 3);
      }),
    );
  }

  it.effect("probes with one attempt for 10 s after a failed acquisition", () =>
    Effect.gen(function* () {
      const to = server(() => json({}, { status: 503 }));
      const source = acquisition(to);
      for (const [wait, expected] of [
        [0, 3],
        [1000, 4],
        [8000, 5],
        [11_000, 8],
      ] as const) {
        yield* TestClock.adjust(wait);
        const fiber = yield* Effect.forkChild(Effect.exit(acquire(source)), {
          startImmediately: true,
        });
        yield* TestClock.adjust("1 second");
        yield* Fiber.join(fiber);
        assert.strictEqual(to.sent.length, expected);
      }
    }),
  );

  it.effect("makes one attempt for a refresh while the present token serves", () =>
    Effect.gen(function* () {
      const to = server((_, at) => (at === 0 ? token(0) : json({}, { status: 503 })));
      const source = acquisition(to);
      const present = yield* acquire(source);
      yield* Effect.flip(source.getUnsafe({ token: present, serves: true }));
      assert.strictEqual(to.sent.length, 2);
    }),
  );
});

describe("refreshAhead, when a refresh fails,", () => {
  it.effect("logs one warning that says what serves meanwhile", () =>
    Effect.gen(function* () {
      const logged: Array<string> = [];
      const logger = Logger.make(({ message }) => void logged.push(String(message)));
      const to = server((_, at) => (at === 0 ? token(0) : json({}, { status: 503 })));
      yield* Effect.gen(function* () {
        const acquired = acquisition(to);
        const source = yield* makeSource({
          acquire: () => acquired.getUnsafe(),
          policy: RefreshPolicy.make(),
        });
        yield* source.get;
        yield* TestClock.adjust("40 minutes");
        yield* source.get;
        yield* TestClock.adjust("2 seconds");
      }).pipe(Effect.provide(Logger.layer([logger])));
      assert.strictEqual(logged.length, 1);
      assert.match(logged[0] ?? "", /^Acme: .*HTTP 503.*the present token serves until 1970-/);
    }),
  );
});
