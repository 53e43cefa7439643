/** The promises of the provider contract, each against a fresh emulator. */
import type * as Definition from "@x/core/Definition";
import type * as TokenError from "@x/core/TokenError";
import * as ConfigProvider from "effect/ConfigProvider";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as HttpBody from "effect/http/HttpBody";
import * as HttpClientRequest from "effect/http/HttpClientRequest";
import * as Redacted from "effect/Redacted";
import type * as Scope from "effect/Scope";
import * as Stream from "effect/Stream";
import * as assert from "node:assert/strict";
import * as Net from "node:net";
import { inspect } from "node:util";
import type { Subject } from "../ProviderContract.ts";

/** A subject whose service type does not matter any more. */
export type Promised = Omit<
  Subject<unknown>,
  "service" | "layer" | "layerRefused" | "layerConfig" | "layerTest"
> & {
  readonly provider: (
    changes?: Readonly<Record<string, unknown>>,
  ) => Effect.Effect<Definition.Provider, unknown, Scope.Scope>;
  readonly refused: Effect.Effect<Definition.Provider, unknown, Scope.Scope>;
  readonly configured: Effect.Effect<Definition.Provider, unknown, Scope.Scope>;
  readonly fake: Effect.Effect<Definition.Provider, never, Scope.Scope>;
};

export const promises: Readonly<
  Record<string, (subject: Promised) => Effect.Effect<void, unknown, Scope.Scope>>
> = {
  "sends exactly the documented token request": Effect.fnUntraced(function* (subject) {
    const provider = yield* subject.provider();
    yield* provider.get;
    const requests = yield* subject.emulator.tokenRequests;
    assert.equal(requests.length, 1);
    const [request] = requests;
    assert.ok(request !== undefined);
    const { golden } = subject;
    assert.equal(request.method, "POST");
    assert.equal(request.path, golden.path);
    assert.equal(request.certificate, golden.certificate);
    const headers = new Map(request.headers);
    assert.equal(headers.size, request.headers.length, "a header was sent twice");
    headers.delete("host");
    headers.delete("connection");
    assert.deepEqual(Object.fromEntries(headers), {
      accept: "application/json",
      "accept-encoding": "identity",
      ...(golden.authorization === undefined ? {} : { authorization: golden.authorization }),
      "content-length": String(Buffer.byteLength(request.body)),
      "content-type": "application/x-www-form-urlencoded",
    });
    if (typeof golden.body === "string") assert.equal(request.body, golden.body);
    else assert.match(request.body, golden.body);
  }),

  "hands 10,000 concurrent cold callers one token from one request": Effect.fnUntraced(
    function* (subject) {
      const provider = yield* subject.provider();
      assert.equal(provider.peekUnsafe(), undefined);
      const tokens = yield* Effect.all(
        Array.from({ length: 10_000 }, () => provider.get),
        { concurrency: "unbounded" },
      );
      assert.equal(new Set(tokens).size, 1);
      assert.equal(yield* subject.emulator.tokenRequestCount, 1);
      assert.equal(provider.peekUnsafe(), tokens[0]);
    },
  ),

  "adds the base URL and the bearer token to API calls": Effect.fnUntraced(function* (subject) {
    const provider = yield* subject.provider();
    const response = yield* provider.httpClient.get("/anything?page=1");
    assert.equal(response.status, 200);
    const [request] = yield* subject.emulator.apiRequests;
    assert.ok(request !== undefined);
    assert.equal(
      request.path,
      `${new URL(subject.emulator.apiUrl).pathname.replace(/\/$/, "")}/anything?page=1`,
    );
    assert.equal(
      new Map(request.headers).get("authorization"),
      `Bearer ${Redacted.value((yield* provider.get).value)}`,
    );
    assert.equal(request.certificate, subject.apiCertificate);
  }),

  "answers 1,000 concurrent 401s with one token request and one replay each": Effect.fnUntraced(
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

  "replays a body once, byte for byte, and hands back the 401 of a stream": Effect.fnUntraced(
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

  "fetches another token when the first has ended": Effect.fnUntraced(function* (subject) {
    yield* subject.emulator.setTokenLifetime("1 second");
    const provider = yield* subject.provider();
    const first = yield* provider.get;
    assert.equal(first.expiresAt - first.issuedAt, 1000);
    yield* Effect.sleep("1100 millis");
    assert.equal(provider.peekUnsafe(), undefined);
    const second = yield* provider.get;
    assert.notEqual(Redacted.value(second.value), Redacted.value(first.value));
    assert.equal(yield* subject.emulator.tokenRequestCount, 2);
  }),

  "invalidates exactly the token that it is given": Effect.fnUntraced(function* (subject) {
    const provider = yield* subject.provider();
    const first = yield* provider.get;
    yield* provider.invalidate(first);
    assert.equal(provider.peekUnsafe(), undefined);
    const second = yield* provider.get;
    yield* provider.invalidate(first);
    assert.equal(provider.peekUnsafe(), second);
    assert.equal(yield* subject.emulator.tokenRequestCount, 2);
  }),

  "serves the others when the first caller leaves": Effect.fnUntraced(function* (subject) {
    const provider = yield* subject.provider();
    const first = yield* Effect.forkChild(provider.get, { startImmediately: true });
    const second = yield* Effect.forkChild(provider.get, { startImmediately: true });
    yield* Fiber.interrupt(first);
    yield* Fiber.join(second);
    assert.equal(yield* subject.emulator.tokenRequestCount, 1);
  }),

  "reports refused credentials once, as such, and without a secret": Effect.fnUntraced(
    function* (subject) {
      const provider = yield* subject.refused;
      const error = yield* Effect.flip(provider.get);
      assert.equal(error.reason._tag, "CredentialsRejected");
      assert.equal(error.isTransient, false);
      assert.equal(yield* Effect.flip(provider.get), error);
      assert.equal(yield* subject.emulator.tokenRequestCount, 1);
      const refusedCall = yield* Effect.flip(provider.httpClient.get("/anything"));
      assert.equal(refusedCall, error);
      assert.equal(yield* subject.emulator.apiRequestCount, 0);
      silent(subject, error);
    },
  ),

  "reports a server that is down as unavailable": Effect.fnUntraced(function* (subject) {
    const provider = yield* subject.provider(yield* closed);
    const error = yield* Effect.flip(provider.get);
    assert.equal(error.reason._tag, "ServerUnavailable");
    assert.equal(error.isTransient, true);
    assert.match(error.message, /ECONNREFUSED/);
    silent(subject, error);
  }),

  "keeps the token from other origins, and refuses a caller's own Authorization": Effect.fnUntraced(
    function* (subject) {
      const provider = yield* subject.provider();
      yield* provider.get;
      for (const url of [
        "https://localhost:1/evil",
        "https://evil.test/",
        subject.emulator.apiUrl.replace("localhost", "localhost.evil.test"),
        subject.emulator.apiUrl.replace("https://", "http://"),
        subject.emulator.apiUrl.replace("https://", "https://localhost@evil.test/"),
      ]) {
        const error = yield* Effect.flip(provider.httpClient.get(url));
        assert.equal(error._tag === "TokenError" && error.reason._tag, "ServerUntrusted", url);
      }
      const error = yield* Effect.flip(
        provider.httpClient.get("/anything", { headers: { authorization: "Bearer mine" } }),
      );
      assert.equal(error._tag, "HttpClientError");
      assert.equal(yield* subject.emulator.apiRequestCount, 0);
    },
  ),

  "refuses bad options before any request, by name": Effect.fnUntraced(function* (subject) {
    const bad: ReadonlyArray<readonly [option: string, value: unknown, reason: string]> = [
      ["environment", "nowhere", "OptionInvalid"],
      ["apiUrl", "", "OptionInvalid"],
      ["apiUrl", "not a url", "OptionInvalid"],
      ["apiUrl", "https://user:pw@api.test", "OptionInvalid"],
      ["apiUrl", "https://api.test/?access_token=x", "OptionInvalid"],
      ["apiUrl", "http://api.test", "ServerUntrusted"],
      ["tokenUrl", "http://localhost/token", "ServerUntrusted"],
    ];
    for (const [option, value, reason] of bad) {
      const error = yield* tokenError(subject.provider({ [option]: value }));
      assert.equal(error.reason._tag, reason, `${option} = ${String(value)}`);
      if (error.reason._tag === "OptionInvalid") assert.equal(error.reason.option, option);
    }
    assert.equal(yield* subject.emulator.tokenRequestCount, 0);
  }),

  "refuses every text option that is missing, empty or has control characters": Effect.fnUntraced(
    function* (subject) {
      for (const option of subject.requiredKeys.map(toOption)) {
        for (const value of [undefined, "", " ", "a\nb", "a\u0000"]) {
          const error = yield* tokenError(subject.provider({ [option]: value }));
          assert.equal(error.reason._tag === "OptionInvalid" && error.reason.option, option);
        }
      }
      assert.equal(yield* subject.emulator.tokenRequestCount, 0);
    },
  ),

  "reads its options from Config, and names a key that is missing": Effect.fnUntraced(
    function* (subject) {
      const withKeys = (env: Record<string, string>) =>
        Effect.provideService(
          subject.configured,
          ConfigProvider.ConfigProvider,
          ConfigProvider.fromEnv({ env }),
        );
      const provider = yield* withKeys({ ...subject.environment });
      yield* provider.get;
      assert.equal(yield* subject.emulator.tokenRequestCount, 1);
      for (const key of subject.requiredKeys) {
        const { [key]: _, ...others } = subject.environment;
        for (const env of [others, { ...others, [key]: "" }]) {
          const error = yield* Effect.flip(withKeys(env));
          assert.match(String(error), new RegExp(`ConfigError[^]*"${key}"`));
        }
      }
      assert.equal(yield* subject.emulator.tokenRequestCount, 1);
    },
  ),

  "has a test layer that needs nothing and sends nothing": Effect.fnUntraced(function* (subject) {
    const provider = yield* subject.fake;
    const token = yield* provider.get;
    assert.equal(provider.peekUnsafe(), token);
    assert.equal(yield* subject.emulator.tokenRequestCount, 0);
  }),

  "shows no secret in the service value or the token": Effect.fnUntraced(function* (subject) {
    const provider = yield* subject.provider();
    const token = yield* provider.get;
    silent({ secrets: [...subject.secrets, Redacted.value(token.value)] }, provider, token);
  }),
};

/** Fails if a value shows a secret in any of the ways in which values get into logs. */
const silent = (subject: Pick<Promised, "secrets">, ...values: ReadonlyArray<unknown>): void => {
  for (const value of values) {
    const shown = [
      String(value),
      JSON.stringify(value) ?? "",
      inspect(value, { depth: Infinity, showHidden: true }),
      value instanceof Error ? `${value.message}${value.stack}${inspect(value.cause)}` : "",
    ].join("\n");
    for (const secret of subject.secrets) {
      for (const form of [
        secret,
        encodeURIComponent(secret),
        Buffer.from(secret).toString("base64"),
      ]) {
        assert.ok(!shown.includes(form), "a secret is shown");
      }
    }
  }
};

const tokenError = (
  effect: Effect.Effect<unknown, unknown, Scope.Scope>,
): Effect.Effect<TokenError.TokenError, unknown, Scope.Scope> =>
  Effect.map(Effect.flip(effect), (error) => {
    assert.ok(
      typeof error === "object" && error !== null && "_tag" in error && error._tag === "TokenError",
      String(error),
    );
    return error as TokenError.TokenError;
  });

/** `ACME_CLIENT_ID` is the key of `clientId`. */
const toOption = (key: string): string =>
  key
    .slice(key.indexOf("_") + 1)
    .toLowerCase()
    .replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());

/** Options that lead to a port on which nothing listens. */
const closed: Effect.Effect<Readonly<Record<string, unknown>>> = Effect.callback((resume) => {
  const server = Net.createServer();
  server.listen(0, "127.0.0.1", () => {
    const address = server.address();
    server.close(() =>
      resume(
        Effect.succeed({
          tokenUrl: `https://localhost:${typeof address === "object" && address !== null ? address.port : 1}/token`,
        }),
      ),
    );
  });
});
