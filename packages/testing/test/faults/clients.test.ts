import { assert, describe, it } from "@effect/vitest";
import * as TokenServer from "@x/testing/TokenServer";
import * as Effect from "effect/Effect";
import * as HttpApi from "effect/http-api/HttpApi";
import * as HttpApiClient from "effect/http-api/HttpApiClient";
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint";
import * as HttpApiGroup from "effect/http-api/HttpApiGroup";
import * as HttpClient from "effect/http/HttpClient";
import * as Layer from "effect/Layer";
import * as CircuitBreaker from "effect/persistence/CircuitBreaker";
import * as RateLimiter from "effect/persistence/RateLimiter";
import * as Schedule from "effect/Schedule";
import * as Schema from "effect/Schema";
import { acme, overTls } from "./acme.ts";
import { against, calls, order, Order, status, tokensOf } from "./api.ts";

const twice = { times: 2, schedule: Schedule.spaced("1 milli") };

const Api = HttpApi.make("orders").add(
  HttpApiGroup.make("orders").add(
    HttpApiEndpoint.get("read", "/orders/:id", {
      params: { id: Schema.String },
      success: Order,
    }),
    HttpApiEndpoint.post("create", "/orders", { payload: Order, success: Order }),
  ),
);

describe("HttpApiClient with a provider's httpClient", () => {
  it.live("calls typed endpoints", () =>
    Effect.gen(function* () {
      const { httpClient } = yield* acme();
      const client = yield* HttpApiClient.makeWith(Api, { httpClient });
      assert.deepStrictEqual(yield* client.orders.read({ params: { id: "7" } }), {
        id: "7",
        total: 12,
      });
      yield* client.orders.create({ payload: { id: "8", total: 1 } });
      assert.deepStrictEqual(
        (yield* calls).map(({ body, path, token }) => [path, token, body]),
        [
          ["/api/orders/7", "Bearer token-0", ""],
          ["/api/orders", "Bearer token-0", '{"id":"8","total":1}'],
        ],
      );
    }).pipe(against(order)),
  );

  it.live("replays calls with a new token after a 401", () =>
    Effect.gen(function* () {
      const { httpClient } = yield* acme();
      const client = yield* HttpApiClient.makeWith(Api, { httpClient });
      yield* client.orders.create({ payload: { id: "8", total: 1 } });
      const sent = yield* calls;
      assert.deepStrictEqual(
        sent.map(({ token }) => token),
        ["Bearer token-0", "Bearer token-1"],
      );
      assert.deepStrictEqual(new Set(sent.map(({ body }) => body)).size, 1);
    }).pipe(against(status(401), order)),
  );

  it.live("retries an endpoint that has a retrying transformation", () =>
    Effect.gen(function* () {
      const { httpClient } = yield* acme();
      const read = yield* HttpApiClient.endpoint(Api, {
        group: "orders",
        endpoint: "read",
        httpClient,
        transformClient: HttpClient.retryTransient(twice),
      });
      assert.strictEqual((yield* read({ params: { id: "7" } })).total, 12);
      assert.deepStrictEqual(yield* tokensOf, ["Bearer token-0", "Bearer token-0"]);
    }).pipe(against(status(503), order)),
  );

  it.live("fails with the provider's TokenError", () =>
    Effect.gen(function* () {
      const { httpClient } = yield* acme();
      const client = yield* HttpApiClient.makeWith(Api, { httpClient });
      const said = yield* client.orders.read({ params: { id: "7" } }).pipe(
        Effect.as("an order"),
        Effect.catchReason("TokenError", "TokenRefused", () => Effect.succeed("refused")),
      );
      assert.strictEqual(said, "refused");
    }).pipe(against(status(401))),
  );
});

describe("a provider's httpClient under retryTransient", () => {
  it.live("returns the answer after a 503 and a reset", () =>
    Effect.gen(function* () {
      const { httpClient } = yield* acme();
      const client = httpClient.pipe(HttpClient.retryTransient(twice));
      assert.strictEqual((yield* client.get("/orders")).status, 200);
      assert.deepStrictEqual(
        yield* tokensOf,
        Array.from({ length: 3 }, () => "Bearer token-0"),
      );
    }).pipe(against(status(503), TokenServer.reset, order)),
  );

  it.live("replays after a 401 and retries after the 503 of the replay", () =>
    Effect.gen(function* () {
      const { httpClient } = yield* acme();
      const client = httpClient.pipe(HttpClient.retryTransient(twice));
      assert.strictEqual((yield* client.get("/orders")).status, 200);
      assert.deepStrictEqual(yield* tokensOf, [
        "Bearer token-0",
        "Bearer token-1",
        "Bearer token-1",
      ]);
    }).pipe(against(status(401), status(503), order)),
  );

  it.live("does not retry when the API refuses the new token too", () =>
    Effect.gen(function* () {
      const { httpClient } = yield* acme();
      const client = httpClient.pipe(HttpClient.retryTransient(twice));
      const error = yield* Effect.flip(client.get("/orders"));
      assert.strictEqual(error._tag === "TokenError" && error.reason._tag, "TokenRefused");
      assert.strictEqual((yield* calls).length, 2);
    }).pipe(against(status(401))),
  );

  it.live("does not retry or call the API when credentials are refused", () =>
    Effect.gen(function* () {
      const { requests } = yield* TokenServer.TokenServer;
      const { httpClient } = yield* acme();
      const client = httpClient.pipe(HttpClient.retryTransient(twice));
      const error = yield* Effect.flip(client.get("/orders"));
      assert.strictEqual(error._tag === "TokenError" && error.reason._tag, "CredentialsRejected");
      assert.deepStrictEqual(
        (yield* requests).map(({ path }) => path),
        ["/oauth/token"],
      );
    }).pipe(Effect.provide(overTls([TokenServer.error("invalid_client", { status: 401 })]))),
  );
});

describe("a provider's httpClient under withRateLimiter", () => {
  const limits = RateLimiter.layer.pipe(Layer.provide(RateLimiter.layerStoreMemory));

  it.live("waits as long as a 429 asks and sends the same token again", () =>
    Effect.gen(function* () {
      const { requests } = yield* TokenServer.TokenServer;
      const { httpClient } = yield* acme();
      const client = httpClient.pipe(
        HttpClient.withRateLimiter({
          limiter: yield* RateLimiter.RateLimiter,
          key: "acme",
          limit: 100,
          window: "1 second",
          times: 3,
        }),
      );
      assert.strictEqual((yield* client.get("/orders")).status, 200);
      const [, first, second] = yield* requests;
      assert.isAtLeast((second?.at ?? 0) - (first?.at ?? 0), 950);
      assert.deepStrictEqual(yield* tokensOf, ["Bearer token-0", "Bearer token-0"]);
    }).pipe(Effect.provide(limits), against(status(429, { "retry-after": "1" }), order)),
  );

  it.live("replays a call after a 401 and waits after a 429", () =>
    Effect.gen(function* () {
      const { httpClient } = yield* acme();
      const client = httpClient.pipe(
        HttpClient.withRateLimiter({
          limiter: yield* RateLimiter.RateLimiter,
          key: "acme",
          limit: 100,
          window: "1 second",
          times: 3,
        }),
      );
      assert.strictEqual((yield* client.get("/orders")).status, 200);
      assert.deepStrictEqual(yield* tokensOf, [
        "Bearer token-0",
        "Bearer token-1",
        "Bearer token-1",
      ]);
    }).pipe(
      Effect.provide(limits),
      against(status(401), status(429, { "retry-after": "0" }), order),
    ),
  );
});

describe("a provider's httpClient under withCircuitBreaker", () => {
  const breaker = CircuitBreaker.make({
    tripPolicy: CircuitBreaker.consecutive(1),
    openDuration: "1 minute",
  });

  it.live("sends nothing while the circuit is open", () =>
    Effect.gen(function* () {
      const { httpClient } = yield* acme();
      const client = httpClient.pipe(
        HttpClient.retryTransient(twice),
        HttpClient.withCircuitBreaker({ breaker: yield* breaker }),
      );
      assert.strictEqual((yield* client.get("/orders")).status, 503);
      const error = yield* Effect.flip(client.get("/orders"));
      assert.strictEqual(error._tag, "CircuitBreakerError");
      assert.strictEqual((yield* calls).length, 3);
    }).pipe(Effect.provide(CircuitBreaker.layerStoreMemory()), against(status(503))),
  );

  it.live("keeps the circuit closed after 401s", () =>
    Effect.gen(function* () {
      const { httpClient } = yield* acme();
      const client = httpClient.pipe(HttpClient.withCircuitBreaker({ breaker: yield* breaker }));
      assert.strictEqual((yield* client.get("/orders")).status, 200);
      for (let at = 0; at < 3; at++) {
        const error = yield* Effect.flip(client.get("/orders"));
        assert.strictEqual(error._tag === "TokenError" && error.reason._tag, "TokenRefused");
      }
    }).pipe(
      Effect.provide(CircuitBreaker.layerStoreMemory()),
      against(status(401), order, status(401)),
    ),
  );
});
