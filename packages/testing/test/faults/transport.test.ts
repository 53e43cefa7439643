import { assert, describe, it } from "@effect/vitest";
import * as TokenServer from "@x/testing/TokenServer";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import { until } from "../TokenServerTransports.ts";
import { acme, clientNames, clients, impatient, overTls, seen, undici } from "./acme.ts";

const phases = ["accept", "handshake", "tls", "request", "headers", "body"] as const;

/** Faults after which the same request may succeed, and the reason if it never does. */
const passing: ReadonlyArray<readonly [name: string, fault: TokenServer.Answer, reason: string]> = [
  ...phases.flatMap((at) => {
    const reason = `ServerUnavailable ${at === "body" ? "truncated" : "connection"}`;
    return [
      [`a reset at ${at}`, TokenServer.resetAt(at), reason],
      [`an end at ${at}`, TokenServer.closeAt(at), reason],
    ] as const;
  }),
  ["the greeting of another protocol", TokenServer.garbage(), "ServerUnavailable connection"],
  [
    "bytes without sense",
    TokenServer.garbage(new Uint8Array([0, 1, 2, 255])),
    "ServerUnavailable connection",
  ],
  ["half a status line", TokenServer.garbage("HTTP/1.1 2"), "ServerUnavailable connection"],
  ["headers without end", TokenServer.oversizedHeaders(), "ServerUnavailable connection"],
  ["503", TokenServer.respond("", { status: 503 }), "ServerUnavailable status"],
];

for (const client of clientNames) {
  describe(`over ${client}, an acquisition`, () => {
    for (const [name, fault, reason] of passing) {
      it.live(`gets a token after two faults: ${name}`, () =>
        Effect.gen(function* () {
          const { get } = yield* acme();
          assert.strictEqual(yield* seen(get), "token");
        }).pipe(Effect.provide(overTls([fault, fault, TokenServer.token()], clients[client]))),
      );

      it.live(`fails after three faults: ${name}`, () =>
        Effect.gen(function* () {
          const { requestCount } = yield* TokenServer.TokenServer;
          const { get } = yield* acme();
          assert.strictEqual(yield* seen(get), reason);
          assert.isAtMost(yield* requestCount, 3);
          const sent = yield* requestCount;
          // The next caller gets the remembered failure without a request.
          assert.strictEqual(yield* seen(get), reason);
          assert.strictEqual(yield* requestCount, sent);
        }).pipe(
          Effect.provide(overTls([fault, fault, fault, TokenServer.token()], clients[client])),
        ),
      );
    }
  });
}

const patient = impatient({ timeout: Duration.seconds(10), deadline: Duration.seconds(50) });
const brief = impatient({ timeout: Duration.millis(300), deadline: Duration.seconds(2) });

describe("an acquisition from a silent server", () => {
  for (const at of phases) {
    for (const client of clientNames) {
      const connects = at !== "accept" && at !== "handshake";
      // undici waits for its pending connection attempt before it starts another.
      if (client === "fetch" && !connects) continue;
      const layer = client === "undici" && !connects ? undici("5 seconds") : clients[client];
      it.live(`gets a token from the next attempt after silence at ${at}, over ${client}`, () =>
        Effect.gen(function* () {
          const { get } = yield* acme({ refresh: patient });
          assert.strictEqual(yield* seen(get), "token");
        }).pipe(Effect.provide(overTls([TokenServer.hangAt(at), TokenServer.token()], layer))),
      );
    }

    it.live(`fails at its deadline after at most three attempts silent at ${at}`, () =>
      Effect.gen(function* () {
        const { connectionCount, requestCount } = yield* TokenServer.TokenServer;
        const { get } = yield* acme({ refresh: brief });
        assert.strictEqual(yield* seen(get), "ServerUnavailable timeout");
        assert.isAtMost(yield* requestCount, 3);
        assert.isAtMost(yield* connectionCount, 3);
      }).pipe(Effect.provide(overTls([TokenServer.hangAt(at)]))),
    );
  }

  it.live("fails at its deadline when the server sends one byte each 100 ms", () =>
    Effect.gen(function* () {
      const { requestCount } = yield* TokenServer.TokenServer;
      const { get } = yield* acme({ refresh: brief });
      assert.strictEqual(yield* seen(get), "ServerUnavailable timeout");
      assert.isAtMost(yield* requestCount, 3);
    }).pipe(
      Effect.provide(
        overTls([
          TokenServer.dripped(TokenServer.token(), { pause: "100 millis", from: "headers" }),
        ]),
      ),
    ),
  );

  it.live("fails at its deadline when the second attempt hangs", () =>
    Effect.gen(function* () {
      const { get } = yield* acme({
        refresh: impatient({ timeout: Duration.seconds(60), deadline: Duration.millis(800) }),
      });
      assert.strictEqual(yield* seen(get), "ServerUnavailable timeout");
    }).pipe(Effect.provide(overTls([TokenServer.reset, TokenServer.hang]))),
  );
});

describe("a slow answer", () => {
  it.live("accepts a slow answer when it is complete", () =>
    Effect.gen(function* () {
      const { requestCount } = yield* TokenServer.TokenServer;
      const { get } = yield* acme();
      assert.strictEqual(yield* seen(get), "token");
      assert.strictEqual(yield* requestCount, 1);
    }).pipe(
      Effect.provide(
        overTls([TokenServer.dripped(TokenServer.token(), { pause: "2 millis", from: "headers" })]),
      ),
    ),
  );
});

describe("an acquisition whose provider is closed", () => {
  for (const client of clientNames) {
    for (const at of phases) {
      // undici gives up a connection attempt only after its own time-out.
      if (client !== "node:http" && (at === "accept" || at === "handshake")) continue;
      it.live(`closes a connection silent at ${at}, over ${client}`, () =>
        Effect.gen(function* () {
          const server = yield* TokenServer.TokenServer;
          const fiber = yield* Effect.forkChild(
            Effect.scoped(Effect.flatMap(acme(), ({ get }) => get)),
          );
          yield* until(Effect.map(server.connectionCount, (count) => count === 1));
          if (at !== "accept" && at !== "handshake" && at !== "tls")
            yield* until(Effect.map(server.requestCount, (count) => count === 1));
          assert.strictEqual(yield* server.openConnectionCount, 1);
          yield* Fiber.interrupt(fiber);
          yield* until(Effect.map(server.openConnectionCount, (count) => count === 0));
          assert.strictEqual(yield* server.connectionCount, 1);
        }).pipe(Effect.provide(overTls([TokenServer.hangAt(at)], clients[client]))),
      );
    }
  }
});
