// Prints "N passed, N failed[, N skipped]" from vitest's JSON report, and exits
// non-zero unless every counted test passed and vitest itself exited with 0.
import { readFileSync } from "node:fs";

const [file, exitCode] = process.argv.slice(2);

let report;
try {
  report = JSON.parse(readFileSync(file, "utf8"));
} catch (error) {
  console.error(`no vitest report: ${error.message}`);
  process.exit(1);
}

const tests = report.testResults.flatMap((result) => result.assertionResults);
const count = (status) => tests.filter((test) => test.status === status).length;

const passed = count("passed");
let failed = count("failed");
const skipped = tests.length - passed - failed;

// A file that failed to load has no tests of its own to count.
for (const result of report.testResults) {
  const own = result.assertionResults.some((test) => test.status === "failed");
  if (result.status === "failed" && !own) {
    console.error(`failed to run: ${result.name}`);
    failed += 1;
  }
}
// Unhandled errors and unmet coverage thresholds fail the run, not one test.
if (failed === 0 && exitCode !== "0") {
  console.error(`vitest exited with ${exitCode} although no test failed`);
  failed += 1;
}

console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);
