import { globSync } from "node:fs";
import { basename } from "node:path";
import { defineConfig } from "vitest/config";

// Every folder with tests is a project: a new package is found by being there.
const projects = globSync("{packages,examples}/*/test", { cwd: import.meta.dirname }).map(
  (tests) => {
    const root = tests.slice(0, -"/test".length);
    const name = root.startsWith("packages/") ? `@x/${basename(root)}` : basename(root);
    return { extends: true as const, test: { name, root } };
  },
);

// Type tests of all packages: one run of tsc, against the sources, without project references.
const types = {
  extends: true as const,
  test: {
    name: "types",
    include: [],
    typecheck: {
      enabled: true,
      only: true,
      checker: "tsc",
      tsconfig: "tsconfig.types.json",
      include: ["packages/*/test/**/*.test-d.ts"],
    },
  },
};

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    sequence: { concurrent: true },
    // Tests with real TLS share two noisy cores; the limit is there to end a hang, not to time anything.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    coverage: {
      provider: "v8",
      include: ["**/src/**/*.ts"],
      exclude: ["**/index.ts", "examples/**", "benchmarks/**"],
      reporter: ["text", "json-summary", "lcov"],
      reportsDirectory: "coverage",
    },
    projects: [...projects, types],
  },
});
