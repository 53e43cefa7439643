/** Promises about options and configuration. */
import type * as TokenError from "@x/core/TokenError";
import * as Effect from "effect/Effect";
import * as Redacted from "effect/Redacted";
import type * as Scope from "effect/Scope";
import * as assert from "node:assert/strict";
import { keyOf } from "./derive.ts";
import type { Promises } from "./subject.ts";

export const options: Promises = {
  "names a bad option and sends no request": Effect.fnUntraced(function* (subject) {
    const bad: ReadonlyArray<readonly [option: string, value: unknown]> = [
      ["environment", "nowhere"],
      ["apiUrl", ""],
      ["apiUrl", "not a url"],
      ["apiUrl", "https://user:pw@api.test"],
      ["apiUrl", "https://api.test/?access_token=x"],
      ["apiUrl", "http://api.test"],
      ["tokenUrl", "http://localhost/token"],
    ];
    for (const [option, value] of bad) {
      const [problem, ...others] = yield* problems(subject.provider({ [option]: value }));
      assert.equal(problem?.option, option, String(value));
      assert.deepEqual(others, []);
    }
    assert.equal(yield* subject.emulator.tokenRequestCount, 0);
  }),

  "refuses missing options, empty options and control characters": Effect.fnUntraced(
    function* (subject) {
      for (const { option } of subject.table.filter(({ required }) => required)) {
        const isSecret = Redacted.isRedacted(subject.options[option]);
        for (const text of ["", " ", "a\nb", "a\u0000"]) {
          const value = isSecret ? Redacted.make(text) : text;
          const [problem] = yield* problems(subject.provider({ [option]: value }));
          assert.equal(problem?.option, option);
        }
        const [missing] = yield* problems(subject.provider({ [option]: undefined }));
        assert.deepEqual(missing, { option, problem: "is missing" });
      }
      assert.equal(yield* subject.emulator.tokenRequestCount, 0);
    },
  ),

  "reports all bad options in one error": Effect.fnUntraced(function* (subject) {
    const required = subject.table.filter((row) => row.required).map(({ option }) => option);
    const missing = Object.fromEntries(required.map((option) => [option, undefined]));
    const found = yield* problems(
      subject.provider({ ...missing, apiUrl: "not a url", apiURL: "https://api.test" }),
    );
    assert.deepEqual(
      new Set(found.map(({ option }) => option)),
      new Set([...required, "apiUrl", "apiURL"]),
    );
    assert.match(found.find(({ option }) => option === "apiURL")?.problem ?? "", /mean apiUrl\?/);
  }),

  "reads its options from Config": Effect.fnUntraced(function* (subject) {
    const keys = new Set(subject.table.map(({ key }) => key));
    for (const { key, option } of subject.table) assert.equal(key, keyOf(subject.prefix, option));
    for (const key of Object.keys(subject.environment())) assert.ok(keys.has(key), key);
    yield* (yield* subject.configured(subject.environment())).get;
    yield* (yield* subject.configured(subject.environment("SECOND_ACCOUNT"), "SECOND_ACCOUNT")).get;
    assert.equal(yield* subject.emulator.tokenRequestCount, 2);
  }),

  "names the Config keys that its table calls required when they are missing": Effect.fnUntraced(
    function* (subject) {
      const environment = subject.environment();
      const required = subject.table.filter((row) => row.required).map(({ key }) => key);
      const none = yield* problems(subject.configured({}));
      assert.deepEqual(new Set(none.map(({ key }) => key)), new Set(required));
      for (const key of required) {
        const { [key]: _, ...others } = environment;
        for (const env of [others, { ...others, [key]: "" }]) {
          const found = yield* problems(subject.configured(env));
          assert.deepEqual(
            found.map((problem) => [problem.key, problem.problem]),
            [[key, "is missing"]],
          );
        }
      }
      assert.equal(yield* subject.emulator.tokenRequestCount, 0);
    },
  ),
};

/** The problems of an effect that must fail with `OptionInvalid`. */
const problems = (effect: Effect.Effect<unknown, TokenError.TokenError, Scope.Scope>) =>
  Effect.map(Effect.flip(effect), ({ message, reason }) => {
    assert.ok(reason._tag === "OptionInvalid", message);
    return reason.problems;
  });
