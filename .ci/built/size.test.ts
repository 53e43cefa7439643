import { expect, it } from "vitest";
import * as Size from "./size.ts";

/**
 * Most bytes (gzip -9) that a vendor may add to an app with Effect and its HTTP client. The goal is
 * 15,000; this is what it was at first and 500 for concurrent secrets and clocks, so that a change that
 * makes it grow is seen. Of it 16,500 are Effect's Schema.
 */
const budget = 44_300;

it("keeps what @x/tigr adds to the smallest app within its budget", async () => {
  const [app, base] = await Promise.all([
    Size.bundle(Size.withVendor, "packages/tigr"),
    Size.bundle(Size.withoutVendor, "packages/tigr"),
  ]);
  const biggest = [...app.inputs]
    .map(([path, bytes]) => [path, bytes - (base.inputs.get(path) ?? 0)] as const)
    .toSorted(([, one], [, other]) => other - one)
    .slice(0, 15);
  const added = app.gzip - base.gzip;
  console.log(
    [
      `${added} bytes added (${app.gzip} - ${base.gzip}), budget ${budget}; minified, of which:`,
      ...biggest.map(([path, bytes]) => `${String(bytes).padStart(8)} ${path}`),
    ].join("\n"),
  );
  expect(added).toBeLessThanOrEqual(budget);
});
