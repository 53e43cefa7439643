import { assert, describe, it } from "@effect/vitest";
import * as Certificates from "@x/testing/Certificates";
import * as TestHttpClient from "@x/testing/TestHttpClient";
import * as TokenServer from "@x/testing/TokenServer";
import * as Deferred from "effect/Deferred";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as HttpClient from "effect/http/HttpClient";
import * as Layer from "effect/Layer";
import * as Stream from "effect/Stream";
import { call, listens, post, withClient } from "@x/testing/RawHttp";
import { transports } from "./TokenServerTransports.ts";

for (const [name, layer] of transports) {
  describe(`TokenServer ${name}`, () => {
    it.live("plays answers in order and repeats the last one", () =>
      Effect.gen(function* () {
        const { requestCount, tokenUrl } = yield* TokenServer.TokenServer;
        const first = yield* post(tokenUrl, { grant_type: "client_credentials" });
        assert.strictEqual(first.status, 503);
        assert.strictEqual(first.headers["retry-after"], "7");
        const second = yield* post(tokenUrl, {});
        assert.strictEqual(second.status, 400);
        assert.deepStrictEqual(second.json, { error: "invalid_scope" });
        for (let i = 0; i < 2; i++) {
          const good = yield* post(tokenUrl, {});
          assert.strictEqual(good.status, 200);
          assert.strictEqual(good.headers["content-type"], "application/json");
          assert.deepStrictEqual(good.json, {
            access_token: "token-of-the-script",
            token_type: "Bearer",
            expires_in: "60",
          });
        }
        assert.strictEqual(yield* requestCount, 4);
      }).pipe(
        Effect.provide(
          layer([
            TokenServer.respond("", { status: 503, headers: { "retry-after": "7" } }),
            TokenServer.error("invalid_scope"),
            TokenServer.token({ expires_in: "60" }),
          ]),
        ),
      ),
    );

    it.live("plays a function of the request and its index, then another script", () =>
      Effect.gen(function* () {
        const server = yield* TokenServer.TokenServer;
        assert.deepStrictEqual((yield* call(`${server.origin}/a?b=c`)).json, {
          path: "/a?b=c",
          index: 0,
        });
        assert.deepStrictEqual((yield* call(`${server.origin}/d`)).json, { path: "/d", index: 1 });
        yield* server.setScript([TokenServer.respond("other")]);
        assert.strictEqual((yield* call(server.origin)).text, "other");
      }).pipe(
        Effect.provide(
          layer((request, index) =>
            Effect.succeed(TokenServer.json({ path: request.path, index })),
          ),
        ),
      ),
    );

    it.live("records requests", () =>
      Effect.gen(function* () {
        const server = yield* TokenServer.TokenServer;
        yield* post(`${server.tokenUrl}?q=1`, { a: "é +" }, { "x-odd": "1" });
        const [request] = yield* server.requests;
        assert.strictEqual(request?.method, "POST");
        assert.strictEqual(request?.path, "/oauth/token?q=1");
        assert.strictEqual(request?.body, "a=%C3%A9+%2B");
        assert.deepInclude(request?.headers ?? [], ["x-odd", "1"]);
        assert.deepInclude(request?.headers ?? [], [
          "content-type",
          "application/x-www-form-urlencoded",
        ]);
        yield* server.forgetRequests;
        assert.strictEqual(yield* server.requestCount, 0);
      }).pipe(Effect.provide(layer([TokenServer.token()]))),
    );

    it.live("never answers until the caller leaves", () =>
      Effect.gen(function* () {
        const arrived = yield* Deferred.make<void>();
        const server = yield* TokenServer.TokenServer;
        yield* server.setScript(() =>
          Effect.as(Deferred.succeed(arrived, undefined), TokenServer.hang),
        );
        const fiber = yield* Effect.forkChild(post(server.tokenUrl, {}));
        yield* Deferred.await(arrived);
        assert.isUndefined(fiber.pollUnsafe());
        yield* Fiber.interrupt(fiber);
      }).pipe(Effect.provide(layer([TokenServer.hang]))),
    );

    it.live("waits before a delayed answer", () =>
      Effect.gen(function* () {
        const { tokenUrl } = yield* TokenServer.TokenServer;
        const late = yield* Effect.timeoutOption(post(tokenUrl, {}), "50 millis");
        assert.strictEqual(late._tag, "None");
      }).pipe(Effect.provide(layer([TokenServer.delayed(TokenServer.token(), "1 hour")]))),
    );

    it.live("resets the connection instead of answering", () =>
      Effect.gen(function* () {
        const { tokenUrl } = yield* TokenServer.TokenServer;
        const error = yield* Effect.flip(post(tokenUrl, {}));
        assert.strictEqual(error._tag === "HttpClientError" && error.reason._tag, "TransportError");
        assert.strictEqual((yield* post(tokenUrl, {})).status, 200);
      }).pipe(Effect.provide(layer([TokenServer.reset, TokenServer.token()]))),
    );

    it.live("sends fewer bytes than a truncated answer promises", () =>
      Effect.gen(function* () {
        const { tokenUrl } = yield* TokenServer.TokenServer;
        const response = yield* HttpClient.post(tokenUrl);
        assert.strictEqual(response.status, 200);
        assert.strictEqual(response.headers["content-length"], "74");
        yield* Effect.flip(response.text);
      }).pipe(Effect.provide(layer([TokenServer.truncate("0123456789")]))),
    );

    it.live("sends an endless body", () =>
      Effect.gen(function* () {
        const { tokenUrl } = yield* TokenServer.TokenServer;
        const response = yield* HttpClient.post(tokenUrl);
        const bytes = yield* response.stream.pipe(
          Stream.map((chunk) => chunk.length),
          Stream.scan(
            () => 0,
            (sum, length) => sum + length,
          ),
          Stream.takeUntil((sum) => sum > 2_000_000),
          Stream.runLast,
        );
        assert.strictEqual(bytes._tag, "Some");
      }).pipe(Effect.provide(layer([TokenServer.endless()]))),
    );
  });
}

describe("TokenServer", () => {
  it.live("keeps the newest 10,000 requests and counts all", () =>
    Effect.gen(function* () {
      const server = yield* TokenServer.TokenServer;
      for (let i = 0; i < 10_003; i++) yield* HttpClient.get(`${server.origin}/${i}`);
      const newest = yield* server.requests;
      assert.strictEqual(yield* server.requestCount, 10_003);
      assert.strictEqual(newest.length, 10_000);
      assert.strictEqual(newest[0]?.path, "/3");
      assert.strictEqual(newest.at(-1)?.path, "/10002");
    }).pipe(Effect.provide(TokenServer.layerHttpClient([TokenServer.token()]))),
  );

  it.live("records the client certificate and counts connections", () =>
    Effect.gen(function* () {
      const server = yield* TokenServer.TokenServer;
      const certificate = yield* Certificates.selfSigned({ commonName: "anyone" });
      yield* call(server.tokenUrl).pipe(withClient(server, certificate));
      assert.strictEqual((yield* server.requests)[0]?.certificate, certificate.thumbprint);
      assert.strictEqual(yield* server.connectionCount, 1);
    }).pipe(Effect.provide(TokenServer.layer([TokenServer.token()]))),
  );

  for (const [name, answer] of [
    ["never comes", TokenServer.hang],
    ["never ends", TokenServer.endless()],
  ] as const) {
    it.live(`closes its port and connections with the scope while an answer ${name}`, () =>
      Effect.gen(function* () {
        const arrived = yield* Deferred.make<void>();
        const outcome = yield* Deferred.make<string>();
        const { certificateAuthority, tokenUrl } = yield* Effect.scoped(
          Effect.gen(function* () {
            const server = yield* TokenServer.TokenServer;
            const client = yield* Layer.build(
              Layer.fresh(TestHttpClient.layer(server.certificateAuthority)),
            );
            yield* server.setScript(() => Effect.as(Deferred.succeed(arrived, undefined), answer));
            yield* post(server.tokenUrl, {}).pipe(
              Effect.match({ onFailure: () => "failed", onSuccess: () => "answered" }),
              Effect.flatMap((result) => Deferred.succeed(outcome, result)),
              Effect.provideContext(client),
              Effect.forkDetach,
            );
            yield* Deferred.await(arrived);
            return server;
          }).pipe(Effect.provide(TokenServer.layer([answer]))),
        );
        assert.strictEqual(yield* Deferred.await(outcome), "failed");
        assert.isFalse(yield* listens(tokenUrl, certificateAuthority));
      }),
    );
  }
});
