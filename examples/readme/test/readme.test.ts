import { assert, describe, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import { execFile } from "node:child_process";
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll } from "vitest";

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, "../../..");
// Inside a workspace package, so that imports resolve as they do for a user.
const extracted = join(here, "../.extracted");

const snippets = ["README.md", ...globSync("packages/*/README.md", { cwd: root })].flatMap((path) =>
  Array.from(
    readFileSync(join(root, path), "utf8").matchAll(/^```ts\n([^]*?)^```$/gm),
    ([, code], at) => ({
      name: `${path} ${at + 1}`,
      file: join(extracted, `${path.replaceAll(/\W/g, "-")}-${at + 1}.ts`),
      code: `${code}\nexport {}\n`,
    }),
  ),
);

const load = (name: string): Promise<Record<string, unknown>> =>
  import(snippets.find((snippet) => snippet.name === name)?.file ?? name);

beforeAll(() => {
  rmSync(extracted, { recursive: true, force: true });
  mkdirSync(extracted, { recursive: true });
  for (const { file, code } of snippets) writeFileSync(file, code);
  writeFileSync(
    join(extracted, "tsconfig.json"),
    JSON.stringify({
      extends: "../../../tsconfig.base.json",
      include: ["*.ts"],
      // As a user's compiler does, it sees the packages' declarations and not their sources.
      references: globSync("packages/*/tsconfig.json", { cwd: root }).map((path) => ({
        path: join(root, path),
      })),
      compilerOptions: {
        rootDir: ".",
        noEmit: true,
        noUnusedLocals: false,
        lib: ["ES2024", "DOM", "DOM.Iterable"],
        types: ["node"],
      },
    }),
  );
});

afterAll(() => rmSync(extracted, { recursive: true, force: true }));

describe("The code in the READMEs", () => {
  it("is there: every package shows some", () => {
    const packages = globSync("packages/*/README.md", { cwd: root });
    assert.isAtLeast(snippets.length, packages.length);
    assert.isTrue(snippets.some(({ name }) => name === "README.md 5"));
  });

  it("compiles as it stands", async () => {
    const tsc = fileURLToPath(import.meta.resolve("typescript/package.json"));
    const { stdout } = await promisify(execFile)(process.execPath, [
      join(dirname(tsc), "bin/tsc"),
      "-b",
      extracted,
    ]).catch((error: { stdout: string }) => error);
    assert.strictEqual(stdout, "");
  });

  it("runs with mock layers", async () => {
    const { test } = await load("README.md 1");
    const [expiresAt, status] = await Effect.runPromise(
      test as Effect.Effect<readonly [number, number]>,
    );
    assert.isAbove(expiresAt, 0);
    assert.strictEqual(status, 200);
  });

  it("fails with live layers for want of the certificate, before anything is sent", async () => {
    const { live } = await load("README.md 1");
    const error = await Effect.runPromise(Effect.flip(live as Effect.Effect<unknown, Error>));
    assert.match(error.message, /certificate client\.crt: there is no such file/);
  });

  it("shows a fake what the vendor would see", async () => {
    const { mocked } = await load("README.md 4");
    const seen = await Effect.runPromise(mocked as Effect.Effect<unknown>);
    assert.deepStrictEqual(seen, [{ seen: "https://apiv3.rerumapp.uk/bookings" }]);
  });

  it("adds a vendor in fifteen lines", async () => {
    const { Acme } = await load("README.md 5");
    assert.isFunction(Acme);
    assert.strictEqual((Acme as { definition: { name: string } }).definition.name, "Acme");
  });
});
