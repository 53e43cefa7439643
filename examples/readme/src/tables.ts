/** Writes the vendors' tables of Config keys into their READMEs: `node examples/readme/src/tables.ts`. */
import { Evcnet } from "@x/evcnet";
import { Raidiam } from "@x/raidiam";
import { Reged } from "@x/reged";
import { Resharmonics } from "@x/resharmonics";
import { Tigr } from "@x/tigr";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "../../..");

/** READMEs as they are and as they should be. */
export const readmes = [Reged, Tigr, Resharmonics, Evcnet, Raidiam].map(
  ({ definition, optionsTable }) => {
    const path = join(root, "packages", definition.configPrefix.toLowerCase(), "README.md");
    const is = readFileSync(path, "utf8");
    const shouldBe = is.replace(
      /(<!-- options -->\n)[^]*?(<!-- \/options -->)/,
      (_, start: string, end: string) => `${start}\n${optionsTable}\n\n${end}`,
    );
    return { name: definition.name, path, is, shouldBe, table: optionsTable };
  },
);

if (process.argv[1] === import.meta.filename) {
  for (const { path, shouldBe } of readmes) writeFileSync(path, shouldBe);
}
