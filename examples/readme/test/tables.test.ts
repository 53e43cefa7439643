import { assert, describe, it } from "@effect/vitest";
import { readmes } from "../src/tables.ts";

describe("The README of a vendor", () => {
  for (const { name, is, shouldBe, table } of readmes) {
    it(`lists the Config keys of ${name} as its options have them`, () => {
      assert.include(is, table, "run: node examples/readme/src/tables.ts");
      assert.strictEqual(is, shouldBe, "run: node examples/readme/src/tables.ts");
    });
  }
});
