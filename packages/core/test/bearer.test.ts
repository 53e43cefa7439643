import { assert, describe, it } from "@effect/vitest";
import * as Authorization from "@x/core/Authorization";
import * as RefreshPolicy from "@x/core/RefreshPolicy";
import * as TokenErrors from "@x/core/TokenError";
import type { TokenError } from "@x/core/TokenError";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as HttpClient from "effect/http/HttpClient";
import * as Schedule from "effect/Schedule";
import * as FetchHttpClient from "effect/http/FetchHttpClient";
import * as HttpBody from "effect/http/HttpBody";
import type * as HttpClientError from "effect/http/HttpClientError";
import * as HttpClientRequest from "effect/http/HttpClientRequest";
import * as Stream from "effect/Stream";
import * as TestClock from "effect/testing/TestClock";
import * as bearing from "../src/internal/bearer.ts";
import { everyText, server, transportError } from "./scripted.ts";
import type { Respond, Sent, Server } from "./scripted.ts";
import { issuer, makeSource, rejected, unavailable } from "./tokens.ts";

type Client = ReturnType<typeof bearing.make>;

/** A client, the API behind it, and the tokens that it asked for. */
const start = Effect.fnUntraced(function* (
  respond: Respond = () => new Response("ok"),
  options: {
    readonly apiUrl?: string | undefined;
    readonly origins?: ReadonlyArray<string>;
    readonly tokens?: Parameters<typeof issuer>[0];
    readonly authorization?: Authorization.Authorization;
    readonly base?: bearing.Options["base"];
    readonly hosts?: ReadonlyArray<string>;
  } = {},
) {
  const api = server(respond);
  const tokens = yield* issuer(options.tokens ?? {});
  const source = yield* makeSource({ acquire: tokens.acquire, policy: RefreshPolicy.make() });
  const apiUrl = "apiUrl" in options ? options.apiUrl : "https://api.acme.test/v1/";
  const client = bearing.make({
    provider: "Acme",
    source: source.source,
    connection: Effect.succeed({ httpClient: api.httpClient, thumbprint: undefined }),
    authorization: options.authorization ?? Authorization.bearer,
    base: options.base ?? apiUrl,
    origins: [...(apiUrl === undefined ? [] : [apiUrl]), ...(options.origins ?? [])],
    hosts: options.hosts ?? [],
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

describe("bearer", () => {
  for (const [where, authorization] of [
    ["the standard header", Authorization.bearer],
    ["a header of the vendor's own", Authorization.header("X-Acme-Token")],
  ] as const) {
    it.effect(`hands out a response that does not print the token in ${where}`, () =>
      Effect.gen(function* () {
        const { api, client } = yield* start(undefined, { authorization });
        const response = yield* client.get("/orders");
        assert.include(JSON.stringify(api.sent[0]?.headers), "token-0");
        assert.notInclude(everyText(response), "token-0");
        assert.strictEqual(response.request.url, "https://api.acme.test/v1/orders");
        assert.strictEqual(response.status, 200);
        assert.strictEqual(yield* response.text, "ok");
      }),
    );
  }

  for (const [apiUrl, url, expected] of [
    ["https://api.acme.test/v1/", "/orders?page=1", "https://api.acme.test/v1/orders?page=1"],
    ["https://api.acme.test/v1", "orders", "https://api.acme.test/v1/orders"],
    ["https://api.acme.test", "", "https://api.acme.test/"],
    ["https://api.acme.test/v1", "https://api.acme.test/v2/x", "https://api.acme.test/v2/x"],
    ["https://api.acme.test/v1", "https://API.acme.test/x", "https://api.acme.test/x"],
    ["https://api.acme.test/v1", "https://api.acme.test:443/x", "https://api.acme.test/x"],
    ["https://api.acme.test/v1", "HTTPS://api.acme.test/x", "https://api.acme.test/x"],
  ] as const) {
    it.effect(`adds the base URL ${apiUrl} to "${url}", and the token`, () =>
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

  it.effect("adds the token on further origins, and there only", () =>
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

  it.effect("keeps headers and query of the caller's request", () =>
    Effect.gen(function* () {
      const { api, client } = yield* start();
      yield* client.get("/x", { urlParams: { a: "b c" }, headers: { "x-mine": "1" } });
      assert.strictEqual(api.sent[0]?.url, "https://api.acme.test/v1/x?a=b+c");
      assert.strictEqual(api.sent[0]?.headers["x-mine"], "1");
    }),
  );
});

describe("bearer, of a request that it refuses,", () => {
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
    it.effect(`sends nothing to ${url}`, () =>
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
    it.effect(`sends nothing anywhere but to the API for "${url}"`, () =>
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
    it.effect(`sends nothing of a request with its own ${name}`, () =>
      Effect.gen(function* () {
        const { api, client, tokens } = yield* start();
        const error = yield* Effect.flip(client.get("/x", { headers: { [name]: "Bearer mine" } }));
        assert.strictEqual(error._tag, "HttpClientError");
        assert.match(error.message, /Acme adds the authorization header itself/);
        assert.strictEqual(api.sent.length + tokens.count(), 0);
      }),
    );
  }

  it.effect("sends nothing without a token", () =>
    Effect.gen(function* () {
      const { api, client } = yield* start(undefined, { tokens: { always: rejected } });
      assert.strictEqual(yield* Effect.flip(client.get("/x")), rejected);
      assert.strictEqual(api.sent.length, 0);
    }),
  );
});

describe("bearer, after a 401,", () => {
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
    it.effect(`hands back the 401 of ${name}, and has a fresh token for the next`, () =>
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

  it.effect("refuses a fresh token that is refused too, and fetches few more", () =>
    Effect.gen(function* () {
      const { api, client, tokens } = yield* start(accepting());
      for (let second = 0; second < 90; second++) {
        const reason = yield* reasonOf(client.get("/x"));
        assert.isTrue(typeof reason === "object" && reason._tag === "TokenRefused");
        yield* TestClock.adjust("1 second");
      }
      assert.deepStrictEqual(tokens.times, [0, 0, 1000, 30_000, 60_000]);
      // One call each, and one more for each token that was fetched on account of a call.
      assert.strictEqual(api.sent.length, 90 + 4);
    }),
  );

  for (const [bad, send] of [
    ["a call", (client: Client) => client.get("/bad")],
    [
      "a stream",
      (client: Client) =>
        client.post("/bad", { body: HttpBody.stream(Stream.make(new Uint8Array(1))) }),
    ],
  ] as const) {
    for (const status of [200, 404]) {
      it.effect(
        `limits refreshes when ${bad} always gets 401 beside calls that get ${status}`,
        () =>
          Effect.gen(function* () {
            const { client, tokens } = yield* start(
              ({ url }) => new Response(null, { status: url.endsWith("/bad") ? 401 : status }),
            );
            for (let round = 0; round < 900; round++) {
              assert.strictEqual((yield* client.get("/good")).status, status);
              yield* Effect.exit(send(client));
              yield* TestClock.adjust("100 millis");
            }
            assert.isAtLeast(tokens.count(), 3);
            assert.isAtMost(tokens.count(), 6, "in 90 s");
          }),
      );
    }
  }

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

  it.effect("sends nothing again when the server hands out the same token", () =>
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

describe("bearer, of other answers,", () => {
  for (const status of [200, 302, 307, 400, 403, 404, 429, 500, 503]) {
    it.effect(`hands back a ${status}`, () =>
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

  it.effect("leaves the caller's settings of fetch alone", () =>
    Effect.gen(function* () {
      const { client } = yield* start();
      const init = Effect.serviceOption(FetchHttpClient.RequestInit);
      const before = yield* init;
      yield* client.get("/x");
      assert.deepStrictEqual(yield* init, before);
    }),
  );

  it.effect("hands back errors of the transport without a token in them", () =>
    Effect.gen(function* () {
      const { client } = yield* start((sent) => Effect.fail(transportError(sent, "ECONNRESET")));
      const error = yield* Effect.flip(client.get("/x"));
      assert.strictEqual(error._tag, "HttpClientError");
      assert.strictEqual(error.reason._tag, "TransportError");
      assert.notInclude(everyText(error), "token-0");
    }),
  );

  it.effect("hands back answers without a token in them", () =>
    Effect.gen(function* () {
      const { client } = yield* start();
      assert.notInclude(everyText(yield* client.get("/x")), "token-0");
    }),
  );
});

describe("bearer, as a vendor's API asks,", () => {
  for (const [name, authorization, header, value] of [
    [
      "another scheme",
      Authorization.scheme("Zoho-oauthtoken"),
      "authorization",
      "Zoho-oauthtoken token-0",
    ],
    [
      "a header of its own",
      Authorization.header("WM_SEC.ACCESS_TOKEN"),
      "wm_sec.access_token",
      "token-0",
    ],
  ] as const) {
    it.effect(`sends the token with ${name}`, () =>
      Effect.gen(function* () {
        const { api, client } = yield* start(undefined, { authorization });
        yield* client.get("/x");
        assert.strictEqual(api.sent[0]?.headers[header], value);
      }),
    );
  }

  it.effect("calls the base URL that the token names, on the listed hosts alone", () =>
    Effect.gen(function* () {
      let host = "eu.acme.test";
      const { api, client } = yield* start(undefined, {
        apiUrl: undefined,
        base: () => `https://${host}/v1`,
        hosts: ["eu.acme.test"],
      });
      yield* client.get("/x");
      assert.strictEqual(api.sent[0]?.url, "https://eu.acme.test/v1/x");
      host = "evil.test";
      const reason = yield* reasonOf(client.get("/x"));
      assert.isTrue(typeof reason === "object" && reason._tag === "ServerUntrusted");
      assert.strictEqual(api.sent.length, 1);
    }),
  );
});

describe("bearer.plain", () => {
  it.effect(
    "maps a transient TokenError to a TransportError, and any other to an EncodeError",
    () =>
      Effect.gen(function* () {
        for (const [error, tag] of [
          [unavailable(), "TransportError"],
          [rejected, "EncodeError"],
        ] as const) {
          const { client } = yield* start(undefined, { tokens: { always: error } });
          const failed = yield* Effect.flip(bearing.plain(client).get("/x"));
          assert.strictEqual(failed.reason._tag, tag);
          assert.strictEqual(TokenErrors.causeOf(failed), error);
          assert.include(failed.message, error.message);
        }
      }),
  );

  it.effect("is repeated by retryTransient for a transient error alone", () =>
    Effect.gen(function* () {
      for (const [error, requests] of [
        [unavailable(), 3],
        [rejected, 1],
      ] as const) {
        const { client, tokens } = yield* start(undefined, { tokens: { always: error } });
        const patient = HttpClient.retryTransient(bearing.plain(client), {
          times: 2,
          schedule: Schedule.spaced("1 minute"),
        });
        const fiber = yield* Effect.forkChild(Effect.flip(patient.get("/x")));
        yield* TestClock.adjust("5 minutes");
        yield* Fiber.join(fiber);
        assert.strictEqual(tokens.count(), requests);
      }
    }),
  );
});
