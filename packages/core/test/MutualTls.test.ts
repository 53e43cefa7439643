import { assert, describe, it } from "@effect/vitest";
import * as MutualTls from "@x/core/MutualTls";
import * as Effect from "effect/Effect";
import * as TestClock from "effect/testing/TestClock";
import { issuing } from "./scripted.ts";

const generation: MutualTls.Generation = {
  thumbprint: "thumb",
  notBefore: 1000,
  notAfter: 2000,
  source: "certificate client.crt",
  httpClient: issuing().httpClient,
};
const service = { currentUnsafe: () => generation };

describe("MutualTls.current", () => {
  const times: ReadonlyArray<readonly [now: number, problem: string | undefined]> = [
    [999, "not-yet-valid"],
    [1000, undefined],
    [2000, undefined],
    [2001, "expired"],
  ];
  for (const [now, problem] of times) {
    it.effect(`finds a certificate ${problem ?? "valid"} at ${now}`, () =>
      Effect.gen(function* () {
        yield* TestClock.setTime(now);
        if (problem === undefined) {
          assert.strictEqual(yield* MutualTls.current(service), generation);
        } else {
          const error = yield* Effect.flip(MutualTls.current(service));
          assert.strictEqual(error.problem, problem);
          assert.strictEqual(error.source, generation.source);
          assert.match(error.message, /client\.crt.*1970-01-01T00:00:0[12]\.000Z/);
        }
      }),
    );
  }
});
