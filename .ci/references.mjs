// Writes the root tsconfig.json: a reference for every tsconfig of the workspace, so that a new
// package is found by being there. Runs with `pnpm install`; the file is not under version control.
import { globSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const references = globSync("{packages/*,examples/*,benchmarks}/tsconfig{,.test}.json", {
  cwd: root,
})
  .map((path) => path.replaceAll("\\", "/"))
  .toSorted()
  .map((path) => ({ path }));

writeFileSync(
  join(root, "tsconfig.json"),
  `${JSON.stringify({ files: [], references }, undefined, 2)}\n`,
);
