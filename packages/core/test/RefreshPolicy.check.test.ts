import { assert, describe, it } from "@effect/vitest";
import * as RefreshPolicy from "@x/core/RefreshPolicy";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Schedule from "effect/Schedule";
import * as HttpClient from "effect/http/HttpClient";
import * as Redacted from "effect/Redacted";
import { Acme } from "./acme.ts";
import { issuing } from "./scripted.ts";

const { acquisition } = RefreshPolicy.make();
const nothing = Schedule.recurs(0);

describe("RefreshPolicy.check", () => {
  const refused: ReadonlyArray<
    readonly [option: string, changes: Partial<RefreshPolicy.RefreshPolicy>]
  > = [
    ["margin.share", { margin: { atMost: Duration.seconds(60), share: 1 } }],
    ["margin.share", { margin: { atMost: Duration.seconds(60), share: -0.1 } }],
    ["margin.share", { margin: { atMost: Duration.seconds(60), share: Number.NaN } }],
    ["margin.atMost", { margin: { atMost: Duration.seconds(-1), share: 0.1 } }],
    ["maxLifetime", { maxLifetime: Duration.zero }],
    ["afterColdFailure", { afterColdFailure: Duration.millis(-1) }],
    ["maxRetryAfter", { maxRetryAfter: Duration.seconds(-60) }],
    ["acquisition.attempts", { acquisition: { ...acquisition, attempts: 0 } }],
    ["acquisition.attempts", { acquisition: { ...acquisition, attempts: 1.5 } }],
    ["acquisition.timeout", { acquisition: { ...acquisition, timeout: Duration.zero } }],
    ["acquisition.deadline", { acquisition: { ...acquisition, deadline: Duration.seconds(-1) } }],
    ["acquisition.delays", { acquisition: { ...acquisition, delays: nothing } }],
    ["afterFailure", { afterFailure: nothing }],
    ["afterRejection", { afterRejection: nothing }],
  ];
  for (const [n, [option, changes]] of refused.entries()) {
    it.effect(`refuses refresh.${option} by name (${n})`, () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(RefreshPolicy.check(RefreshPolicy.make(changes)));
        assert.deepStrictEqual(
          error.problems.map((problem) => problem.option),
          [`refresh.${option}`],
        );
      }),
    );
  }

  it.effect("names all that cannot work in one error", () =>
    Effect.gen(function* () {
      const policy = RefreshPolicy.make({ maxLifetime: Duration.zero, afterFailure: nothing });
      const error = yield* Effect.flip(RefreshPolicy.check(policy));
      assert.strictEqual(
        error.message,
        "2 options cannot work: refresh.maxLifetime must be greater than zero; refresh.afterFailure ends before its first delay",
      );
    }),
  );

  it.effect("takes the policies of this module", () =>
    Effect.gen(function* () {
      yield* RefreshPolicy.check(RefreshPolicy.make());
      yield* RefreshPolicy.check(RefreshPolicy.background());
      yield* RefreshPolicy.check(
        RefreshPolicy.forGrant(RefreshPolicy.make(), { mayLockOut: true }),
      );
    }),
  );

  it.effect("refuses a policy when the layer is built, before any request", () =>
    Effect.gen(function* () {
      const to = issuing();
      const error = yield* Acme.make({
        environment: "production",
        clientId: "id",
        clientSecret: Redacted.make("secret"),
        refresh: RefreshPolicy.make({ maxLifetime: Duration.zero }),
      }).pipe(Effect.provideService(HttpClient.HttpClient, to.httpClient), Effect.flip);
      assert.match(error.message, /^Acme: option refresh\.maxLifetime must be greater than zero/);
      assert.strictEqual(to.sent.length, 0);
    }),
  );
});
