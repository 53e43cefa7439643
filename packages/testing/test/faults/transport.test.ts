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
      it.live(`brings a token after two of ${name}`, () =>
        Effect.gen(function* () {
          const { get } = yield* acme();
          assert.strictEqual(yield* seen(get), "token");
        }).pipe(Effect.provide(overTls([fault, fault, TokenServer.token()], clients[client]))),
      );

      it.live(`ends after three of ${name}`, () =>
        Effect.gen(function* () {
          const { requestCount } = yield* TokenServer.TokenServer;
          const { get } = yield* acme();
          assert.strictEqual(yield* seen(get), reason);
          assert.isAtMost(yield* requestCount, 3);
          const sent = yield* requestCount;
          // The failure is remembered: the next caller gets it without a request.
          assert.strictEqual(yield* seen(get), reason);
          assert.strictEqual(yield* requestCount, sent);
        }).pipe(
          Effect.provide(overTls([fault, fault, fault, TokenServer.token()], clients[client])),
        ),
      );
    }
  });
}

const patient = impatient({ timeout: Duration.seconds(4), deadline: Duration.seconds(40) });
const brief = impatient({ timeout: Duration.millis(300), deadline: Duration.seconds(2) });

describe("an acquisition from a server that falls silent", () => {
  for (const at of phases) {
    for (const client of clientNames) {
      const connects = at !== "accept" && at !== "handshake";
      // undici sends the next request by the connection that it is still making, until it gives that up.
      if (client === "fetch" && !connects) continue;
      const layer = client === "undici" && !connects ? undici("1500 millis") : clients[client];
      it.live(`at ${at} brings a token from the next attempt, over ${client}`, () =>
        Effect.gen(function* () {
          const { get } = yield* acme({ refresh: patient });
          assert.strictEqual(yield* seen(get), "token");
        }).pipe(Effect.provide(overTls([TokenServer.hangAt(at), TokenServer.token()], layer))),
      );
    }

    it.live(`at ${at} for good ends with its deadline, after three attempts at most`, () =>
      Effect.gen(function* () {
        const { connectionCount, requestCount } = yield* TokenServer.TokenServer;
        const { get } = yield* acme({ refresh: brief });
        assert.strictEqual(yield* seen(get), "ServerUnavailable timeout");
        assert.isAtMost(yield* requestCount, 3);
        assert.isAtMost(yield* connectionCount, 3);
      }).pipe(Effect.provide(overTls([TokenServer.hangAt(at)]))),
    );
  }

  it.live("and sends one byte in 100 ms ends with its deadline", () =>
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

  it.live("between attempts that fail otherwise never gets more than the deadline", () =>
    Effect.gen(function* () {
      const { get } = yield* acme({
        refresh: impatient({ timeout: Duration.seconds(60), deadline: Duration.millis(800) }),
      });
      assert.strictEqual(yield* seen(get), "ServerUnavailable timeout");
    }).pipe(Effect.provide(overTls([TokenServer.reset, TokenServer.hang]))),
  );
});

describe("an answer that comes slowly", () => {
  it.live("is taken once it is whole", () =>
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

describe("an acquisition that is given up with its provider", () => {
  for (const client of clientNames) {
    for (const at of phases) {
      // undici goes on connecting for a request that was given up, until its own end.
      if (client !== "node:http" && (at === "accept" || at === "handshake")) continue;
      it.live(`closes the connection that hangs at ${at}, over ${client}`, () =>
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
