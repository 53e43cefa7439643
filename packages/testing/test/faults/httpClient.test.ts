import { assert, describe, it } from "@effect/vitest";
import * as TokenServer from "@x/testing/TokenServer";
import * as Effect from "effect/Effect";
import * as HttpBody from "effect/http/HttpBody";
import * as HttpClient from "effect/http/HttpClient";
import * as HttpClientRequest from "effect/http/HttpClientRequest";
import * as HttpClientResponse from "effect/http/HttpClientResponse";
import * as Stream from "effect/Stream";
import { until } from "../TokenServerTransports.ts";
import { acme, seen } from "./acme.ts";
import { against, calls, order, Order, status, tokensOf } from "./api.ts";

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
    it.live(`replays ${name} byte for byte`, () =>
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
    it.live(`returns the 401 of ${name} and uses a new token for the next call`, () =>
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

  it.live("closes the connection of an unread answer", () =>
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

describe("a provider's httpClient", () => {
  it.live("returns a 403 without a new token", () =>
    Effect.gen(function* () {
      const { httpClient } = yield* acme();
      assert.strictEqual((yield* httpClient.get("/orders")).status, 403);
      assert.strictEqual((yield* httpClient.get("/orders")).status, 403);
      assert.deepStrictEqual(yield* tokensOf, ["Bearer token-0", "Bearer token-0"]);
    }).pipe(against(status(403))),
  );

  for (const name of ["authorization", "Authorization", "AUTHORIZATION"]) {
    it.live(`refuses a request with its own ${name} header`, () =>
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

  it.live("works with filters, prefixes and schemas of Effect", () =>
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
