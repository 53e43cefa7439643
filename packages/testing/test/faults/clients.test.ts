import { assert, describe, it } from "@effect/vitest";
import { header } from "@x/testing/ReceivedRequest";
import * as TokenServer from "@x/testing/TokenServer";
import type { NonEmptyReadonlyArray } from "effect/Array";
import * as Effect from "effect/Effect";
import * as HttpApi from "effect/http-api/HttpApi";
import * as HttpApiClient from "effect/http-api/HttpApiClient";
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint";
import * as HttpApiGroup from "effect/http-api/HttpApiGroup";
import * as HttpBody from "effect/http/HttpBody";
import * as HttpClient from "effect/http/HttpClient";
import * as HttpClientRequest from "effect/http/HttpClientRequest";
import * as HttpClientResponse from "effect/http/HttpClientResponse";
import * as Layer from "effect/Layer";
import * as CircuitBreaker from "effect/persistence/CircuitBreaker";
import * as RateLimiter from "effect/persistence/RateLimiter";
import * as Schedule from "effect/Schedule";
import * as Schema from "effect/Schema";
import * as Stream from "effect/Stream";
import { until } from "../TokenServerTransports.ts";
import { acme, overTls, seen } from "./acme.ts";

/** A vendor whose token endpoint issues `token-0`, `token-1` and so on, and whose API plays a list. */
const vendor = (...answers: NonEmptyReadonlyArray<TokenServer.Answer>): TokenServer.Script => {
  let tokens = 0;
  let calls = 0;
  return ({ path }) =>
    path === "/oauth/token"
      ? TokenServer.token({ access_token: `token-${tokens++}` })
      : (answers[Math.min(calls++, answers.length - 1)] ?? answers[0]);
};

const against = (...answers: NonEmptyReadonlyArray<TokenServer.Answer>) =>
  Effect.provide(overTls(vendor(...answers)));

const status = (code: number, headers: Readonly<Record<string, string>> = {}) =>
  TokenServer.respond("", { status: code, headers });
const order = TokenServer.json({ id: "7", total: 12 });

/** Requests to the API: path, token and body, in order. */
const calls = Effect.gen(function* () {
  const { requests } = yield* TokenServer.TokenServer;
  return (yield* requests)
    .filter(({ path }) => path !== "/oauth/token")
    .map((request) => ({
      path: request.path,
      token: header(request, "authorization"),
      body: request.body,
      type: header(request, "content-type"),
    }));
});

const tokensOf = Effect.map(calls, (all) => all.map(({ token }) => token));

const twice = { times: 2, schedule: Schedule.spaced("1 milli") };

const Order = Schema.Struct({ id: Schema.String, total: Schema.Finite });
const Api = HttpApi.make("orders").add(
  HttpApiGroup.make("orders").add(
    HttpApiEndpoint.get("read", "/orders/:id", {
      params: { id: Schema.String },
      success: Order,
    }),
    HttpApiEndpoint.post("create", "/orders", { payload: Order, success: Order }),
  ),
);

describe("a provider's httpClient serves HttpApiClient", () => {
  it.live("which calls typed endpoints by it", () =>
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

  it.live("whose calls are replayed with a fresh token", () =>
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

  it.live("with one endpoint, and a transformation that tries again", () =>
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

  it.live("and fails with the provider's error, which can be told from the API's", () =>
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
  it.live("brings the answer after a 503 and a reset", () =>
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

  it.live("replays after a 401 inside an attempt, and tries again after what that brings", () =>
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

  it.live("is not tried again where the token is refused for good", () =>
    Effect.gen(function* () {
      const { httpClient } = yield* acme();
      const client = httpClient.pipe(HttpClient.retryTransient(twice));
      const error = yield* Effect.flip(client.get("/orders"));
      assert.strictEqual(error._tag === "TokenError" && error.reason._tag, "TokenRefused");
      assert.strictEqual((yield* calls).length, 2);
    }).pipe(against(status(401))),
  );

  it.live("is not tried again where no token can be had, and the API sees nothing", () =>
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

  it.live("waits for as long as a 429 asks, and is sent again with the same token", () =>
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

  it.live("replays a 401 in between", () =>
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

  it.live("opens no circuit for a 401 that a fresh token heals, nor for one that none heals", () =>
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

describe("a provider's httpClient after a 401", () => {
  const bytes = Uint8Array.from({ length: 1_024 }, (_, at) => at % 128);
  const bodies: ReadonlyArray<readonly [name: string, body: HttpBody.HttpBody, sent: string]> = [
    ["text", HttpBody.text("a=1&b=é\r\n"), "a=1&b=é\r\n"],
    ["bytes", HttpBody.uint8Array(bytes, "application/x-odd"), new TextDecoder().decode(bytes)],
    ["JSON", HttpBody.jsonUnsafe({ a: ["é", null] }), '{"a":["é",null]}'],
    ["raw text", HttpBody.raw("raw", { contentType: "text/plain" }), "raw"],
    ["raw bytes", HttpBody.raw(bytes), new TextDecoder().decode(bytes)],
    ["no body", HttpBody.empty, ""],
  ];
  for (const [name, body, sent] of bodies) {
    it.live(`sends ${name} again, byte for byte`, () =>
      Effect.gen(function* () {
        const { httpClient } = yield* acme();
        const request = HttpClientRequest.setBody(HttpClientRequest.post("/orders?a=1#b"), body);
        assert.strictEqual((yield* httpClient.execute(request)).status, 200);
        const expected = {
          path: "/api/orders?a=1",
          body: sent,
          type: "contentType" in body ? body.contentType : undefined,
        };
        assert.deepStrictEqual(yield* calls, [
          { ...expected, token: "Bearer token-0" },
          { ...expected, token: "Bearer token-1" },
        ]);
      }).pipe(against(status(401), order)),
    );
  }

  const form = new FormData();
  form.append("a", "1");
  const once: ReadonlyArray<readonly [name: string, body: HttpBody.HttpBody]> = [
    ["a stream", HttpBody.stream(Stream.make(bytes), "text/plain")],
    ["a form with files", HttpBody.formData(form)],
  ];
  for (const [name, body] of once) {
    it.live(`hands it back for ${name}, and has a fresh token for the next`, () =>
      Effect.gen(function* () {
        const { httpClient } = yield* acme();
        const request = HttpClientRequest.setBody(HttpClientRequest.post("/orders"), body);
        const response = yield* httpClient.execute(request);
        assert.strictEqual(response.status, 401);
        assert.strictEqual(yield* response.text, "why");
        assert.strictEqual((yield* httpClient.get("/orders")).status, 200);
        assert.deepStrictEqual(yield* tokensOf, ["Bearer token-0", "Bearer token-1"]);
      }).pipe(against(TokenServer.respond("why", { status: 401 }), order)),
    );
  }

  it.live("leaves no connection with an answer that nobody reads", () =>
    Effect.gen(function* () {
      const { openConnectionCount } = yield* TokenServer.TokenServer;
      const { httpClient } = yield* acme();
      const response = yield* httpClient.get("/orders");
      assert.strictEqual(response.status, 200);
      yield* response.text;
      yield* until(Effect.map(openConnectionCount, (count) => count <= 1));
    }).pipe(against(TokenServer.endless({ status: 401 }), order)),
  );
});

describe("a provider's httpClient keeps to its own", () => {
  it.live("with a 403, which costs no token", () =>
    Effect.gen(function* () {
      const { httpClient } = yield* acme();
      assert.strictEqual((yield* httpClient.get("/orders")).status, 403);
      assert.strictEqual((yield* httpClient.get("/orders")).status, 403);
      assert.deepStrictEqual(yield* tokensOf, ["Bearer token-0", "Bearer token-0"]);
    }).pipe(against(status(403))),
  );

  for (const name of ["authorization", "Authorization", "AUTHORIZATION"]) {
    it.live(`and sends nothing with a caller's ${name}`, () =>
      Effect.gen(function* () {
        const { requestCount } = yield* TokenServer.TokenServer;
        const { get, httpClient } = yield* acme();
        const client = httpClient.pipe(
          HttpClient.mapRequest(HttpClientRequest.setHeader(name, "Bearer mine")),
        );
        const error = yield* Effect.flip(client.get("/orders"));
        assert.strictEqual(error._tag, "HttpClientError");
        assert.strictEqual(yield* requestCount, 0);
        assert.strictEqual(yield* seen(get), "token");
      }).pipe(against(order)),
    );
  }

  it.live("and works with filters, prefixes and schemas of Effect", () =>
    Effect.gen(function* () {
      const { httpClient } = yield* acme();
      const client = httpClient.pipe(
        HttpClient.mapRequest(HttpClientRequest.prependUrl("/v2")),
        HttpClient.mapRequest(HttpClientRequest.acceptJson),
        HttpClient.filterStatusOk,
      );
      const found = yield* client
        .get("/orders/7", { urlParams: { page: "1" } })
        .pipe(Effect.flatMap(HttpClientResponse.schemaBodyJson(Order)));
      assert.strictEqual(found.total, 12);
      assert.strictEqual((yield* calls)[0]?.path, "/api/v2/orders/7?page=1");
    }).pipe(against(order)),
  );
});
