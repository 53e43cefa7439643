import { assert, describe, it } from "@effect/vitest";
import * as NodeMutualTls from "@x/node/NodeMutualTls";
import * as Certificates from "@x/testing/Certificates";
import * as Clock from "effect/Clock";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as TestClock from "effect/testing/TestClock";
import * as Fs from "node:fs/promises";
import * as Pki from "./fixtures/pki.ts";
import * as Rotating from "./fixtures/rotating.ts";

const start = Effect.gen(function* () {
  const { files, inputs, authority } = yield* Pki.make;
  const rotating = yield* Rotating.build(
    NodeMutualTls.layerPem({ certificate: inputs.certificate, privateKey: inputs.privateKey }),
  );
  const write = (pair: Certificates.Certificate) =>
    Effect.promise(async () => {
      await Fs.writeFile(files.certificate, pair.certificate);
      await Fs.writeFile(files.privateKey, pair.privateKey);
    });
  return { ...rotating, authority, write };
});

/** Moves the clock in steps of a second, with time for the files to be read, until something is so. */
const untilPolled = (what: string, isSo: () => boolean) =>
  Effect.gen(function* () {
    const polling = yield* Effect.forkChild(
      TestClock.adjust("1 second").pipe(
        Effect.andThen(TestClock.withLive(Effect.sleep(5))),
        Effect.forever,
      ),
    );
    yield* TestClock.withLive(Rotating.until(what, isSo));
    yield* Fiber.interrupt(polling);
  });

describe("the poll of files", () => {
  it.effect("takes a replaced pair after the interval of 2 s and a quiet moment of 250 ms", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(Date.now());
      const clock = yield* Clock.Clock;
      const sleeps: Array<number> = [];
      const noting: Clock.Clock = Object.create(clock, {
        sleep: {
          value: (duration: Duration.Duration) => {
            sleeps.push(Duration.toMillis(duration));
            return clock.sleep(duration);
          },
        },
      });
      const asleep = (millis: number, times: number) =>
        TestClock.withLive(
          Rotating.until(
            `a sleep of ${millis} ms`,
            () => sleeps.filter((each) => each === millis).length === times,
          ),
        );
      const { authority, currentUnsafe, write } = yield* Effect.provideService(
        start,
        Clock.Clock,
        noting,
      );
      for (const round of [1, 2, 3]) {
        yield* asleep(2_000, round);
        const next = yield* Certificates.issueClient(authority, { commonName: "next" });
        yield* write(next);
        yield* TestClock.adjust("2 seconds");
        yield* asleep(250, round);
        yield* TestClock.adjust("250 millis");
        yield* TestClock.withLive(
          Rotating.until(
            "the replacement is in use",
            () => currentUnsafe().thumbprint === next.thumbprint,
          ),
        );
      }
    }),
  );

  it.effect("takes a certificate that becomes valid, after one warning", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(Date.now());
      const { authority, currentUnsafe, write, warnings } = yield* start;
      const future = yield* Certificates.issueFutureClient(authority, { commonName: "future" });
      yield* write(future);
      yield* untilPolled("a warning", () => warnings().length > 0);
      yield* TestClock.adjust("1 minute");
      yield* TestClock.setTime(Date.now() + 86_400_000 + 60_000);
      yield* untilPolled(
        "the replacement is in use",
        () => currentUnsafe().thumbprint === future.thumbprint,
      );
      assert.lengthOf(warnings(), 1);
      assert.match(warnings()[0] ?? "", /it is valid only from/);
    }),
  );
});
