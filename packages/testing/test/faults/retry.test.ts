import { assert, describe, it } from "@effect/vitest";
import * as RefreshPolicy from "@x/core/RefreshPolicy";
import type * as TokenError from "@x/core/TokenError";
import * as TokenServer from "@x/testing/TokenServer";
import * as Clock from "effect/Clock";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as Redacted from "effect/Redacted";
import * as TestClock from "effect/testing/TestClock";
import * as Crypto from "node:crypto";
import { acme, everyText } from "./acme.ts";

const start = Date.parse("2026-11-21T12:00:00Z");

const policy = RefreshPolicy.make({
  acquisition: { ...RefreshPolicy.make().acquisition, deadline: Duration.minutes(5) },
});

/** Runs an acquisition and returns the time of each request in milliseconds since the start. */
const acquire = (changes: Parameters<typeof acme>[0] = {}) =>
  Effect.gen(function* () {
    const { requests } = yield* TokenServer.TokenServer;
    yield* TestClock.setTime(start);
    const { get } = yield* acme({ refresh: policy, ...changes });
    const fiber = yield* Effect.forkChild(
      Effect.all({ result: Effect.result(get), ended: Clock.currentTimeMillis }),
    );
    for (let step = 0; step < 3_100 && fiber.pollUnsafe() === undefined; step++) {
      yield* TestClock.adjust("100 millis");
    }
    const { ended, result } = yield* Fiber.join(fiber);
    const at = (yield* requests).map((request) => request.at - start);
    return { result, at, ended: ended - start };
  });

const waiting = (retryAfter: string, status: number) =>
  TokenServer.respond("", { status, headers: { "retry-after": retryAfter } });

const http = (seconds: number) => new Date(start + seconds * 1000).toUTCString();

/** Headers and the minimum wait before the next attempt in milliseconds. */
const honoured: ReadonlyArray<readonly [name: string, header: string, atLeast: number]> = [
  ["0 seconds", "0", 0],
  ["1 second", "1", 1_000],
  ["7 seconds", "7", 7_000],
  ["59 seconds", "59", 59_000],
  ["60 seconds, which is the most", "60", 60_000],
  ["a date in 20 seconds", http(20), 20_000],
  ["a date in a minute", http(60), 60_000],
  ["a date that has passed", http(-3600), 0],
  ["a date long ago", "Thu, 01 Jan 1970 00:00:00 GMT", 0],
  ["-1, which is no number of seconds", "-1", 0],
  ["abc", "abc", 0],
  ["nothing", "", 0],
  ["1.5, which is no number of seconds", "1.5", 0],
  ["1e9, which is no number of seconds", "1e9", 0],
  ["a date that does not exist", "Sat, 31 Feb 2026 12:00:00 GMT", 0],
  ["an ISO date", "2026-11-21T12:00:30Z", 0],
];

/** Headers above one minute, which the error reports in milliseconds. */
const tooLong: ReadonlyArray<readonly [name: string, header: string, told: number]> = [
  ["61 seconds", "61", 61_000],
  ["an hour", "3600", 3_600_000],
  ["999999999", "999999999", 999_999_999_000],
  ["a date in 61 seconds", http(61), 61_000],
  ["the year 2035", "Mon, 01 Jan 2035 00:00:00 GMT", Date.parse("2035-01-01T00:00:00Z") - start],
  ["twenty digits", "9".repeat(20), Number.MAX_SAFE_INTEGER],
  ["400 digits", "9".repeat(400), Number.MAX_SAFE_INTEGER],
];

describe("Retry-After in a token answer", () => {
  for (const status of [429, 503]) {
    for (const [name, header, atLeast] of honoured) {
      it.effect(`delays the next attempt after ${status}: ${name}`, () =>
        Effect.gen(function* () {
          const { at, result } = yield* acquire();
          assert.strictEqual(result._tag, "Success");
          assert.strictEqual(at.length, 2);
          const [first = NaN, second = NaN] = at;
          assert.isAtLeast(second - first, atLeast);
          // The pause of the policy itself is below one second.
          assert.isAtMost(second - first, Math.max(atLeast, 1_000) + 100);
        }).pipe(
          Effect.provide(
            TokenServer.layerHttpClient([waiting(header, status), TokenServer.token()]),
          ),
        ),
      );
    }

    for (const [name, header, told] of tooLong) {
      it.effect(`fails at once and reports the wait after ${status}: ${name}`, () =>
        Effect.gen(function* () {
          const { at, ended, result } = yield* acquire();
          assert.isTrue(result._tag === "Failure");
          const error = "failure" in result ? result.failure : undefined;
          assert.strictEqual(error?.reason._tag, "ServerUnavailable");
          assert.isAtMost(Math.abs((error?.retryAfter ?? NaN) - told), 100);
          assert.deepStrictEqual(at, [0]);
          assert.isAtMost(ended, 100);
        }).pipe(
          Effect.provide(
            TokenServer.layerHttpClient([waiting(header, status), TokenServer.token()]),
          ),
        ),
      );
    }
  }

  it.effect("delays every attempt until the deadline", () =>
    Effect.gen(function* () {
      const { at, ended, result } = yield* acquire({
        refresh: RefreshPolicy.make(),
      });
      assert.strictEqual(result._tag, "Failure");
      // Two waits of 14 s fit into the deadline of 30 s.
      assert.strictEqual(at.length, 3);
      assert.isAtLeast(at[1] ?? 0, 14_000);
      assert.isAtLeast((at[2] ?? 0) - (at[1] ?? 0), 14_000);
      assert.isAtMost(ended, 30_000);
    }).pipe(Effect.provide(TokenServer.layerHttpClient([waiting("14", 503)]))),
  );

  it.effect("fails at once when the wait exceeds the deadline", () =>
    Effect.gen(function* () {
      const { at, ended } = yield* acquire({ refresh: RefreshPolicy.make() });
      assert.deepStrictEqual(at, [0]);
      assert.isAtMost(ended, 100);
    }).pipe(Effect.provide(TokenServer.layerHttpClient([waiting("31", 429)]))),
  );

  it.effect("makes later callers wait too", () =>
    Effect.gen(function* () {
      const { requestCount } = yield* TokenServer.TokenServer;
      yield* TestClock.setTime(start);
      const { get } = yield* acme();
      const first = yield* Effect.flip(get);
      assert.strictEqual(first.retryAfter, 120_000);
      yield* TestClock.adjust("59 seconds");
      assert.strictEqual((yield* Effect.flip(get)).retryAfter, 120_000);
      assert.strictEqual(yield* requestCount, 1);
      yield* TestClock.adjust("2 seconds");
      yield* get;
      assert.strictEqual(yield* requestCount, 2);
    }).pipe(
      Effect.provide(TokenServer.layerHttpClient([waiting("120", 429), TokenServer.token()])),
    ),
  );
});

const unavailable = [
  TokenServer.resetAt("accept"),
  TokenServer.closeAt("tls"),
  TokenServer.reset,
  TokenServer.resetAt("headers"),
  TokenServer.resetAt("body"),
  TokenServer.truncate('{"access_token":"a', {
    framing: "close",
    headers: { "content-type": "application/json" },
  }),
  TokenServer.hang,
  TokenServer.hangAt("body"),
  TokenServer.respond("", { status: 503 }),
  TokenServer.error("temporarily_unavailable"),
  TokenServer.garbage(),
] as const;

const permanent = [
  [TokenServer.error("invalid_client", { status: 401 }), "CredentialsRejected"],
  [TokenServer.error("invalid_scope"), "RequestRejected"],
  [TokenServer.respond("", { status: 403 }), "RequestRejected"],
  [TokenServer.token({ token_type: "DPoP" }), "ResponseMalformed"],
  [TokenServer.redirect("https://evil.test/"), "ServerUntrusted"],
] as const;

describe("an acquisition with mixed faults", () => {
  for (const [index, first] of unavailable.entries()) {
    const second = unavailable[(index * 7 + 3) % unavailable.length] ?? first;
    it.effect(`gets a token after fault ${index} and another fault`, () =>
      Effect.gen(function* () {
        const { ended, result } = yield* acquire();
        assert.strictEqual(result._tag, "Success");
        assert.isAtMost(ended, 25_000);
      }).pipe(Effect.provide(TokenServer.layerHttpClient([first, second, TokenServer.token()]))),
    );

    it.effect(`fails after three faults from fault ${index} on`, () =>
      Effect.gen(function* () {
        const { ended, result } = yield* acquire();
        const error: TokenError.TokenError | undefined =
          "failure" in result ? result.failure : undefined;
        assert.strictEqual(error?.reason._tag, "ServerUnavailable");
        assert.isAtMost(ended, 31_000 + 5_000);
      }).pipe(
        Effect.provide(TokenServer.layerHttpClient([first, second, first, TokenServer.token()])),
      ),
    );

    for (const [answer, reason] of permanent) {
      it.effect(`stops at ${reason} after fault ${index}`, () =>
        Effect.gen(function* () {
          const { result } = yield* acquire();
          const error: TokenError.TokenError | undefined =
            "failure" in result ? result.failure : undefined;
          assert.strictEqual(error?.reason._tag, reason);
        }).pipe(Effect.provide(TokenServer.layerHttpClient([first, answer, TokenServer.token()]))),
      );
    }
  }
});

const { privateKey } = Crypto.generateKeyPairSync("ec", { namedCurve: "P-256" });
const key = Redacted.make(String(privateKey.export({ type: "pkcs8", format: "pem" })));

const claims = (
  body: string,
): { readonly jti: string; readonly exp: number; readonly iat: number } => {
  const assertion = new URLSearchParams(body).get("client_assertion") ?? "";
  return JSON.parse(Buffer.from(assertion.split(".")[1] ?? "", "base64url").toString());
};

describe("an assertion", () => {
  it.live("has a new jti in every attempt", () =>
    Effect.gen(function* () {
      const { requests, setScript } = yield* TokenServer.TokenServer;
      const texts: Array<string> = [];
      for (const first of unavailable.slice(2)) {
        if (first._tag === "Hang") continue;
        yield* setScript([first, TokenServer.respond("", { status: 503 }), TokenServer.token()]);
        const provider = yield* acme({ clientAuth: "assertion", signingKey: key });
        yield* provider.get;
        texts.push(everyText(provider));
      }
      const sent = (yield* requests).map(({ body }) => claims(body));
      assert.isAtLeast(sent.length, 21);
      assert.strictEqual(new Set(sent.map(({ jti }) => jti)).size, sent.length);
      for (const { jti } of sent) {
        assert.isAtLeast(Buffer.from(jti, "base64url").length, 16);
        for (const text of texts) assert.notInclude(text, jti);
      }
      assert.notInclude(texts.join("\n"), Redacted.value(key).split("\n")[1] ?? "PRIVATE");
    }).pipe(Effect.scoped, Effect.provide(TokenServer.layerHttpClient([TokenServer.token()]))),
  );
});
