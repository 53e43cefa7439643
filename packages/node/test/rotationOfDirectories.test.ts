import { assert, describe, it } from "@effect/vitest";
import * as NodeMutualTls from "@x/node/NodeMutualTls";
import * as Certificates from "@x/testing/Certificates";
import * as Effect from "effect/Effect";
import * as Fs from "node:fs/promises";
import * as Os from "node:os";
import * as Path from "node:path";
import * as Rotating from "./fixtures/rotating.ts";

type Pair = Certificates.Certificate;

const write = async (directory: string, pair: Pair) => {
  await Fs.mkdir(directory, { recursive: true });
  await Fs.writeFile(Path.join(directory, "client.crt"), pair.certificate);
  await Fs.writeFile(Path.join(directory, "client.key"), pair.privateKey);
};

/** Longer than the poll waits for quiet, so that it reads the files between two steps. */
const pause = () => new Promise((resolve) => void setTimeout(resolve, 600));

interface Scene {
  /** An absolute path of a name under the test's directory. */
  readonly at: (name: string) => string;
  readonly first: Pair;
  readonly next: Pair;
}

/** Changes of directories, after which `app/a/b/client.crt` and its key are the next pair. */
const changes: Readonly<
  Record<
    string,
    {
      readonly prepare?: (scene: Scene) => Promise<unknown>;
      readonly change: (scene: Scene) => Promise<unknown>;
    }
  >
> = {
  "a renamed parent directory, whose name another one takes": {
    change: async ({ at, next }) => {
      await write(at("new/b"), next);
      await Fs.rename(at("app/a"), at("app/old"));
      await Fs.rename(at("new"), at("app/a"));
    },
  },
  "a renamed grandparent directory, whose name another one takes": {
    change: async ({ at, next }) => {
      await write(at("new/a/b"), next);
      await Fs.rename(at("app"), at("old"));
      await Fs.rename(at("new"), at("app"));
    },
  },
  "a replaced parent directory, whose files are written later": {
    change: async ({ at, first, next }) => {
      await write(at("new/b"), first);
      await Fs.rename(at("app/a"), at("old"));
      await Fs.rename(at("new"), at("app/a"));
      await pause();
      await write(at("app/a/b"), next);
    },
  },
  "a parent directory that is replaced twice": {
    change: async ({ at, first, next }) => {
      for (const [name, pair] of [
        ["second", first],
        ["third", next],
      ] as const) {
        await write(at(`${name}/b`), pair);
        await Fs.rename(at("app/a"), at(`${name}.old`));
        await Fs.rename(at(name), at("app/a"));
        await pause();
      }
    },
  },
  "a replaced parent directory, while files in the old one are written": {
    change: async ({ at, first, next }) => {
      await write(at("new/b"), next);
      await Fs.rename(at("app/a"), at("old"));
      await write(at("old/b"), first);
      await Fs.rename(at("new"), at("app/a"));
    },
  },
  "a link in place of a parent directory": {
    change: async ({ at, next }) => {
      await write(at("new/b"), next);
      await Fs.rename(at("app/a"), at("old"));
      await Fs.symlink("../new", at("app/a"));
    },
  },
  "a link in place of a parent directory, whose files are written later": {
    change: async ({ at, first, next }) => {
      await write(at("new/b"), first);
      await Fs.rename(at("app/a"), at("old"));
      await Fs.symlink(at("new"), at("app/a"));
      await pause();
      await write(at("new/b"), next);
    },
  },
  "a directory in place of a link": {
    prepare: async ({ at }) => {
      await Fs.rename(at("app/a"), at("target"));
      await Fs.symlink("../target", at("app/a"));
    },
    change: async ({ at, first, next }) => {
      await Fs.unlink(at("app/a"));
      await write(at("app/a/b"), first);
      await pause();
      await write(at("app/a/b"), next);
    },
  },
  "a renamed directory above the target of a link": {
    prepare: async ({ at }) => {
      await Fs.mkdir(at("releases"));
      await Fs.rename(at("app/a"), at("releases/one"));
      await Fs.symlink(at("releases/one"), at("app/a"));
    },
    change: async ({ at, next }) => {
      await write(at("other/one/b"), next);
      await Fs.rename(at("releases"), at("old"));
      await Fs.rename(at("other"), at("releases"));
    },
  },
  "directories that are removed and made again step by step": {
    change: async ({ at, next }) => {
      await Fs.rm(at("app"), { recursive: true });
      await pause();
      await Fs.mkdir(at("app"));
      await pause();
      await write(at("app/a/b"), next);
    },
  },
  "directories that are removed while one is open, and made again": {
    change: async ({ at, next }) => {
      const held = await Fs.open(at("app/a/b"));
      await Fs.rm(at("app"), { recursive: true });
      await write(at("app/a/b"), next);
      await pause();
      await held.close();
    },
  },
};

describe("rotation of directories", () => {
  for (const [name, { prepare, change }] of Object.entries(changes)) {
    it.live(`takes the next pair from ${name}`, () =>
      Effect.gen(function* () {
        const authority = yield* Certificates.makeAuthority("Root");
        const first = yield* Certificates.issueClient(authority, { commonName: "first" });
        const next = yield* Certificates.issueClient(authority, { commonName: "next" });
        const root = yield* Effect.acquireRelease(
          Effect.promise(() => Fs.mkdtemp(Path.join(Os.tmpdir(), "x-directories-"))),
          (directory) => Effect.promise(() => Fs.rm(directory, { recursive: true })),
        );
        const scene = { at: (path: string) => Path.join(root, path), first, next };
        yield* Effect.promise(() => write(scene.at("app/a/b"), first));
        yield* Effect.promise(async () => prepare?.(scene));
        const { currentUnsafe } = yield* Rotating.build(
          NodeMutualTls.layerPem({
            certificate: { file: scene.at("app/a/b/client.crt") },
            privateKey: { file: scene.at("app/a/b/client.key") },
            pollInterval: "50 millis",
          }),
        );
        assert.strictEqual(currentUnsafe().thumbprint, first.thumbprint);
        yield* Effect.promise(() => change(scene));
        yield* Rotating.until(
          "the next pair is in use",
          () => currentUnsafe().thumbprint === next.thumbprint,
        );
      }),
    );
  }
});
