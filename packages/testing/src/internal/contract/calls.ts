/** Promises about API calls. */
import * as TokenError from "@x/core/TokenError";
import * as Effect from "effect/Effect";
import * as HttpBody from "effect/http/HttpBody";
import * as HttpClientRequest from "effect/http/HttpClientRequest";
import * as Redacted from "effect/Redacted";
import * as Stream from "effect/Stream";
import * as assert from "node:assert/strict";
import type { Promises } from "./subject.ts";

export const calls: Promises = {
  "adds the base URL and the bearer token to API calls": Effect.fnUntraced(function* (subject) {
    const provider = yield* subject.provider();
    const response = yield* provider.httpClient.get("/anything?page=1");
    assert.equal(response.status, 200);
    const [request] = yield* subject.emulator.apiRequests;
    assert.ok(request !== undefined);
    assert.equal(
      request.path,
      `${new URL(subject.apiUrl).pathname.replace(/\/$/, "")}/anything?page=1`,
    );
    assert.equal(
      new Map(request.headers).get("authorization"),
      `Bearer ${Redacted.value((yield* provider.get).value)}`,
    );
    assert.equal(request.certificate, subject.golden.apiCertificate);
  }),

  "makes one token request and replays each call after 1,000 concurrent 401s": Effect.fnUntraced(
    function* (subject) {
      const provider = yield* subject.provider();
      yield* provider.httpClient.get("/anything");
      yield* subject.emulator.revokeTokens;
      yield* subject.emulator.forgetRequests;
      const responses = yield* Effect.all(
        Array.from({ length: 1000 }, () => provider.httpClient.get("/anything")),
        { concurrency: "unbounded" },
      );
      assert.equal(responses.filter(({ status }) => status === 200).length, 1000);
      assert.equal(yield* subject.emulator.tokenRequestCount, 1);
      assert.ok((yield* subject.emulator.apiRequestCount) <= 2000);
    },
  ),

  "replays a body byte for byte and returns the 401 of a streamed one": Effect.fnUntraced(
    function* (subject) {
      const provider = yield* subject.provider();
      yield* provider.get;
      yield* subject.emulator.revokeTokens;
      yield* subject.emulator.forgetRequests;
      const post = HttpClientRequest.post("/orders");
      const replayed = yield* provider.httpClient.execute(
        HttpClientRequest.setBody(post, HttpBody.text("a=1&b=\u00e9")),
      );
      assert.equal(replayed.status, 200);
      const bodies = (yield* subject.emulator.apiRequests).map(({ body }) => body);
      assert.deepEqual(bodies, ["a=1&b=\u00e9", "a=1&b=\u00e9"]);
      yield* subject.emulator.revokeTokens;
      yield* subject.emulator.forgetRequests;
      const streamed = yield* provider.httpClient.execute(
        HttpClientRequest.setBody(
          post,
          HttpBody.stream(Stream.make(new TextEncoder().encode("once"))),
        ),
      );
      assert.equal(streamed.status, 401);
      assert.equal(yield* subject.emulator.apiRequestCount, 1);
      assert.equal((yield* provider.httpClient.get("/anything")).status, 200);
      assert.equal(yield* subject.emulator.tokenRequestCount, 1);
    },
  ),

  "refuses to send the token to other origins or to replace an Authorization header":
    Effect.fnUntraced(function* (subject) {
      const provider = yield* subject.provider();
      yield* provider.get;
      for (const url of [
        "https://localhost:1/evil",
        "https://evil.test/",
        subject.apiUrl.replace("localhost", "localhost.evil.test"),
        subject.apiUrl.replace("https://", "http://"),
        subject.apiUrl.replace("https://", "https://localhost@evil.test/"),
      ]) {
        const error = yield* Effect.flip(provider.httpClient.get(url));
        assert.equal(error._tag === "TokenError" && error.reason._tag, "ServerUntrusted", url);
      }
      const error = yield* Effect.flip(
        provider.httpClient.get("/anything", { headers: { authorization: "Bearer mine" } }),
      );
      assert.equal(error._tag, "HttpClientError");
      assert.equal(yield* subject.emulator.apiRequestCount, 0);
    }),

  "provides its API client as the HttpClient of generated clients": Effect.fnUntraced(
    function* (subject) {
      const httpClient = yield* subject.httpClient;
      assert.equal((yield* httpClient.get("/anything")).status, 200);
      const [request] = yield* subject.emulator.apiRequests;
      assert.match(new Map(request?.headers).get("authorization") ?? "", /^Bearer ./);
    },
  ),

  "wraps a TokenError in the errors of plainHttpClient": Effect.fnUntraced(function* (subject) {
    const provider = yield* subject.refused;
    const error = yield* Effect.flip(provider.plainHttpClient.get("/anything"));
    assert.equal(error._tag, "HttpClientError");
    assert.equal(TokenError.causeOf(error), yield* Effect.flip(provider.get));
    assert.equal(yield* subject.emulator.apiRequestCount, 0);
  }),
};
