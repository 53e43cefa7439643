import { assert, describe, it } from "@effect/vitest";
import { AccessToken } from "@x/core/AccessToken";
import * as BearerClient from "@x/core/BearerClient";
import * as RefreshPolicy from "@x/core/RefreshPolicy";
import * as TokenEndpoint from "@x/core/TokenEndpoint";
import * as TokenRequest from "@x/core/TokenRequest";
import * as TokenSource from "@x/core/TokenSource";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as HttpBody from "effect/http/HttpBody";
import * as HttpClient from "effect/http/HttpClient";
import type { HttpClientError } from "effect/http/HttpClientError";
import * as HttpClientRequest from "effect/http/HttpClientRequest";
import * as Logger from "effect/Logger";
import * as Redacted from "effect/Redacted";
import * as TestClock from "effect/testing/TestClock";
import * as Tracer from "effect/Tracer";
import {
  accessToken,
  acquire,
  acquisition,
  issuing,
  json,
  server,
  token,
  transportError,
} from "./scripted.ts";
import type { Server } from "./scripted.ts";

const scoped = (scope: string) => ({
  request: () =>
    Effect.succeed(
      TokenRequest.make("https://login.acme.test/token", "client_credentials", { scope }),
    ),
});

describe("TokenEndpoint.make on scope", () => {
  const narrower: ReadonlyArray<
    readonly [asked: string, granted: string | null | undefined, missing: ReadonlyArray<string>]
  > = [
    ["read write", "read", ["write"]],
    ["read write", "", ["read", "write"]],
    ["read write", "write read", []],
    ["read", "read write", []],
    ["read", undefined, []],
    ["read", null, []],
    ["", "read", []],
  ];
  for (const [asked, granted, missing] of narrower) {
    it.effect(`asked for "${asked}" and given "${granted}" says what is missing`, () =>
      Effect.gen(function* () {
        const logged: Array<unknown> = [];
        const logger = Logger.make(({ message }) => void logged.push(message));
        const to = issuing(granted === undefined ? {} : { scope: granted });
        const issued = yield* acquire(acquisition(to, scoped(asked))).pipe(
          Effect.provide(Logger.layer([logger])),
        );
        assert.deepStrictEqual(issued.missingScope, missing);
        assert.strictEqual(logged.length, missing.length > 0 ? 1 : 0);
        for (const scope of missing) assert.include(String(logged[0]), scope);
      }),
    );
  }

  it.effect("fails for a narrower scope only if the user says so, once", () =>
    Effect.gen(function* () {
      const to = issuing({ scope: "read" });
      const error = yield* acquire(
        acquisition(to, { ...scoped("read write"), requireGrantedScope: true }),
      ).pipe(Effect.flip);
      assert.strictEqual(error.reason._tag, "RequestRejected");
      assert.match(error.message, /not granted: write/);
      assert.strictEqual(to.sent.length, 1);
    }),
  );
});

describe("TokenEndpoint.make under HttpClient.followRedirects", () => {
  for (const status of [301, 302, 303, 307, 308]) {
    it.effect(`sends nothing to the target of a ${status}`, () =>
      Effect.gen(function* () {
        const to = server(({ url }) =>
          url.startsWith("https://evil.test")
            ? token(0)
            : new Response(null, { status, headers: { location: "https://evil.test/token?x=1" } }),
        );
        const client = { ...to, httpClient: HttpClient.followRedirects(to.httpClient, 5) };
        const error = yield* Effect.flip(acquire(acquisition(client)));
        assert.deepInclude(error.reason, { problem: "redirect", origin: "https://evil.test" });
        assert.strictEqual(to.sent.length, 1);
      }),
    );
  }

  it.effect("nor where tracing is switched off", () =>
    Effect.gen(function* () {
      const to = server(({ url }) =>
        url.startsWith("https://evil.test")
          ? token(0)
          : new Response(null, { status: 307, headers: { location: "https://evil.test/" } }),
      );
      const client = { ...to, httpClient: HttpClient.followRedirects(to.httpClient) };
      const error = yield* acquire(acquisition(client)).pipe(
        Effect.provideService(Tracer.DisablePropagation, true),
        Effect.flip,
      );
      assert.strictEqual(error.reason._tag, "ServerUntrusted");
      assert.strictEqual(to.sent.length, 1);
    }),
  );

  it.effect("lets an injected client try again at the same place", () =>
    Effect.gen(function* () {
      const to = server((_, at) => (at === 0 ? json({}, { status: 503 }) : token(at)));
      const httpClient = HttpClient.retryTransient(to.httpClient, { times: 1 });
      const issued = yield* acquire(acquisition({ ...to, httpClient }));
      assert.strictEqual(Redacted.value(issued.value), "token-1");
    }),
  );
});

describe("TokenEndpoint.make over a client that is made of another", () => {
  it.effect("takes what goes to the same URL for no redirect", () =>
    Effect.gen(function* () {
      const to = issuing();
      const { execute } = to.httpClient;
      const logging = HttpClient.make((request) =>
        Effect.tap(execute(request), () => Effect.logDebug("answered")),
      );
      const issued = yield* acquire(acquisition({ ...to, httpClient: logging }));
      assert.strictEqual(Redacted.value(issued.value), "token-0");
    }),
  );

  type Asking = (to: Server, ask: Effect.Effect<unknown, HttpClientError>) => HttpClient.HttpClient;
  const clients: Readonly<Record<string, Asking>> = {
    before: (to, ask) =>
      HttpClient.mapRequestEffect(to.httpClient, (request) => Effect.as(ask, request)),
    around: (to, ask) =>
      HttpClient.transform(to.httpClient, (effect) => Effect.andThen(ask, effect)),
    after: (to, ask) => HttpClient.tap(to.httpClient, () => ask),
  };
  for (const [when, asking] of Object.entries(clients)) {
    for (const status of [200, 307]) {
      it.effect(`nor what it asks elsewhere ${when} it, and a ${status} for what it is`, () =>
        Effect.gen(function* () {
          const to = server(({ url }) => {
            if (url.startsWith("https://metadata.test")) return json({ id: 1 });
            return status === 200 && url.startsWith("https://login.acme.test")
              ? token(7)
              : new Response(null, { status: 307, headers: { location: "https://evil.test/" } });
          });
          const ask = to.httpClient.get("https://metadata.test/id");
          const client = HttpClient.followRedirects(asking(to, ask));
          const result = yield* Effect.result(acquire(acquisition({ ...to, httpClient: client })));
          assert.strictEqual(
            result._tag === "Success"
              ? Redacted.value(result.success.value)
              : result.failure.reason._tag,
            status === 200 ? "token-7" : "ServerUntrusted",
          );
          assert.deepStrictEqual(
            to.sent.filter(({ url }) => url.startsWith("https://evil.test")),
            [],
          );
        }),
      );
    }
  }

  const followers: Readonly<
    Record<
      string,
      (request: HttpClientRequest.HttpClientRequest) => HttpClientRequest.HttpClientRequest
    >
  > = {
    "the body anew": (request) =>
      HttpClientRequest.post("https://evil.test/", {
        body: HttpBody.text(request.body._tag === "Uint8Array" ? "copy" : "", "text/plain"),
      }),
    "the headers, and another body": (request) =>
      HttpClientRequest.post("https://evil.test/", {
        headers: request.headers,
        body: HttpBody.text("other"),
      }),
    "the headers without a body": (request) =>
      HttpClientRequest.get("https://evil.test/", { headers: request.headers }),
    "all of it": (request) => HttpClientRequest.setUrl(request, "https://evil.test/"),
  };
  for (const [what, follow] of Object.entries(followers)) {
    it.effect(`and stops one that takes ${what} to where it is sent`, () =>
      Effect.gen(function* () {
        const to = server(({ url }) =>
          url.startsWith("https://evil.test")
            ? token(0)
            : new Response(null, { status: 307, headers: { location: "https://evil.test/" } }),
        );
        const { execute } = to.httpClient;
        const httpClient = HttpClient.make((request) =>
          Effect.andThen(execute(request), execute(follow(request))),
        );
        const error = yield* Effect.flip(acquire(acquisition({ ...to, httpClient })));
        assert.deepInclude(error.reason, { problem: "redirect", origin: "https://evil.test" });
        assert.strictEqual(to.sent.length, 1);
      }),
    );
  }

  it.effect("and what goes elsewhere for one", () =>
    Effect.gen(function* () {
      const to = issuing();
      const { execute } = to.httpClient;
      const straying = HttpClient.make((request) =>
        execute(HttpClientRequest.setUrl(request, "https://evil.test/token")),
      );
      const error = yield* Effect.flip(acquire(acquisition({ ...to, httpClient: straying })));
      assert.deepInclude(error.reason, { problem: "redirect", origin: "https://evil.test" });
      assert.strictEqual(to.sent.length, 0);
    }),
  );
});

describe("BearerClient.make under HttpClient.followRedirects", () => {
  const call = (location: string) => {
    const to = server(({ url }) =>
      url === "https://api.acme.test/v1/old"
        ? new Response(null, { status: 307, headers: { location } })
        : json({ at: url }),
    );
    const current = accessToken("canary-token");
    const source: TokenSource.TokenSource = {
      get: Effect.succeed(current),
      invalidate: () => Effect.void,
      peekUnsafe: () => current,
      drop: () => Effect.void,
      acceptedUnsafe: () => {},
      refusedUnsafe: () => {},
    };
    const httpClient = BearerClient.make({
      provider: "Acme",
      source,
      connection: Effect.succeed({
        httpClient: HttpClient.followRedirects(to.httpClient, 5),
        thumbprint: undefined,
      }),
      apiUrl: "https://api.acme.test/v1",
    });
    return { to, response: httpClient.get("/old") };
  };

  it.effect("takes the token to no other origin", () =>
    Effect.gen(function* () {
      const { to, response } = call("https://evil.test/new");
      const error = yield* Effect.flip(response);
      assert.strictEqual(error._tag === "TokenError" && error.reason._tag, "ServerUntrusted");
      assert.strictEqual(to.sent.length, 1);
    }),
  );

  it.effect("leaves a client its way within the origin", () =>
    Effect.gen(function* () {
      const { to, response } = call("https://api.acme.test/v1/new");
      assert.strictEqual((yield* response).status, 200);
      assert.deepStrictEqual(
        to.sent.map(({ headers }) => headers["authorization"]),
        ["Bearer canary-token", "Bearer canary-token"],
      );
    }),
  );
});

describe("TokenEndpoint.make on a server that fails now and then", () => {
  it.effect("adds at most a fifth to the requests", () =>
    Effect.gen(function* () {
      let state = 7;
      // A generator of its own, so that the sequence is the same in each run.
      const random = () => (state = (state * 16807) % 2147483647) / 2147483647;
      const to = server((_, at) => (random() < 0.3 ? json({}, { status: 503 }) : token(at)));
      const once = TokenEndpoint.make(acquisition(to));
      const acquisitions = 2000;
      for (let n = 0; n < acquisitions; n++) {
        yield* Effect.forkChild(Effect.exit(once(3)), { startImmediately: true });
        yield* TestClock.adjust("30 seconds");
      }
      assert.isAtMost(to.sent.length / acquisitions, 1.2);
      assert.isAtLeast(to.sent.length / acquisitions, 1.15);
    }),
  );

  it.effect("leaves a retry to those that ask once an hour", () =>
    Effect.gen(function* () {
      const to = server((_, at) => (at % 2 === 0 ? json({}, { status: 503 }) : token(at)));
      const once = TokenEndpoint.make(acquisition(to));
      for (let hour = 0; hour < 48; hour++) {
        const fiber = yield* Effect.forkChild(once(3), { startImmediately: true });
        yield* TestClock.adjust("1 hour");
        yield* Fiber.join(fiber);
      }
      assert.strictEqual(to.sent.length, 96);
    }),
  );

  for (const [code, attempts] of [
    ["ENOTFOUND", 2],
    ["EAI_AGAIN", 3],
    ["ECONNREFUSED", 3],
  ] as const) {
    it.effect(`makes ${attempts} attempts after ${code}`, () =>
      Effect.gen(function* () {
        const to = server((sent) => Effect.fail(transportError(sent, code)));
        yield* Effect.forkChild(Effect.exit(acquire(acquisition(to))), { startImmediately: true });
        yield* TestClock.adjust("30 seconds");
        assert.strictEqual(to.sent.length, attempts);
      }),
    );
  }

  it.effect("makes its three attempts in a bad moment", () =>
    Effect.gen(function* () {
      const to = server(() => json({}, { status: 503 }));
      const once = TokenEndpoint.make(acquisition(to));
      for (const expected of [3, 6, 9, 12, 15, 16]) {
        yield* Effect.forkChild(Effect.exit(once(3)), { startImmediately: true });
        yield* TestClock.adjust("30 seconds");
        assert.strictEqual(to.sent.length, expected);
      }
    }),
  );
});

describe("TokenSource on a failing refresh", () => {
  it.effect("logs one warning that says what serves meanwhile", () =>
    Effect.gen(function* () {
      const logged: Array<string> = [];
      const logger = Logger.make(({ message }) => void logged.push(String(message)));
      const to = server((_, at) => (at === 0 ? token(0) : json({}, { status: 503 })));
      yield* Effect.gen(function* () {
        const source = yield* TokenSource.make({
          acquire: TokenEndpoint.make(acquisition(to)),
          policy: RefreshPolicy.make(),
        });
        assert.instanceOf(yield* source.get, AccessToken);
        yield* TestClock.adjust("40 minutes");
        yield* source.get;
        yield* TestClock.adjust(1);
        yield* source.get;
        yield* TestClock.adjust(1);
      }).pipe(Effect.provide(Logger.layer([logger])));
      assert.strictEqual(logged.length, 1);
      assert.match(logged[0] ?? "", /^Acme: .*HTTP 503.*the present token serves until 1970-/);
    }),
  );
});
