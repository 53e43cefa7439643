import { assert, describe, it } from "@effect/vitest";
import { readFileSync } from "node:fs";
import { join } from "node:path";

const page = readFileSync(join(import.meta.dirname, "../../../docs/a-tokens-way.md"), "utf8");
const steps = Array.from(
  page.matchAll(/^\| (\d+) \| `(\w+)` \| `([\w/.]+)` \| (.+) \|$/gm),
  ([, at, name = "", file = "", sentence = ""]) => ({ at: Number(at), name, file, sentence }),
);

describe("docs/a-tokens-way.md", () => {
  it("lists at most 25 steps, numbered without a gap", () => {
    assert.isAtLeast(steps.length, 10);
    assert.isAtMost(steps.length, 25);
    assert.deepStrictEqual(
      steps.map(({ at }) => at),
      steps.map((_, index) => index + 1),
    );
  });

  it.each(steps)("names $name, which $file declares", ({ name, file, sentence }) => {
    const source = readFileSync(join(import.meta.dirname, "../src", file), "utf8");
    assert.match(source, new RegExp(`^(?:export )?(?:const|function|class) ${name}\\b`, "m"));
    assert.match(sentence, /^[A-Z][^.]*\.$/);
  });
});
