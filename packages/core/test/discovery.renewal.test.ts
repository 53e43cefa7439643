import { assert, describe, it } from "@effect/vitest";
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as Logger from "effect/Logger";
import * as TestClock from "effect/testing/TestClock";
import * as discovery from "../src/internal/discovery.ts";
import { json, server } from "./scripted.ts";

const issuer = "https://auth.acme.test/realms/x";
const document = {
  issuer,
  token_endpoint: "https://auth.acme.test/token",
  mtls_endpoint_aliases: { token_endpoint: "https://matls.acme.test/token" },
};

const discover = Effect.fnUntraced(function* (
  answers: ReadonlyArray<() => Response | Effect.Effect<Response>>,
) {
  const logged: Array<string> = [];
  const logger = Logger.make(({ message }) => void logged.push(String(message)));
  const to = server((_, at) => (answers[at] ?? answers.at(-1) ?? (() => json(document)))());
  const found = yield* discovery
    .discover({
      issuer,
      httpClient: to.httpClient,
      withCertificate: true,
      issuerIsMutualTlsHost: false,
      endpointHosts: ["matls.acme.test", "matls2.acme.test"],
      allowLoopbackHttp: false,
    })
    .pipe(Effect.provide(Logger.layer([logger])));
  return { to, endpoint: found.endpoint("token_endpoint"), found, logged };
});

const good = () => json(document);
const missing = () => new Response(null, { status: 404 });

describe("discovery.discover, of its two places,", () => {
  it.effect("asks that of RFC 8414 when that of OpenID Connect has nothing", () =>
    Effect.gen(function* () {
      const { to, endpoint } = yield* discover([missing, good]);
      assert.strictEqual(yield* endpoint, "https://matls.acme.test/token");
      assert.deepStrictEqual(
        to.sent.map(({ url }) => url),
        [
          "https://auth.acme.test/realms/x/.well-known/openid-configuration",
          "https://auth.acme.test/.well-known/oauth-authorization-server/realms/x",
        ],
      );
    }),
  );

  it.effect("asks one place after any answer but 404", () =>
    Effect.gen(function* () {
      for (const status of [301, 403, 500]) {
        const { to, endpoint } = yield* discover([() => new Response(null, { status })]);
        yield* Effect.flip(endpoint);
        assert.strictEqual(to.sent.length, 1, `${status}`);
      }
    }),
  );

  it.effect("says so when neither has a document", () =>
    Effect.gen(function* () {
      const { endpoint } = yield* discover([missing, missing]);
      assert.include((yield* Effect.flip(endpoint)).message, "no discovery document at the issuer");
    }),
  );
});

describe("discovery.discover, when it renews after 24 h,", () => {
  const worse: Readonly<Record<string, () => Response>> = {
    "a server that is down": () => new Response(null, { status: 503 }),
    "a document of another issuer": () => json({ ...document, issuer: "https://evil.test" }),
    "no JSON": () => new Response("<html>"),
    "an alias on another origin": () =>
      json({
        ...document,
        mtls_endpoint_aliases: { token_endpoint: "https://matls2.acme.test/token" },
      }),
    "a document without aliases": () =>
      json({ issuer, token_endpoint: "https://auth.acme.test/token" }),
    "an alias that is no URL": () =>
      json({ ...document, mtls_endpoint_aliases: { token_endpoint: "nonsense" } }),
    "a plain endpoint on another port": () =>
      json({ ...document, token_endpoint: "https://auth.acme.test:8443/token" }),
  };
  for (const [name, answer] of Object.entries(worse)) {
    it.effect(`keeps the last good document through ${name}, and tries again in a minute`, () =>
      Effect.gen(function* () {
        const { to, endpoint, logged } = yield* discover([good, answer, answer, good]);
        yield* endpoint;
        yield* TestClock.adjust("24 hours");
        assert.strictEqual(yield* endpoint, "https://matls.acme.test/token");
        assert.strictEqual(yield* endpoint, "https://matls.acme.test/token");
        assert.strictEqual(to.sent.length, 2);
        assert.strictEqual(logged.length, 1);
        assert.match(logged[0] ?? "", /the last good document serves on$/);
        yield* TestClock.adjust("1 minute");
        yield* endpoint;
        yield* TestClock.adjust("1 minute");
        yield* endpoint;
        assert.strictEqual(to.sent.length, 4);
        yield* TestClock.adjust("23 hours");
        yield* endpoint;
        assert.strictEqual(to.sent.length, 4, "a good one is kept for a day again");
      }),
    );
  }

  it.effect("takes a new path on the same origin", () =>
    Effect.gen(function* () {
      const moved = {
        ...document,
        mtls_endpoint_aliases: { token_endpoint: "https://matls.acme.test/v2/token" },
      };
      const { endpoint } = yield* discover([good, () => json(moved)]);
      yield* endpoint;
      yield* TestClock.adjust("24 hours");
      assert.strictEqual(yield* endpoint, "https://matls.acme.test/v2/token");
    }),
  );

  it.effect("moves no endpoint to another origin by way of a document without it", () =>
    Effect.gen(function* () {
      const introspecting = (origin: string) => () =>
        json({
          ...document,
          mtls_endpoint_aliases: {
            ...document.mtls_endpoint_aliases,
            introspection_endpoint: `${origin}/introspect`,
          },
        });
      const { to, found } = yield* discover([
        introspecting("https://matls.acme.test"),
        good,
        introspecting("https://matls2.acme.test"),
      ]);
      yield* found.endpoint("introspection_endpoint");
      yield* TestClock.adjust("24 hours");
      yield* Effect.flip(found.endpoint("introspection_endpoint"));
      yield* TestClock.adjust("24 hours");
      const reason = yield* Effect.flip(found.endpoint("introspection_endpoint"));
      assert.strictEqual(reason._tag, "ServerUntrusted");
      assert.strictEqual(to.sent.length, 3);
    }),
  );

  it.effect("waits a second for a renewal, and not at all after it has failed", () =>
    Effect.gen(function* () {
      const { to, endpoint, logged } = yield* discover([good, () => Effect.never]);
      yield* endpoint;
      yield* TestClock.adjust("24 hours");
      const callers = yield* Effect.forkChild(
        Effect.all(
          Array.from({ length: 100 }, () => endpoint),
          { concurrency: "unbounded" },
        ),
      );
      yield* TestClock.adjust(999);
      assert.isUndefined(callers.pollUnsafe());
      yield* TestClock.adjust(1);
      assert.deepStrictEqual(
        [...new Set(yield* Fiber.join(callers))],
        ["https://matls.acme.test/token"],
      );
      yield* TestClock.adjust("4 seconds");
      assert.lengthOf(logged, 1, "it went on to its end without them");
      yield* TestClock.adjust("1 minute");
      yield* endpoint;
      assert.strictEqual(to.sent.length, 3);
    }),
  );

  it.effect("takes a document that comes after callers have gone on", () =>
    Effect.gen(function* () {
      const moved = {
        ...document,
        mtls_endpoint_aliases: { token_endpoint: "https://matls.acme.test/v2/token" },
      };
      const { to, endpoint } = yield* discover([
        good,
        () => Effect.delay(Effect.succeed(json(moved)), "3 seconds"),
      ]);
      yield* endpoint;
      yield* TestClock.adjust("24 hours");
      const caller = yield* Effect.forkChild(endpoint, { startImmediately: true });
      yield* Fiber.interrupt(caller);
      yield* TestClock.adjust("3 seconds");
      assert.strictEqual(yield* endpoint, "https://matls.acme.test/v2/token");
      assert.strictEqual(to.sent.length, 2);
    }),
  );

  it.effect("tries again in a minute after a defect of the client", () =>
    Effect.gen(function* () {
      const { to, endpoint, logged } = yield* discover([good, () => Effect.die("canary")]);
      yield* endpoint;
      yield* TestClock.adjust("24 hours");
      for (let n = 0; n < 10; n++) yield* endpoint;
      assert.strictEqual(to.sent.length, 2);
      assert.lengthOf(logged, 1);
      assert.match(logged[0] ?? "", /failed with a defect; the last good document serves on$/);
      assert.notInclude(logged[0] ?? "", "canary");
    }),
  );

  it.effect("goes by the monotonic clock when the wall clock is set back", () =>
    Effect.gen(function* () {
      const clock = yield* Clock.Clock;
      let back = 0;
      const two: Clock.Clock = Object.assign(Object.create(clock) as Clock.Clock, {
        currentTimeMillisUnsafe: () => clock.currentTimeMillisUnsafe() - back,
        currentTimeMillis: Effect.sync(() => clock.currentTimeMillisUnsafe() - back),
      });
      const { to, endpoint } = yield* discover([good]).pipe(
        Effect.provideService(Clock.Clock, two),
      );
      yield* endpoint;
      back = 400 * 24 * 3_600_000;
      yield* TestClock.adjust("24 hours");
      yield* endpoint;
      assert.strictEqual(to.sent.length, 2);
    }),
  );
});
