import { assert, describe, it } from "@effect/vitest";
import * as MutualTls from "@x/core/MutualTls";
import * as NodeMutualTls from "@x/node/NodeMutualTls";
import * as Certificates from "@x/testing/Certificates";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Metric from "effect/Metric";
import * as Schedule from "effect/Schedule";
import * as Scope from "effect/Scope";
import * as SubscriptionRef from "effect/SubscriptionRef";
import * as TestClock from "effect/testing/TestClock";
import * as Pki from "./fixtures/pki.ts";
import * as Rotating from "./fixtures/rotating.ts";

const day = 86_400_000;

/** Certificates keep whole seconds. */
const now = Math.floor(Date.now() / 1_000) * 1_000;

const issue = (days: number) =>
  Effect.map(
    Certificates.selfSigned({
      commonName: "client",
      notBefore: new Date(now),
      notAfter: new Date(now + days * day),
    }),
    Pki.contents,
  );

const start = (days: number) =>
  Effect.gen(function* () {
    yield* TestClock.setTime(now);
    const ref = yield* SubscriptionRef.make(yield* issue(days));
    const rotating = yield* Rotating.build(
      NodeMutualTls.layerEffect(SubscriptionRef.get(ref), {
        name: "acme",
        refresh: Schedule.recurs(0),
        changes: SubscriptionRef.changes(ref),
      }),
    );
    const replace = (days: number) =>
      Effect.gen(function* () {
        const before = rotating.currentUnsafe();
        yield* SubscriptionRef.set(ref, yield* issue(days));
        yield* TestClock.withLive(
          Rotating.until("the replacement is in use", () => rotating.currentUnsafe() !== before),
        );
      });
    return { ...rotating, replace };
  }).pipe(Effect.provideService(Metric.CurrentMetricAttributes, { test: String(days) }));

const series = (days: number) =>
  Effect.map(Metric.snapshot, (all) =>
    all.filter(
      ({ id, attributes }) =>
        id === "client_certificate_expires_in_seconds" && attributes?.["test"] === String(days),
    ),
  );

const gauge = (days: number) =>
  Effect.map(series(days), (found) =>
    found.map(({ state, attributes }) => [
      attributes?.["certificate"],
      "value" in state ? state.value : undefined,
    ]),
  );

const advance = (days: number) => TestClock.adjust(Duration.days(days));

describe("expiry of a certificate", () => {
  it.effect("warns once each when 30, 7 and 1 days are left", () =>
    Effect.gen(function* () {
      const { warnings } = yield* start(365);
      yield* advance(334);
      assert.deepStrictEqual(warnings(), []);
      yield* advance(1.01);
      yield* advance(10);
      assert.lengthOf(warnings(), 1);
      const end = new Date(now + 365 * day).toISOString();
      assert.match(
        warnings()[0] ?? "",
        new RegExp(
          `^client certificate acme: it expires in (29|30) days, on ${end}; replace it \\(certificate \\(in memory\\)\\)$`,
        ),
      );
      yield* advance(13);
      assert.lengthOf(warnings(), 2);
      assert.include(warnings()[1], "it expires in 7 days");
      yield* advance(6);
      assert.lengthOf(warnings(), 3);
      assert.include(warnings()[2], "it expires in 24 h");
      yield* advance(30);
      assert.lengthOf(warnings(), 3);
    }),
  );

  it.effect("warns once when the layer is built late", () =>
    Effect.gen(function* () {
      const { logged } = yield* Effect.andThen(
        TestClock.setTime(now),
        Effect.gen(function* () {
          const contents = yield* issue(90);
          yield* TestClock.setTime(now + 85 * day);
          const rotating = yield* Rotating.build(
            NodeMutualTls.layerEffect(Effect.succeed(contents), { refresh: Schedule.recurs(0) }),
          );
          yield* TestClock.adjust("1 hour");
          return rotating;
        }),
      );
      assert.deepStrictEqual(
        logged.map(({ level, text }) => [level, text.slice(0, 47)]),
        [["Warn", "client certificate client: it expires in 5 days"]],
      );
    }),
  );

  it.effect("stops the warnings of a replaced certificate", () =>
    Effect.gen(function* () {
      const { warnings, replace } = yield* start(61);
      yield* advance(32);
      assert.lengthOf(warnings(), 1);
      yield* replace(200);
      yield* advance(61);
      assert.lengthOf(warnings(), 1);
      yield* advance(80);
      assert.lengthOf(warnings(), 2);
    }),
  );

  it.effect("skips warnings that a short lifetime makes pointless", () =>
    Effect.gen(function* () {
      const { warnings } = yield* start(3);
      assert.deepStrictEqual(warnings(), []);
      yield* advance(1.9);
      assert.deepStrictEqual(warnings(), []);
      yield* advance(0.2);
      assert.lengthOf(warnings(), 1);
      const daily = yield* start(1);
      yield* advance(1);
      assert.deepStrictEqual(daily.warnings(), []);
    }),
  );

  it.effect("shows the seconds left in a gauge that follows the clock and the certificate", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make();
      const { replace } = yield* Scope.provide(start(100), scope);
      const second = 86_400;
      assert.deepStrictEqual(yield* gauge(100), [["acme", 100 * second]]);
      yield* advance(99);
      assert.deepStrictEqual(yield* gauge(100), [["acme", second]]);
      yield* advance(2);
      assert.deepStrictEqual(yield* gauge(100), [["acme", -second]]);
      yield* replace(400);
      assert.deepStrictEqual(yield* gauge(100), [["acme", 299 * second]]);
      assert.deepStrictEqual(
        (yield* series(100)).map(({ attributes }) => attributes),
        [{ test: "100", certificate: "acme" }],
      );
      yield* Scope.close(scope, Exit.void);
      assert.deepStrictEqual(yield* series(100), []);
    }),
  );

  it.effect("keeps an expired certificate in place until a valid one replaces it", () =>
    Effect.gen(function* () {
      const { currentUnsafe, replace } = yield* start(10);
      const current = MutualTls.current({ currentUnsafe });
      yield* current;
      yield* advance(11);
      assert.strictEqual((yield* Effect.flip(current)).problem, "expired");
      yield* replace(30);
      assert.strictEqual((yield* current).notAfter, now + 30 * day);
    }),
  );
});
