import { assert, describe, it } from "@effect/vitest";
import * as RefreshPolicy from "@x/core/RefreshPolicy";
import * as TokenServer from "@x/testing/TokenServer";
import * as Cause from "effect/Cause";
import * as Context from "effect/Context";
import * as Deferred from "effect/Deferred";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Fiber from "effect/Fiber";
import * as Layer from "effect/Layer";
import * as Random from "effect/Random";
import * as Schedule from "effect/Schedule";
import * as Scope from "effect/Scope";
import { until } from "../TokenServerTransports.ts";
import {
  acme,
  Acme,
  clientNames,
  clients,
  impatient,
  options,
  overTls,
  seen,
  start,
  undici,
} from "./acme.ts";
import * as Program from "./program.ts";

describe("1,000 callers of one token", () => {
  for (const client of clientNames) {
    it.live(`make one token request although 600 of them leave, over ${client}`, () =>
      Effect.gen(function* () {
        const released = yield* Deferred.make<void>();
        const server = yield* start(() => Effect.as(Deferred.await(released), TokenServer.token()));
        yield* Effect.gen(function* () {
          const { get } = yield* Acme.make(options(server));
          const callers = yield* Effect.forEach(Array.from({ length: 1_000 }), () =>
            Effect.forkChild(get),
          );
          const order = yield* Random.shuffle(callers.keys());
          const leave = (from: number, to: number) =>
            Effect.forEach(order.slice(from, to), (at) => Fiber.interrupt(callers[at]!), {
              concurrency: "unbounded",
            });
          yield* leave(0, 200);
          yield* until(Effect.map(server.requestCount, (count) => count === 1));
          yield* leave(200, 400);
          const leaving = yield* Effect.forkChild(leave(400, 600));
          yield* Deferred.succeed(released, undefined);
          yield* Fiber.join(leaving);
          const stayed = yield* Effect.forEach(order.slice(600), (at) => Fiber.join(callers[at]!));
          assert.strictEqual(new Set(stayed).size, 1);
          for (const at of order.slice(0, 400)) {
            const exit = yield* Fiber.await(callers[at]!);
            assert.isTrue(Exit.isFailure(exit) && Cause.hasInterruptsOnly(exit.cause));
          }
          assert.strictEqual(yield* get, stayed[0]);
          assert.strictEqual(yield* server.requestCount, 1);
        }).pipe(Effect.provide(clients[client]({ ca: server.certificateAuthority })));
      }).pipe(Random.withSeed("1,000 callers")),
    );
  }

  it.live("share one failure after three requests", () =>
    Effect.gen(function* () {
      const { requestCount } = yield* TokenServer.TokenServer;
      const { get } = yield* acme();
      const results = yield* Effect.all(
        Array.from({ length: 1_000 }, () => seen(get)),
        { concurrency: "unbounded" },
      );
      assert.deepStrictEqual([...new Set(results)], ["ServerUnavailable status"]);
      assert.strictEqual(yield* requestCount, 3);
    }).pipe(Effect.provide(overTls([TokenServer.respond("", { status: 503 })]))),
  );

  it.live("get a token that is issued when its request is sent", () =>
    Effect.gen(function* () {
      const { requests } = yield* TokenServer.TokenServer;
      const { get } = yield* acme();
      const token = yield* get;
      const [request] = yield* requests;
      assert.isAtMost(token.issuedAt, request?.at ?? 0);
      assert.strictEqual(token.expiresAt, token.issuedAt + 5_000);
    }).pipe(
      Effect.provide(
        overTls([TokenServer.delayed(TokenServer.token({ expires_in: 5 }), "300 millis")]),
      ),
    ),
  );
});

const phases = ["accept", "handshake", "tls", "request", "headers", "body"] as const;
const policies = {
  "on demand": () => impatient(),
  "in the background": () => RefreshPolicy.background(),
} as const;

describe("closing a layer", () => {
  for (const client of clientNames) {
    for (const at of phases) {
      const connects = at !== "accept" && at !== "handshake";
      if (client === "fetch" && !connects) continue;
      // undici gives up a connection attempt only after its own time-out.
      const layer = client === "undici" && !connects ? undici("5 seconds") : clients[client];
      for (const [mode, policy] of Object.entries(policies)) {
        it.live(
          `interrupts 100 callers and closes connections silent at ${at} (${client}, ${mode})`,
          () =>
            Effect.gen(function* () {
              const server = yield* start([TokenServer.hangAt(at)]);
              const scope = yield* Scope.make();
              const context = yield* Layer.buildWithScope(
                Layer.provide(
                  Acme.layer({ ...options(server), refresh: policy() }),
                  layer({ ca: server.certificateAuthority }),
                ),
                scope,
              );
              const { get } = Context.get(context, Acme);
              const callers = yield* Effect.forEach(Array.from({ length: 100 }), () =>
                Effect.forkChild(get),
              );
              yield* until(Effect.map(server.connectionCount, (count) => count > 0));
              if (at === "request" || at === "headers" || at === "body")
                yield* until(Effect.map(server.requestCount, (count) => count === 1));
              assert.strictEqual(yield* server.openConnectionCount, 1);
              yield* Scope.close(scope, Exit.void);
              for (const caller of callers) {
                const exit = yield* Fiber.await(caller);
                assert.isTrue(Exit.isFailure(exit) && Cause.hasInterruptsOnly(exit.cause));
              }
              yield* until(Effect.map(server.openConnectionCount, (count) => count === 0));
              assert.strictEqual(yield* server.connectionCount, 1);
            }),
        );
      }
    }

    it.live(
      `leaves no connection open after 96 acquisitions with faults (${client})`,
      () =>
        Effect.gen(function* () {
          const faults = [
            TokenServer.token(),
            TokenServer.reset,
            TokenServer.resetAt("body"),
            TokenServer.closeAt("headers"),
            TokenServer.truncate(),
            TokenServer.garbage(),
            TokenServer.oversizedHeaders(),
            TokenServer.error("invalid_client", { status: 401 }),
            TokenServer.respond("", { status: 503 }),
            TokenServer.redirect("https://evil.test/"),
            TokenServer.endless(),
            TokenServer.hangAt("body"),
          ] as const;
          const server = yield* start((_, index) => faults[index % faults.length] ?? faults[0]);
          const refresh = impatient({
            attempts: 1,
            timeout: Duration.seconds(3),
            delays: Schedule.spaced(0),
          });
          const results = yield* Effect.forEach(
            Array.from({ length: 96 }),
            () =>
              Effect.scoped(
                Effect.flatMap(Acme.make({ ...options(server), refresh }), ({ get }) => seen(get)),
              ),
            { concurrency: 16 },
          ).pipe(Effect.provide(clients[client]({ ca: server.certificateAuthority })));
          assert.strictEqual(results.length, 96);
          assert.isAtLeast(new Set(results).size, 5);
          yield* until(Effect.map(server.openConnectionCount, (count) => count === 0));
        }),
      // 8 of the answers hang for 3 s; it takes 5 s on an idle machine
      240_000,
    );
  }
});

describe("a process", () => {
  for (const client of clientNames) {
    for (const mode of ["onDemand", "background"] as const) {
      it.live(`ends by itself after it disposes of its provider (${client}, ${mode})`, () =>
        Effect.gen(function* () {
          const server = yield* start([TokenServer.token()]);
          const child = yield* Program.start({
            origin: server.origin,
            ca: server.certificateAuthority,
            client,
            mode,
            next: "get and dispose",
          });
          assert.strictEqual(yield* child.ended, 0);
          assert.strictEqual(child.output(), "begun\ntoken\nended\n");
          assert.strictEqual(yield* server.requestCount, 1);
          yield* until(Effect.map(server.openConnectionCount, (count) => count === 0));
        }),
      );

      for (const at of ["handshake", "body"] as const) {
        if (client === "fetch" && at === "handshake") continue;
        it.live(
          `ends by itself after it disposes of a provider that waits at ${at} (${client}, ${mode})`,
          () =>
            Effect.gen(function* () {
              const server = yield* start([TokenServer.hangAt(at)]);
              const child = yield* Program.start({
                origin: server.origin,
                ca: server.certificateAuthority,
                client:
                  client === "undici" && at === "handshake"
                    ? "undici, connecting for 5 seconds"
                    : client,
                mode,
                next: "wait and dispose",
              });
              yield* until(Effect.map(server.connectionCount, (count) => count === 1));
              if (at === "body")
                yield* until(Effect.map(server.requestCount, (count) => count === 1));
              child.process.stdin?.end("now\n");
              assert.strictEqual(yield* child.ended, 0);
              assert.strictEqual(child.output(), "begun\nFailure\nended\n");
              yield* until(Effect.map(server.openConnectionCount, (count) => count === 0));
            }),
        );
      }
    }

    it.live(`ends by itself without disposing of its provider (${client}, onDemand)`, () =>
      Effect.gen(function* () {
        const server = yield* start([TokenServer.token()]);
        const child = yield* Program.start({
          origin: server.origin,
          ca: server.certificateAuthority,
          client,
          mode: "onDemand",
          next: "get",
        });
        assert.strictEqual(yield* child.ended, 0);
        assert.strictEqual(child.output(), "begun\ntoken\nended\n");
      }),
    );
  }
});
