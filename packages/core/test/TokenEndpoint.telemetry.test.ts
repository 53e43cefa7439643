import { assert, describe, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as Metric from "effect/Metric";
import * as TestClock from "effect/testing/TestClock";
import {
  acquire,
  acquisition,
  everyText,
  json,
  server,
  spansOf,
  token,
  transportError,
} from "./scripted.ts";
import type { Respond } from "./scripted.ts";

/** Acquires with all attempts that it takes. */
const attempt = Effect.fnUntraced(function* (respond: Respond) {
  const fiber = yield* Effect.forkChild(Effect.exit(acquire(acquisition(server(respond)))));
  yield* TestClock.adjust("30 seconds");
  yield* Fiber.join(fiber);
});

describe("TokenEndpoint.make in telemetry", () => {
  for (const [name, respond] of [
    ["that succeeds", (_, at) => token(at)],
    ["that is refused", () => json({ error: "canary\n", canary: 1 }, { status: 400 })],
    ["that finds no server", (sent) => Effect.fail(transportError(sent, "ECONNREFUSED"))],
  ] satisfies ReadonlyArray<readonly [string, Respond]>) {
    it.effect(`makes one span of an acquisition ${name}, with nothing secret in it`, () =>
      Effect.gen(function* () {
        const made = yield* spansOf(attempt(respond));
        assert.deepStrictEqual(
          made.map(({ name, kind, attributes }) => [name, kind, Object.fromEntries(attributes)]),
          [
            [
              "oauth.token",
              "client",
              { "oauth.provider": "Acme", "oauth.client_auth_method": "client_secret_basic" },
            ],
          ],
        );
        assert.notInclude(everyText(made), "canary");
        assert.notInclude(everyText(made), "token-0");
      }),
    );
  }

  it.effect("counts attempts by provider and outcome, and by nothing else", () =>
    Effect.gen(function* () {
      yield* attempt((_, at) => (at === 0 ? json({}, { status: 503 }) : token(at)));
      yield* attempt(() => json({ error: "invalid_client" }, { status: 401 }));
      const stalled = server(() => Effect.never);
      const fiber = yield* Effect.forkChild(acquire(acquisition(stalled)), {
        startImmediately: true,
      });
      yield* Fiber.interrupt(fiber);
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
});
