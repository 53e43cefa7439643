import { assert, describe, it } from "@effect/vitest";
import * as TokenServer from "@x/testing/TokenServer";
import * as Clock from "effect/Clock";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as HttpClient from "effect/http/HttpClient";
import * as Queue from "effect/Queue";
import * as Stream from "effect/Stream";
import * as TestClock from "effect/testing/TestClock";
import { outcome, overTls } from "./TokenServerTransports.ts";

describe("TokenServer in memory", () => {
  it.effect("waits for a delay on the Clock", () =>
    Effect.gen(function* () {
      const { tokenUrl } = yield* TokenServer.TokenServer;
      const fiber = yield* Effect.forkChild(
        Effect.andThen(outcome(tokenUrl), Clock.currentTimeMillis),
      );
      yield* TestClock.adjust("59 minutes");
      assert.isUndefined(fiber.pollUnsafe());
      yield* TestClock.adjust("1 minute");
      assert.isAtLeast(yield* Fiber.join(fiber), Duration.toMillis("1 hour"));
    }).pipe(
      Effect.provide(
        TokenServer.layerHttpClient([TokenServer.delayed(TokenServer.token(), "1 hour")]),
      ),
    ),
  );

  for (const [what, answer, complete] of [
    ["a dripped body", TokenServer.respond("abc"), true],
    ["a dripped body that never ends", TokenServer.endless({ body: "a", filler: "bc" }), false],
    ["a dripped body that breaks off", TokenServer.truncate("abc"), false],
  ] as const) {
    it.effect(`sends ${what} on the Clock`, () =>
      Effect.gen(function* () {
        const { tokenUrl } = yield* TokenServer.TokenServer;
        const pieces = yield* Queue.unbounded<string>();
        const fiber = yield* HttpClient.post(tokenUrl).pipe(
          Effect.flatMap((response) =>
            response.stream.pipe(
              Stream.decodeText,
              Stream.runForEach((piece) => Queue.offer(pieces, piece)),
            ),
          ),
          Effect.exit,
          Effect.forkChild,
        );
        assert.strictEqual(yield* Queue.take(pieces), "a");
        for (const piece of ["b", "c"]) {
          yield* TestClock.adjust("59 seconds");
          assert.strictEqual(yield* Queue.size(pieces), 0);
          yield* TestClock.adjust("1 second");
          assert.strictEqual(yield* Queue.take(pieces), piece);
        }
        if (answer._tag === "Endless") return yield* Fiber.interrupt(fiber);
        assert.strictEqual((yield* Fiber.join(fiber))._tag === "Success", complete);
      }).pipe(
        Effect.provide(
          TokenServer.layerHttpClient([TokenServer.dripped(answer, { pause: "1 minute" })]),
        ),
      ),
    );
  }

  it.effect("sends a dripped head and body on the Clock", () =>
    Effect.gen(function* () {
      const { tokenUrl } = yield* TokenServer.TokenServer;
      const fiber = yield* Effect.forkChild(HttpClient.post(tokenUrl));
      // HTTP/1.1 200 OK, content-length: 3 and an empty line
      yield* TestClock.adjust(Duration.seconds("HTTP/1.1 200 OKcontent-length: 3".length + 6 - 2));
      assert.isUndefined(fiber.pollUnsafe());
      yield* TestClock.adjust("1 second");
      const response = yield* Fiber.join(fiber);
      const body = yield* Effect.forkChild(response.text);
      yield* TestClock.adjust("2 seconds");
      assert.isUndefined(body.pollUnsafe());
      yield* TestClock.adjust("1 second");
      assert.strictEqual(yield* Fiber.join(body), "abc");
    }).pipe(
      Effect.provide(
        TokenServer.layerHttpClient([
          TokenServer.respond("abc", { drip: { pause: "1 second", from: "headers" } }),
        ]),
      ),
    ),
  );
});

describe("TokenServer over TLS", () => {
  for (const [what, answer, least] of [
    ["a delay", TokenServer.delayed(TokenServer.token(), "30 millis"), 30],
    [
      "a delayed connection fault",
      TokenServer.delayed(TokenServer.resetAt("accept"), "30 millis"),
      30,
    ],
    ["a dripped body", TokenServer.respond("abc", { drip: { pause: "15 millis" } }), 30],
    [
      "a dripped head",
      TokenServer.respond("", { drip: { pause: "10 millis", bytes: 10, from: "headers" } }),
      30,
    ],
  ] as const) {
    it.live(`waits at least as long as ${what} takes`, () =>
      Effect.gen(function* () {
        const { tokenUrl } = yield* TokenServer.TokenServer;
        const start = performance.now();
        yield* outcome(tokenUrl);
        // timers may fire up to a millisecond early
        assert.isAtLeast(performance.now() - start, least - 1);
      }).pipe(Effect.provide(overTls([answer]))),
    );
  }
});
