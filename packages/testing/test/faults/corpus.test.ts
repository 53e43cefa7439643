import { assert, describe, it } from "@effect/vitest";
import * as TokenServer from "@x/testing/TokenServer";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Redacted from "effect/Redacted";
import { acme, everyText, secret, seen } from "./acme.ts";
import { canary } from "./cases.ts";
import { successes } from "./successes.ts";
import { refusals } from "./refusals.ts";

const corpus = [...successes, ...refusals];

describe("the corpus of odd answers", () => {
  it("has at least 300 different cases", () => {
    assert.isAtLeast(corpus.length, 300);
    assert.strictEqual(new Set(corpus.map(({ name }) => name)).size, corpus.length);
  });

  for (const { answer, name, verdict } of corpus) {
    it.live(`returns ${verdict} for ${name}`, () =>
      Effect.gen(function* () {
        const { requestCount } = yield* TokenServer.TokenServer;
        const { get, peek } = yield* acme();
        const exit = yield* Effect.exit(get);
        assert.strictEqual(yield* seen(exit), verdict);
        // Only transient failures are retried.
        assert.strictEqual(yield* requestCount, verdict.startsWith("ServerUnavailable") ? 3 : 1);
        if (Exit.isSuccess(exit)) {
          const token = exit.value;
          assert.match(Redacted.value(token.value), /^[\x21-\x7e]{1,16384}$/);
          const lifetime = token.expiresAt - token.issuedAt;
          assert.isTrue(lifetime >= 0 && lifetime <= 86_400_000, `it lives for ${lifetime} ms`);
        } else {
          assert.isUndefined(yield* peek);
          const error = yield* Effect.flip(exit);
          assert.match(error.message, /^[\x20-\x7e§]+$/);
          const text = everyText(exit) + everyText(error);
          assert.notInclude(text, canary);
          assert.notInclude(text, secret);
        }
      }).pipe(Effect.provide(TokenServer.layerHttpClient([answer]))),
    );
  }
});
