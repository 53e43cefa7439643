import { assert, describe, it } from "@effect/vitest";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as HttpClient from "effect/http/HttpClient";
import * as Logger from "effect/Logger";
import * as Metric from "effect/Metric";
import * as Redacted from "effect/Redacted";
import * as RefreshPolicy from "@x/core/RefreshPolicy";
import * as Schedule from "effect/Schedule";
import * as TestClock from "effect/testing/TestClock";
import { Acme } from "./acme.ts";
import { everyText, json, server, spansOf, token, transportError } from "./scripted.ts";
import type { Respond } from "./scripted.ts";

const make = (respond: Respond, changes: { readonly refresh?: RefreshPolicy.RefreshPolicy } = {}) =>
  Acme.make({
    environment: "production",
    clientId: "id",
    clientSecret: Redacted.make("canary-secret"),
    scope: "read",
    ...changes,
  }).pipe(Effect.provideService(HttpClient.HttpClient, server(respond).httpClient));

/** Acquires with all attempts that it takes. */
const acquire = Effect.fnUntraced(function* (respond: Respond) {
  const { get } = yield* make(respond);
  const fiber = yield* Effect.forkChild(Effect.exit(get));
  yield* TestClock.adjust("30 seconds");
  yield* Fiber.join(fiber);
});

describe("telemetry", () => {
  for (const [name, respond] of [
    ["that succeeds", (_, at) => token(at)],
    ["that is refused", () => json({ error: "canary\n", canary: 1 }, { status: 400 })],
    ["that finds no server", (sent) => Effect.fail(transportError(sent, "ECONNREFUSED"))],
  ] satisfies ReadonlyArray<readonly [string, Respond]>) {
    it.effect(`has one span for an acquisition ${name}, with nothing secret in it`, () =>
      Effect.gen(function* () {
        const made = yield* spansOf(acquire(respond));
        assert.deepStrictEqual(
          made.map(({ name, kind, attributes }) => [name, kind, Object.fromEntries(attributes)]),
          [
            [
              "oauth.token",
              "client",
              { "oauth.provider": "Acme", "oauth.client_auth_method": "client_secret_post" },
            ],
          ],
        );
        assert.notInclude(everyText(made), "canary");
        assert.notInclude(everyText(made), "token-0");
      }),
    );
  }

  it.effect("counts attempts by provider and outcome alone", () =>
    Effect.gen(function* () {
      yield* acquire((_, at) => (at === 0 ? json({}, { status: 503 }) : token(at)));
      yield* acquire(() => json({ error: "invalid_client" }, { status: 401 }));
      yield* Effect.scoped(
        Effect.gen(function* () {
          const { get } = yield* make(() => Effect.never);
          yield* Effect.forkChild(get, { startImmediately: true });
        }),
      );
      const counted = (yield* Metric.snapshot).map(({ id, attributes, state }) => [
        id,
        attributes,
        "count" in state ? Number(state.count) : 0,
      ]);
      assert.sameDeepMembers(
        counted,
        ["ServerUnavailable", "ok", "CredentialsRejected", "Interrupted"].map((outcome) => [
          "oauth_token_attempts",
          { provider: "Acme", outcome },
          1,
        ]),
      );
    }).pipe(Effect.provideService(Metric.MetricRegistry, new Map())),
  );

  it.effect("warns of a background refresh that never got a token, once for each failure", () =>
    Effect.gen(function* () {
      const logged: Array<string> = [];
      const logger = Logger.make(({ message }) => void logged.push(String(message)));
      yield* Effect.gen(function* () {
        yield* make(() => json({ error: "invalid_client" }, { status: 401 }), {
          refresh: RefreshPolicy.background(),
        });
        yield* TestClock.adjust("20 seconds");
        assert.strictEqual(logged.length, 1);
        assert.match(
          logged[0] ?? "",
          /^Acme: .*refused the credentials.*; no token yet, the next attempt is due in 1 s/,
        );
        yield* TestClock.adjust("40 seconds");
        assert.strictEqual(logged.length, 2);
      }).pipe(Effect.provide(Logger.layer([logger])));
    }),
  );

  it.effect("dates an endless token in the warning of its refresh", () =>
    Effect.gen(function* () {
      const logged: Array<string> = [];
      const logger = Logger.make(({ message }) => void logged.push(String(message)));
      yield* Effect.gen(function* () {
        const { get } = yield* make(
          (_, at) => (at === 0 ? token(0, { expires_in: 1e18 }) : json({}, { status: 503 })),
          {
            refresh: RefreshPolicy.make({
              maxLifetime: Duration.infinity,
              refreshAhead: Schedule.spaced("1 hour"),
            }),
          },
        );
        yield* get;
        yield* TestClock.adjust("2 hours");
        yield* get;
        yield* TestClock.adjust("1 second");
      }).pipe(Effect.provide(Logger.layer([logger])));
      assert.strictEqual(logged.length, 1);
      assert.match(logged[0] ?? "", /the present token serves until further notice/);
    }),
  );
});
