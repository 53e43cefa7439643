import { assert, describe, it } from "@effect/vitest";
import * as RefreshPolicy from "@x/core/RefreshPolicy";
import * as TokenError from "@x/core/TokenError";
import * as Clock from "effect/Clock";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Fiber from "effect/Fiber";
import * as Schedule from "effect/Schedule";
import * as TestClock from "effect/testing/TestClock";
import {
  acquire,
  acquisition,
  type Acquisition,
  everyText,
  grantOf,
  issuing,
  json,
  server,
  token,
  tokenUrl,
} from "./scripted.ts";
import type { Respond } from "./scripted.ts";

/** The outcome, however long it takes, and the time at which it was there, in milliseconds. */
const settle = Effect.fnUntraced(function* (respond: Respond, changes?: Partial<Acquisition>) {
  const clock = yield* Clock.Clock;
  const start = clock.currentTimeMillisUnsafe();
  const times: Array<number> = [];
  const to = server((sent, at) => {
    times.push(clock.currentTimeMillisUnsafe() - start);
    return respond(sent, at);
  });
  const fiber = yield* Effect.forkChild(
    Effect.map(Effect.exit(acquire(acquisition(to, changes))), (exit) => ({
      exit,
      at: clock.currentTimeMillisUnsafe() - start,
    })),
  );
  for (let step = 0; step < 400; step++) yield* TestClock.adjust(100);
  const { exit, at } = yield* Fiber.join(fiber);
  return { exit, at, times };
});

const failure = Effect.fnUntraced(function* (respond: Respond, changes?: Partial<Acquisition>) {
  const { exit, at, times } = yield* settle(respond, changes);
  assert.isTrue(Exit.isFailure(exit), "it succeeded");
  const error = yield* Effect.flip(exit);
  assert.strictEqual(error.provider, "Acme");
  assert.notInclude(everyText(error), "canary");
  return { reason: error.reason, at, times };
});

describe("acquisition", () => {
  it.effect("sends exactly these headers and this body", () =>
    Effect.gen(function* () {
      const to = issuing();
      yield* acquire(acquisition(to));
      assert.strictEqual(to.sent.length, 1);
      const [sent] = to.sent;
      assert.strictEqual(sent?.method, "POST");
      assert.strictEqual(sent?.url, tokenUrl);
      assert.strictEqual(sent?.body, "grant_type=client_credentials&scope=canary-scope");
      assert.deepStrictEqual(sent?.headers, {
        accept: "application/json",
        "accept-encoding": "identity",
        authorization: "Basic canary-basic",
        "content-length": String(sent?.body.length),
        "content-type": "application/x-www-form-urlencoded",
      });
    }),
  );

  it.effect("counts the lifetime from before the request was sent, on both clocks", () =>
    Effect.gen(function* () {
      yield* TestClock.adjust(5000);
      const to = server((_, at) =>
        Effect.delay(Effect.succeed(token(at, { expires_in: 5, scope: "read" })), 3000),
      );
      const fiber = yield* Effect.forkChild(
        acquire(
          acquisition(to, {
            connection: Effect.succeed({
              httpClient: to.httpClient,
              thumbprint: "thumb",
              source: "certificate client.crt",
            }),
          }),
        ),
      );
      yield* TestClock.adjust(3000);
      const issued = yield* Fiber.join(fiber);
      assert.strictEqual(issued.issuedAt, 5000);
      assert.strictEqual(issued.monotonicIssuedAt, 5_000_000_000n);
      assert.strictEqual(issued.expiresAt, 10_000);
      assert.strictEqual(issued.scope, "read");
      assert.strictEqual(issued.thumbprint, "thumb");
    }),
  );

  const lifetimes: ReadonlyArray<readonly [expires_in: unknown, millis: number]> = [
    [undefined, 300_000],
    [null, 300_000],
    [60, 60_000],
    [0, 0],
    [86_401, 86_400_000],
    ["99999999999999999999", 86_400_000],
  ];
  for (const [expires_in, millis] of lifetimes) {
    it.effect(`takes a token with expires_in ${String(expires_in)} for ${millis} ms`, () =>
      Effect.gen(function* () {
        const issued = yield* acquire(acquisition(issuing({ expires_in })));
        assert.strictEqual(issued.expiresAt - issued.issuedAt, millis);
      }),
    );
  }

  it.effect("tries three times after transient reasons, and signs each attempt anew", () =>
    Effect.gen(function* () {
      let signed = 0;
      const to = server((sent, at) =>
        at < 2 ? json({}, { status: 503 }) : token(at, { scope: sent.body }),
      );
      const fiber = yield* Effect.forkChild(
        acquire(
          acquisition(to, {
            grant: {
              ...grantOf({}),
              request: (to) => grantOf({ jti: `${signed++}` }).request(to),
            },
          }),
        ),
      );
      yield* TestClock.adjust("30 seconds");
      yield* Fiber.join(fiber);
      assert.deepStrictEqual(
        to.sent.map(({ body }) => body),
        [0, 1, 2].map((n) => `grant_type=client_credentials&jti=${n}`),
      );
    }),
  );

  it.effect("gives up after three attempts, with the last reason", () =>
    Effect.gen(function* () {
      const { reason, times, at } = yield* failure((_, n) => json({}, { status: 500 + n * 2 }));
      assert.strictEqual(times.length, 3);
      assert.isBelow(at, 1500);
      assert.strictEqual("status" in reason && reason.status, 504);
    }),
  );

  for (const [status, error] of [
    [400, "invalid_scope"],
    [401, "invalid_client"],
    [403, "access_denied"],
    [501, "odd"],
    [200, "invalid_grant"],
  ] as const) {
    it.effect(`makes one attempt after ${status} ${error}`, () =>
      Effect.gen(function* () {
        const { times } = yield* failure(() => json({ error }, { status }));
        assert.strictEqual(times.length, 1);
      }),
    );
  }

  it.effect("sends nothing when the certificate or the assertion cannot be had", () =>
    Effect.gen(function* () {
      const reason = TokenError.optionInvalid("clientAuth.key", "is lost");
      const to = issuing();
      for (const changes of [
        { connection: Effect.fail(reason) },
        { authenticate: () => Effect.fail(reason) },
      ]) {
        const error = yield* Effect.flip(acquire(acquisition(to, changes)));
        assert.strictEqual(error.reason, reason);
      }
      assert.strictEqual(to.sent.length, 0);
    }),
  );
});

describe("retrying", () => {
  it.effect("ends an attempt after 10 s and all of them after 30 s", () =>
    Effect.gen(function* () {
      const signals: Array<AbortSignal> = [];
      const { reason, times, at } = yield* failure(({ signal }) => {
        signals.push(signal);
        return Effect.never;
      });
      assert.isTrue(reason._tag === "ServerUnavailable" && reason.problem === "timeout");
      assert.strictEqual(at, 30_000);
      assert.strictEqual(times.length, 3);
      assert.isTrue((times[1] ?? 0) >= 10_000 && (times[2] ?? 0) >= 20_000);
      assert.isTrue(signals.every(({ aborted }) => aborted));
    }),
  );

  it.effect("ends an answer that comes in drops", () =>
    Effect.gen(function* () {
      let cancelled = 0;
      const { reason } = yield* failure(
        () =>
          new Response(
            new ReadableStream({
              pull: () => new Promise(() => undefined),
              cancel: () => void cancelled++,
            }),
            { headers: { "content-type": "application/json" } },
          ),
      );
      assert.isTrue(reason._tag === "ServerUnavailable" && reason.problem === "timeout");
      assert.strictEqual(cancelled, 3);
    }),
  );

  it.effect("makes no attempt that would begin after the deadline", () =>
    Effect.gen(function* () {
      const { times, at } = yield* failure(() => json({}, { status: 503 }), {
        policy: RefreshPolicy.make({
          acquisition: {
            attempts: 10,
            timeout: Duration.seconds(1),
            deadline: Duration.seconds(5),
            delays: Schedule.spaced("2 seconds"),
          },
        }),
      });
      assert.deepStrictEqual(times, [0, 2000, 4000]);
      assert.strictEqual(at, 4000);
    }),
  );

  it.effect("waits as long as Retry-After says", () =>
    Effect.gen(function* () {
      const { exit, times } = yield* settle((_, n) =>
        n === 0 ? json({}, { status: 429, headers: { "retry-after": "7" } }) : token(n),
      );
      assert.isTrue(Exit.isSuccess(exit));
      assert.deepStrictEqual(times, [0, 7000]);
    }),
  );

  for (const seconds of [29, 31, 61, 999_999_999]) {
    it.effect(`${seconds > 30 ? "fails at once" : "waits"} when Retry-After is ${seconds} s`, () =>
      Effect.gen(function* () {
        const { reason, times, at } = yield* failure(() =>
          json({}, { status: 503, headers: { "retry-after": String(seconds) } }),
        );
        assert.deepStrictEqual(times, seconds > 30 ? [0] : [0, 29_000]);
        assert.strictEqual(at, seconds > 30 ? 0 : 29_000);
        assert.strictEqual("retryAfter" in reason && reason.retryAfter, seconds * 1000);
      }),
    );
  }

  it.effect("fails at once above the longest Retry-After of the policy, deadline or not", () =>
    Effect.gen(function* () {
      const { times } = yield* failure(
        () => json({}, { status: 503, headers: { "retry-after": "11" } }),
        { policy: RefreshPolicy.make({ maxRetryAfter: Duration.seconds(10) }) },
      );
      assert.deepStrictEqual(times, [0]);
    }),
  );
});

describe("post", () => {
  it.effect("stops reading an endless body after 256 KiB and closes it", () =>
    Effect.gen(function* () {
      let sent = 0;
      let cancelled = false;
      const { reason } = yield* failure(
        () =>
          new Response(
            new ReadableStream({
              pull: (controller) => {
                sent += 1024;
                controller.enqueue(new Uint8Array(1024).fill(32));
              },
              cancel: () => void (cancelled = true),
            }),
            { headers: { "content-type": "application/json" } },
          ),
      );
      assert.strictEqual(reason._tag, "ResponseMalformed");
      assert.include(reason.message, "262144 bytes");
      assert.isBelow(sent, 2 * 256 * 1024);
      assert.isTrue(cancelled);
    }),
  );

  it.effect("takes a body of exactly 256 KiB", () =>
    Effect.gen(function* () {
      const text = '{"access_token":"t","token_type":"bearer","expires_in":1}';
      const { exit } = yield* settle(
        () =>
          new Response(text + " ".repeat(256 * 1024 - text.length), {
            headers: { "content-type": "application/json" },
          }),
      );
      assert.isTrue(Exit.isSuccess(exit));
    }),
  );

  it.effect("calls a body that breaks off transient", () =>
    Effect.gen(function* () {
      const { reason, times } = yield* failure(
        () =>
          new Response(
            new ReadableStream({
              pull: (controller) => {
                controller.error(Object.assign(new Error("canary"), { code: "ECONNRESET" }));
              },
            }),
            { headers: { "content-type": "application/json" } },
          ),
      );
      assert.isTrue(reason._tag === "ServerUnavailable" && reason.problem === "truncated");
      assert.strictEqual("code" in reason && reason.code, "ECONNRESET");
      assert.strictEqual(times.length, 3);
    }),
  );

  it.effect("calls a 200 without a body truncated", () =>
    Effect.gen(function* () {
      const { reason } = yield* failure(() => new Response(null, { status: 200 }));
      assert.isTrue(reason._tag === "ServerUnavailable" && reason.problem === "truncated");
    }),
  );
});
