import { assert, describe, it } from "@effect/vitest";
import * as BearerClient from "@x/core/BearerClient";
import * as RefreshPolicy from "@x/core/RefreshPolicy";
import type { TokenError } from "@x/core/TokenError";
import * as TokenSource from "@x/core/TokenSource";
import * as Effect from "effect/Effect";
import * as FetchHttpClient from "effect/http/FetchHttpClient";
import * as HttpBody from "effect/http/HttpBody";
import type * as HttpClientError from "effect/http/HttpClientError";
import * as HttpClientRequest from "effect/http/HttpClientRequest";
import * as Stream from "effect/Stream";
import * as TestClock from "effect/testing/TestClock";
import { everyText, server, transportError } from "./scripted.ts";
import type { Respond, Sent, Server } from "./scripted.ts";
import { issuer, rejected } from "./tokens.ts";

/** A client, the API behind it, and the tokens that it asked for. */
const start = Effect.fnUntraced(function* (
  respond: Respond = () => new Response("ok"),
  options: {
    readonly apiUrl?: string | undefined;
    readonly origins?: ReadonlyArray<string>;
    readonly tokens?: Parameters<typeof issuer>[0];
  } = {},
) {
  const api = server(respond);
  const tokens = yield* issuer(options.tokens ?? {});
  const source = yield* TokenSource.make({ acquire: tokens.acquire, policy: RefreshPolicy.make() });
  const client = BearerClient.make({
    provider: "Acme",
    source,
    connection: Effect.succeed({ httpClient: api.httpClient, thumbprint: undefined }),
    apiUrl: "apiUrl" in options ? options.apiUrl : "https://api.acme.test/v1/",
    origins: options.origins,
  });
  return { api, tokens, source, client };
});

const bearer = ({ headers }: Sent) => headers["authorization"]?.replace(/^Bearer /, "");

/** An API that takes this token and answers 401 to any other. */
const accepting =
  (token?: string): Respond =>
  (sent) =>
    bearer(sent) === token ? new Response("ok") : new Response("no", { status: 401 });

const bearers = ({ sent }: Server) => sent.map(({ headers }) => headers["authorization"]);

const reasonOf = <A>(effect: Effect.Effect<A, TokenError | HttpClientError.HttpClientError>) =>
  Effect.map(Effect.flip(Effect.asVoid(effect)), (error) =>
    error._tag === "TokenError" ? error.reason : error.reason._tag,
  );

describe("BearerClient adds", () => {
  for (const [apiUrl, url, expected] of [
    ["https://api.acme.test/v1/", "/orders?page=1", "https://api.acme.test/v1/orders?page=1"],
    ["https://api.acme.test/v1", "orders", "https://api.acme.test/v1/orders"],
    ["https://api.acme.test", "", "https://api.acme.test/"],
    ["https://api.acme.test/v1", "https://api.acme.test/v2/x", "https://api.acme.test/v2/x"],
    ["https://api.acme.test/v1", "https://API.acme.test/x", "https://api.acme.test/x"],
    ["https://api.acme.test/v1", "https://api.acme.test:443/x", "https://api.acme.test/x"],
    ["https://api.acme.test/v1", "HTTPS://api.acme.test/x", "https://api.acme.test/x"],
  ] as const) {
    it.effect(`the base URL ${apiUrl} to "${url}", and the token`, () =>
      Effect.gen(function* () {
        const { api, client } = yield* start(undefined, { apiUrl });
        const response = yield* client.get(url);
        assert.strictEqual(yield* response.text, "ok");
        assert.deepStrictEqual(
          api.sent.map(({ method, url }) => [method, url]),
          [["GET", expected]],
        );
        assert.deepStrictEqual(bearers(api), ["Bearer token-0"]);
      }),
    );
  }

  it.effect("the token on further origins, and there only", () =>
    Effect.gen(function* () {
      const { api, client } = yield* start(undefined, {
        apiUrl: undefined,
        origins: ["https://other.acme.test/ignored"],
      });
      yield* client.get("https://other.acme.test/x");
      assert.deepStrictEqual(bearers(api), ["Bearer token-0"]);
      const relative = yield* reasonOf(client.get("/x"));
      assert.isTrue(typeof relative === "object" && relative._tag === "OptionInvalid");
      const foreign = yield* reasonOf(client.get("https://api.acme.test/x"));
      assert.isTrue(typeof foreign === "object" && foreign._tag === "ServerUntrusted");
      assert.strictEqual(api.sent.length, 1);
    }),
  );

  it.effect("headers and query of the caller's request", () =>
    Effect.gen(function* () {
      const { api, client } = yield* start();
      yield* client.get("/x", { urlParams: { a: "b c" }, headers: { "x-mine": "1" } });
      assert.strictEqual(api.sent[0]?.url, "https://api.acme.test/v1/x?a=b+c");
      assert.strictEqual(api.sent[0]?.headers["x-mine"], "1");
    }),
  );
});

describe("BearerClient sends nothing", () => {
  for (const url of [
    "https://evil.test/",
    "https://api.acme.test@evil.test/",
    "https://api.acme.test:444/",
    "https://api.acme.test./",
    "https://api.acme.test.evil.test/",
    "http://api.acme.test/",
    "https:evil.test/",
    "HTTPS://EVIL.test/",
    "ftp://api.acme.test/",
    "https:\\\\evil.test\\",
  ]) {
    it.effect(`to ${url}`, () =>
      Effect.gen(function* () {
        const { api, client, tokens } = yield* start();
        const reason = yield* reasonOf(client.get(url));
        assert.isTrue(typeof reason === "object" && reason._tag === "ServerUntrusted", url);
        assert.strictEqual(api.sent.length, 0);
        assert.strictEqual(tokens.count(), 0);
      }),
    );
  }

  for (const url of [
    "//evil.test/x",
    "/\\evil.test/x",
    "@evil.test/",
    ".evil.test/",
    ":444/",
    " https://evil.test/",
  ]) {
    it.effect(`anywhere but to the API for "${url}"`, () =>
      Effect.gen(function* () {
        const { api, client } = yield* start(undefined, { apiUrl: "https://api.acme.test" });
        yield* Effect.exit(client.get(url));
        for (const sent of api.sent) {
          assert.strictEqual(new URL(sent.url).origin, "https://api.acme.test");
        }
      }),
    );
  }

  for (const name of ["authorization", "Authorization"]) {
    it.effect(`of a request with its own ${name}`, () =>
      Effect.gen(function* () {
        const { api, client, tokens } = yield* start();
        const error = yield* Effect.flip(client.get("/x", { headers: { [name]: "Bearer mine" } }));
        assert.strictEqual(error._tag, "HttpClientError");
        assert.match(error.message, /Acme adds the Authorization header itself/);
        assert.strictEqual(api.sent.length + tokens.count(), 0);
      }),
    );
  }

  it.effect("where there is no token to send", () =>
    Effect.gen(function* () {
      const { api, client } = yield* start(undefined, { tokens: { always: rejected } });
      assert.strictEqual(yield* Effect.flip(client.get("/x")), rejected);
      assert.strictEqual(api.sent.length, 0);
    }),
  );
});

describe("BearerClient after a 401", () => {
  const bodies: ReadonlyArray<readonly [name: string, body: HttpBody.HttpBody, text: string]> = [
    ["no body", HttpBody.empty, "Empty"],
    ["text", HttpBody.text("a=1&b=\u00e9"), "a=1&b=\u00e9"],
    ["bytes", HttpBody.uint8Array(Uint8Array.of(65, 66)), "AB"],
    ["raw text", HttpBody.raw("raw"), "raw"],
  ];
  for (const [name, body, text] of bodies) {
    it.effect(`sends ${name} once more, with a fresh token`, () =>
      Effect.gen(function* () {
        const { api, client, tokens } = yield* start(accepting("token-1"));
        const request = HttpClientRequest.setBody(HttpClientRequest.post("/orders"), body);
        assert.strictEqual((yield* client.execute(request)).status, 200);
        assert.deepStrictEqual(bearers(api), ["Bearer token-0", "Bearer token-1"]);
        assert.deepStrictEqual(
          api.sent.map((sent) => [sent.method, sent.url, sent.body]),
          Array.from({ length: 2 }, () => ["POST", "https://api.acme.test/v1/orders", text]),
        );
        assert.strictEqual(tokens.count(), 2);
      }),
    );
  }

  const once: ReadonlyArray<readonly [name: string, body: HttpBody.HttpBody]> = [
    ["a stream", HttpBody.stream(Stream.make(Uint8Array.of(1)))],
    ["a form", HttpBody.formData(new FormData())],
    ["a raw stream", HttpBody.raw(new ReadableStream())],
  ];
  for (const [name, body] of once) {
    it.effect(`hands it back for ${name}, and has a fresh token for the next`, () =>
      Effect.gen(function* () {
        const { api, client } = yield* start(accepting("token-1"));
        const request = HttpClientRequest.setBody(HttpClientRequest.post("/orders"), body);
        const response = yield* client.execute(request);
        assert.strictEqual(response.status, 401);
        assert.strictEqual(yield* response.text, "no");
        assert.strictEqual(api.sent.length, 1);
        assert.strictEqual((yield* client.get("/x")).status, 200);
        assert.deepStrictEqual(bearers(api), ["Bearer token-0", "Bearer token-1"]);
      }),
    );
  }

  it.effect("fetches one token for 1,000 callers", () =>
    Effect.gen(function* () {
      const { api, client, tokens } = yield* start(accepting("token-1"));
      const responses = yield* Effect.all(
        Array.from({ length: 1000 }, () => client.get("/x")),
        { concurrency: "unbounded" },
      );
      assert.isTrue(responses.every(({ status }) => status === 200));
      assert.strictEqual(tokens.count(), 2);
      assert.isAtMost(api.sent.length, 2000);
    }),
  );

  it.effect("takes a token that another caller fetched meanwhile", () =>
    Effect.gen(function* () {
      let meanwhile: Effect.Effect<unknown> = Effect.void;
      const { api, client, source, tokens } = yield* start((sent, at) =>
        Effect.as(
          at === 0 ? meanwhile : Effect.void,
          new Response(null, { status: bearer(sent) === "token-1" ? 200 : 401 }),
        ),
      );
      meanwhile = Effect.orDie(
        source.get.pipe(Effect.flatMap(source.invalidate), Effect.andThen(source.get)),
      );
      assert.strictEqual((yield* client.get("/x")).status, 200);
      assert.deepStrictEqual(bearers(api), ["Bearer token-0", "Bearer token-1"]);
      assert.strictEqual(tokens.count(), 2);
    }),
  );

  it.effect("refuses a fresh token that is refused too, and fetches no more for 30 s", () =>
    Effect.gen(function* () {
      const { api, client, tokens } = yield* start(accepting());
      for (let second = 0; second < 90; second++) {
        const reason = yield* reasonOf(client.get("/x"));
        assert.isTrue(typeof reason === "object" && reason._tag === "TokenRefused");
        yield* TestClock.adjust("1 second");
      }
      assert.deepStrictEqual(tokens.times, [0, 0, 30_000, 60_000]);
      // One call each, and one more for each token that was fetched on account of a call.
      assert.strictEqual(api.sent.length, 90 + 3);
    }),
  );

  for (const [bad, send] of [
    ["a call", (client: BearerClient.BearerClient) => client.get("/bad")],
    [
      "a stream",
      (client: BearerClient.BearerClient) =>
        client.post("/bad", { body: HttpBody.stream(Stream.make(new Uint8Array(1))) }),
    ],
  ] as const) {
    for (const status of [200, 404]) {
      it.effect(`nor where ${bad} is always refused beside calls that get ${status}`, () =>
        Effect.gen(function* () {
          const { client, tokens } = yield* start(
            ({ url }) => new Response(null, { status: url.endsWith("/bad") ? 401 : status }),
          );
          for (let round = 0; round < 600; round++) {
            assert.strictEqual((yield* client.get("/good")).status, status);
            yield* Effect.exit(send(client));
            yield* TestClock.adjust("100 millis");
          }
          assert.isAtLeast(tokens.count(), 2);
          assert.isAtMost(tokens.count(), 4, "in a minute");
        }),
      );
    }
  }

  it.effect("replaces a token that was accepted and is revoked soon after", () =>
    Effect.gen(function* () {
      let good = "token-0";
      const { client, tokens } = yield* start(
        (sent) => new Response(null, { status: bearer(sent) === good ? 200 : 401 }),
      );
      for (let round = 1; round < 20; round++) {
        assert.strictEqual((yield* client.get("/x")).status, 200);
        good = `token-${round}`;
        yield* TestClock.adjust("1 second");
      }
      assert.strictEqual(tokens.count(), 19);
    }),
  );

  it.effect("releases the second answer too", () =>
    Effect.gen(function* () {
      let pulled = 0;
      const source = {
        pull: (controller: ReadableStreamDefaultController) => {
          pulled++;
          controller.close();
        },
      };
      const { client } = yield* start(
        () => new Response(new ReadableStream(source, { highWaterMark: 0 }), { status: 401 }),
      );
      yield* reasonOf(client.get("/x"));
      assert.strictEqual(pulled, 2);
    }),
  );

  it.effect("sends nothing again where the server hands out the same token", () =>
    Effect.gen(function* () {
      const { api, client } = yield* start(accepting(), { tokens: { value: "same" } });
      const reason = yield* reasonOf(client.get("/x"));
      assert.isTrue(typeof reason === "object" && reason._tag === "TokenRefused");
      assert.strictEqual(api.sent.length, 1);
    }),
  );

  it.effect("fails as the acquisition fails", () =>
    Effect.gen(function* () {
      const { api, client } = yield* start(accepting(), {
        tokens: { answers: [undefined], always: rejected },
      });
      assert.strictEqual(yield* Effect.flip(client.get("/x")), rejected);
      assert.strictEqual(api.sent.length, 1);
    }),
  );

  for (const [name, pull] of [
    ["short", (controller: ReadableStreamDefaultController) => controller.close()],
    [
      "endless",
      (controller: ReadableStreamDefaultController) => controller.enqueue(new Uint8Array(9)),
    ],
    ["stalled", () => new Promise<void>(() => undefined)],
    ["broken", (controller: ReadableStreamDefaultController) => controller.error(new Error("cut"))],
  ] as const) {
    it.effect(`releases a first answer that is ${name}`, () =>
      Effect.gen(function* () {
        let released = false;
        const ends = name === "short" || name === "broken";
        const first = new ReadableStream(
          {
            pull: (controller) => {
              released = ends;
              return pull(controller);
            },
            cancel: () => void (released = true),
          },
          { highWaterMark: 0 },
        );
        const { client } = yield* start((_, at) =>
          at === 0 ? new Response(first, { status: 401 }) : new Response("ok"),
        );
        const fiber = yield* Effect.forkChild(client.get("/x"));
        yield* TestClock.adjust("1 second");
        const exit = fiber.pollUnsafe();
        assert.isDefined(exit, "it waits for the body");
        assert.strictEqual((yield* exit ?? Effect.never).status, 200);
        assert.isTrue(released);
      }),
    );
  }
});

describe("BearerClient leaves alone", () => {
  for (const status of [200, 302, 307, 400, 403, 404, 429, 500, 503]) {
    it.effect(`a ${status}`, () =>
      Effect.gen(function* () {
        const { api, client, tokens } = yield* start(
          () => new Response(null, { status, headers: { location: "https://evil.test/" } }),
        );
        assert.strictEqual((yield* client.get("/x")).status, status);
        assert.strictEqual(api.sent.length, 1);
        assert.strictEqual(tokens.count(), 1);
      }),
    );
  }

  it.effect("the caller's own requests, and their settings of fetch", () =>
    Effect.gen(function* () {
      const { client } = yield* start();
      const init = Effect.serviceOption(FetchHttpClient.RequestInit);
      const before = yield* init;
      yield* client.get("/x");
      assert.deepStrictEqual(yield* init, before);
    }),
  );

  it.effect("errors of the transport, and shows no token in them", () =>
    Effect.gen(function* () {
      const { client } = yield* start((sent) => Effect.fail(transportError(sent, "ECONNRESET")));
      const error = yield* Effect.flip(client.get("/x"));
      assert.strictEqual(error._tag, "HttpClientError");
      assert.strictEqual(error.reason._tag, "TransportError");
      assert.notInclude(everyText(error), "token-0");
    }),
  );

  it.effect("answers, and shows no token in them", () =>
    Effect.gen(function* () {
      const { client } = yield* start();
      assert.notInclude(everyText(yield* client.get("/x")), "token-0");
    }),
  );
});
