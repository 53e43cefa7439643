import { assert, describe, it } from "@effect/vitest";
import * as TestHttpClient from "@x/testing/TestHttpClient";
import * as TokenServer from "@x/testing/TokenServer";
import * as Deferred from "effect/Deferred";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as HttpClient from "effect/http/HttpClient";
import * as Layer from "effect/Layer";
import * as Scope from "effect/Scope";
import * as Tls from "node:tls";
import { outcome, overTls, transports, until } from "./TokenServerTransports.ts";

const phases = ["accept", "handshake", "tls", "request", "headers", "body"] as const;

const statuses = (url: string, times: number) =>
  Effect.forEach(Array.from({ length: times }), () =>
    Effect.map(outcome(url), (seen) => ("status" in seen ? seen.status : seen.code)),
  );

describe("TokenServer connections", () => {
  for (const [name, layer] of transports) {
    it.live(`plays one script for connections and requests ${name}`, () =>
      Effect.gen(function* () {
        const { requestCount, requests, tokenUrl } = yield* TokenServer.TokenServer;
        assert.deepStrictEqual(yield* statuses(tokenUrl, 7), [
          200,
          "ECONNRESET",
          503,
          "ECONNRESET",
          "UND_ERR_SOCKET",
          200,
          200,
        ]);
        assert.strictEqual(yield* requestCount, 4);
        assert.strictEqual((yield* requests).length, 4);
      }).pipe(
        Effect.provide(
          layer([
            TokenServer.token(),
            TokenServer.resetAt("accept"),
            TokenServer.respond("", { status: 503 }),
            TokenServer.resetAt("handshake"),
            TokenServer.closeAt("tls"),
            TokenServer.token(),
          ]),
        ),
      ),
    );

    it.live(`plays a connection fault from a function at the request ${name}`, () =>
      Effect.gen(function* () {
        const { requestCount, tokenUrl } = yield* TokenServer.TokenServer;
        assert.deepStrictEqual(yield* statuses(tokenUrl, 2), ["ECONNRESET", 200]);
        assert.strictEqual(yield* requestCount, 2);
      }).pipe(
        Effect.provide(
          layer((_, index) => (index === 0 ? TokenServer.resetAt("accept") : TokenServer.token())),
        ),
      ),
    );

    for (const at of phases) {
      it.live(`releases a client that waits at ${at} when the scope closes ${name}`, () =>
        Effect.gen(function* () {
          const answer = TokenServer.delayed(TokenServer.hangAt(at), "1 milli");
          const seen = yield* Effect.scoped(
            Effect.gen(function* () {
              const context = yield* Layer.build(layer([answer]));
              const server = yield* Effect.provideContext(TokenServer.TokenServer, context);
              // over sockets the client must outlive the server
              const client =
                layer === overTls
                  ? yield* Effect.provideContext(
                      HttpClient.HttpClient,
                      yield* detached(TestHttpClient.layer(server.certificateAuthority)),
                    )
                  : yield* Effect.provideContext(HttpClient.HttpClient, context);
              const seen = yield* outcome(server.tokenUrl).pipe(
                Effect.provideService(HttpClient.HttpClient, client),
                Effect.forkDetach,
              );
              if (layer === overTls)
                yield* until(Effect.map(server.connectionCount, (count) => count === 1));
              if (at === "request" || at === "headers" || at === "body")
                yield* until(Effect.map(server.requestCount, (count) => count === 1));
              else yield* Effect.yieldNow;
              return seen;
            }),
          );
          assert.notProperty(yield* Fiber.join(seen), "status");
        }),
      );
    }
  }

  for (const at of ["accept", "handshake", "tls"] as const) {
    it.live(`sees a client leave that it lets hang at ${at}`, () =>
      Effect.gen(function* () {
        const server = yield* TokenServer.TokenServer;
        // undici would continue to connect after its request was interrupted
        const socket = Tls.connect({
          host: "localhost",
          port: Number(new URL(server.origin).port),
          ca: server.certificateAuthority,
        }).on("error", () => {});
        yield* until(Effect.map(server.connectionCount, (count) => count === 1));
        assert.strictEqual(yield* server.openConnectionCount, 1);
        socket.destroy();
        yield* until(Effect.map(server.openConnectionCount, (count) => count === 0));
      }).pipe(Effect.provide(TokenServer.layer([TokenServer.hangAt(at)]))),
    );
  }

  for (const at of ["request", "headers", "body"] as const) {
    it.live(`sees a client leave that it lets hang at ${at}`, () =>
      Effect.gen(function* () {
        const server = yield* TokenServer.TokenServer;
        const fiber = yield* Effect.forkChild(outcome(server.tokenUrl));
        yield* until(Effect.map(server.requestCount, (count) => count === 1));
        assert.strictEqual(yield* server.openConnectionCount, 1);
        assert.isUndefined(fiber.pollUnsafe());
        yield* Fiber.interrupt(fiber);
        yield* until(Effect.map(server.openConnectionCount, (count) => count === 0));
        assert.strictEqual(yield* server.connectionCount, 1);
      }).pipe(Effect.provide(overTls([TokenServer.hangAt(at)]))),
    );
  }

  it.live("refuses connections in memory after the scope has closed", () =>
    Effect.gen(function* () {
      const client = yield* HttpClient.HttpClient.pipe(
        Effect.provide(TokenServer.layerHttpClient([TokenServer.token()])),
      );
      const seen = yield* outcome("https://token-server.test/oauth/token").pipe(
        Effect.provideService(HttpClient.HttpClient, client),
      );
      assert.strictEqual("code" in seen && seen.code, "ECONNREFUSED");
    }),
  );

  it.live("keeps connections alive for later requests", () =>
    Effect.gen(function* () {
      const { connectionCount, tokenUrl } = yield* TokenServer.TokenServer;
      for (let i = 0; i < 20; i++) yield* outcome(tokenUrl);
      assert.isBelow(yield* connectionCount, 17);
    }).pipe(Effect.provide(overTls([TokenServer.token()]))),
  );

  it.live("answers 500 when a script dies", () =>
    Effect.gen(function* () {
      const { tokenUrl } = yield* TokenServer.TokenServer;
      assert.deepStrictEqual(yield* outcome(tokenUrl), { status: 500, text: "Error: no idea" });
    }).pipe(Effect.provide(overTls(() => Effect.die(new Error("no idea"))))),
  );

  it.live("stops an endless body when the client leaves", () =>
    Effect.gen(function* () {
      const server = yield* TokenServer.TokenServer;
      const arrived = yield* Deferred.make<void>();
      yield* server.setScript(() =>
        Effect.as(Deferred.succeed(arrived, undefined), TokenServer.endless()),
      );
      yield* Effect.scoped(
        Effect.gen(function* () {
          yield* HttpClient.withScope(yield* HttpClient.HttpClient).post(server.tokenUrl);
          yield* Deferred.await(arrived);
        }),
      );
      yield* until(Effect.map(server.openConnectionCount, (count) => count === 0));
    }).pipe(Effect.provide(overTls([TokenServer.endless()]))),
  );
});

/** Builds a layer that outlives the current scope. */
const detached = <A>(layer: Layer.Layer<A>) =>
  Layer.build(layer).pipe(Effect.provideService(Scope.Scope, Scope.makeUnsafe()));
