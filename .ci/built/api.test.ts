import { existsSync, globSync, readFileSync } from "node:fs";
import { basename, dirname, join, normalize } from "node:path";
import { expect, it } from "vitest";

const root = join(import.meta.dirname, "../..");

/** The modules that a package exports, and after them the internal ones that their declarations name. */
const declarations = (name: string): string => {
  const dist = join(root, "packages", name, "dist");
  const modules = globSync("**/*.ts", { cwd: join(root, "packages", name, "src") })
    .map((path) => path.replaceAll("\\", "/").slice(0, -".ts".length))
    .filter((module) => !module.startsWith("internal/") && !module.includes("/internal/"))
    .toSorted();
  const seen = new Set(modules);
  // A set is iterated over what is added meanwhile.
  const texts = [...grow(seen)].map((module) => `// ${module}\n\n${read(module).trim()}\n`);
  return `${texts.join("\n")}`;

  function* grow(found: Set<string>) {
    for (const module of found) {
      yield module;
      for (const [, path] of read(module).matchAll(/(?:from|import)\s*\(?"(\.[^"]+)"/g)) {
        found.add(normalize(join(dirname(module), path!)).replace(/\.ts$/, ""));
      }
    }
  }

  function read(module: string): string {
    return readFileSync(join(dist, `${module}.d.ts`), "utf8").replace(
      /^\/\/# sourceMappingURL=.*$/m,
      "",
    );
  }
};

for (const path of globSync("packages/*/src", { cwd: root }).toSorted()) {
  const name = basename(dirname(path));
  // Run `pnpm build && pnpm test:built -u` to accept a change.
  it(`leaves the declarations of @x/${name} as api/${name}.d.ts has them`, async () => {
    expect(existsSync(join(root, "packages", name, "dist")), "run pnpm build first").toBe(true);
    await expect(declarations(name)).toMatchFileSnapshot(`../../api/${name}.d.ts`);
  });
}
