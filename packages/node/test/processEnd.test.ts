import { assert, it } from "@effect/vitest";
import * as Certificates from "@x/testing/Certificates";
import * as Effect from "effect/Effect";
import { execFile } from "node:child_process";
import * as Fs from "node:fs/promises";
import * as Path from "node:path";
import * as Url from "node:url";
import { promisify } from "node:util";
import * as Pki from "./fixtures/pki.ts";
import * as Server from "./fixtures/server.ts";

const child = Url.fileURLToPath(new URL("./fixtures/rotatingChild.ts", import.meta.url));

const run = (end: "dispose" | "leave") =>
  Effect.gen(function* () {
    const pki = yield* Pki.make;
    const { files, client } = pki;
    const server = yield* Server.https(pki.server);
    const next = yield* Certificates.issueClient(pki.authority, { commonName: "next" });
    const other = yield* Effect.acquireRelease(
      Effect.promise(() => Fs.mkdtemp(`${files.directory}-next-`)),
      (directory) => Effect.promise(() => Fs.rm(directory, { recursive: true })),
    );
    const authority = Path.join(other, "authority.crt");
    yield* Effect.promise(() =>
      Promise.all([
        Fs.writeFile(authority, pki.authority.certificate),
        Fs.writeFile(Path.join(other, "next.crt"), next.certificate),
        Fs.writeFile(Path.join(other, "next.key"), next.privateKey),
      ]),
    );
    const { stdout, stderr } = yield* Effect.promise((signal) =>
      promisify(execFile)(
        process.execPath,
        [
          child,
          end,
          server.url,
          files.certificate,
          files.privateKey,
          authority,
          Path.join(other, "next"),
        ],
        { signal },
      ),
    );
    assert.deepStrictEqual(server.thumbprints, [client.thumbprint, next.thumbprint]);
    for (const secret of [client.privateKey, next.privateKey]) {
      assert.notInclude(stdout + stderr, secret.split("\n")[1] ?? assert.fail("a line"));
    }
    const lines = stdout.trim().split("\n");
    return JSON.parse(lines.at(-1) ?? "") as readonly [number, number];
  });

it.live("a process ends by itself after its runtime is disposed of, and polls no file", () =>
  Effect.gen(function* () {
    const [looks, later] = yield* run("dispose");
    assert.isAbove(looks, 0);
    assert.strictEqual(later, 0);
  }),
);

it.live("a process that polls files ends by itself", () =>
  Effect.gen(function* () {
    const [looks, later] = yield* run("leave");
    assert.isAbove(looks, 0);
    assert.isAbove(later, 0);
  }),
);
