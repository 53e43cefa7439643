import { assert, describe, it } from "@effect/vitest";
import { execFile } from "node:child_process";
import {
  cpSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const root = join(import.meta.dirname, "../../..");
const run = promisify(execFile);

const probe = {
  "package.json": JSON.stringify({ name: "@x/probe", type: "module", version: "0.0.0" }),
  "tsconfig.json": "{}",
  "tsconfig.test.json": "{}",
  "test/probe.test.ts":
    'import { expect, it } from "vitest"; it("runs", () => expect(1 + 1).toBe(2));',
};

describe("A new package", () => {
  it("is found by its folder: no root file is touched", async () => {
    const workspace = mkdtempSync(join(tmpdir(), "x-workspace-"));
    try {
      for (const file of ["vitest.config.ts", ".ci/references.mjs", "package.json"]) {
        cpSync(join(root, file), join(workspace, file));
      }
      symlinkSync(join(root, "node_modules"), join(workspace, "node_modules"));
      for (const [file, text] of Object.entries(probe)) {
        const path = join(workspace, "packages/probe", file);
        mkdirSync(join(path, ".."), { recursive: true });
        writeFileSync(path, text);
      }
      await run(process.execPath, [".ci/references.mjs"], { cwd: workspace });
      assert.deepStrictEqual(
        JSON.parse(readFileSync(join(workspace, "tsconfig.json"), "utf8")).references,
        [{ path: "packages/probe/tsconfig.json" }, { path: "packages/probe/tsconfig.test.json" }],
      );
      const { stdout } = await run(
        process.execPath,
        [join(root, "node_modules/vitest/vitest.mjs"), "run", "--project", "@x/probe"],
        { cwd: workspace, env: { ...process.env, NO_COLOR: "1" } },
      );
      assert.match(stdout, /Tests\s+1 passed/);
    } finally {
      rmSync(workspace, { recursive: true, force: true });
    }
  });

  it("is named in no file at the root but the README and the lock file", () => {
    const vendors = globSync("packages/*", { cwd: root })
      .map((path) => path.slice("packages/".length))
      .filter((name) => name !== "core");
    const files = globSync(
      "{*.json,*.yaml,*.ts,.*.json,.changeset/config.json,.ci/references.mjs,.ci/run}",
      { cwd: root },
    ).filter((file) => !["pnpm-lock.yaml", "tsconfig.json"].includes(file));
    assert.includeMembers(files, ["package.json", "vitest.config.ts", "turbo.json"]);
    for (const file of files) {
      const text = readFileSync(join(root, file), "utf8");
      for (const name of vendors) {
        assert.notMatch(text, new RegExp(`(@x|packages)/${name}\\b`), `${file} names ${name}`);
      }
    }
  });

  it("keeps the emulator out of the index of every vendor", () => {
    const emulators = globSync("packages/*/src/testing.ts", { cwd: root });
    assert.isAtLeast(emulators.length, 5);
    for (const emulator of emulators) {
      const seen = new Set<string>();
      const visit = (file: string) => {
        if (seen.has(file)) return;
        seen.add(file);
        for (const [, specifier = ""] of readFileSync(file, "utf8").matchAll(
          /^(?:import|export|\}).* from "([^"]+)";$/gm,
        )) {
          assert.notMatch(specifier, /^(node:|@x\/testing|oidc-provider|\.\/testing\.ts)/, file);
          if (specifier.startsWith(".")) visit(join(file, "..", specifier));
        }
      };
      visit(join(root, emulator, "../index.ts"));
      assert.isAtLeast(seen.size, 2);
    }
  });

  it("has tsconfig references equal to its workspace dependencies and peers", () => {
    for (const path of globSync("packages/*/package.json", { cwd: root })) {
      const folder = join(root, path, "..");
      const manifest = JSON.parse(readFileSync(join(root, path), "utf8"));
      const tsconfig = JSON.parse(readFileSync(join(folder, "tsconfig.json"), "utf8"));
      const referenced = (tsconfig.references ?? []).map((reference: { path: string }) =>
        reference.path.replace("../", "@x/"),
      );
      const needed = Object.keys({
        ...manifest.dependencies,
        ...manifest.peerDependencies,
      }).filter((name) => name.startsWith("@x/"));
      assert.sameMembers(referenced, needed, path);
    }
  });
});
