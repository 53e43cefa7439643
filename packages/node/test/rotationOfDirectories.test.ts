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

/** Longer than the watch waits for quiet, so that it reads and follows what is there. */
const pause = () => new Promise((resolve) => void setTimeout(resolve, 600));

interface Scene {
  /** An absolute path of a name under the test's directory. */
  readonly at: (name: string) => string;
  readonly first: Pair;
  readonly next: Pair;
}

/** What is done under the watch of `app/a/b/client.crt` and its key, after which the next is there. */
const changes: Readonly<
  Record<
    string,
    {
      readonly prepare?: (scene: Scene) => Promise<unknown>;
      readonly change: (scene: Scene) => Promise<unknown>;
    }
  >
> = {
  "a directory above is renamed, and another one takes its name": {
    change: async ({ at, next }) => {
      await write(at("new/b"), next);
      await Fs.rename(at("app/a"), at("app/old"));
      await Fs.rename(at("new"), at("app/a"));
    },
  },
  "one far above is": {
    change: async ({ at, next }) => {
      await write(at("new/a/b"), next);
      await Fs.rename(at("app"), at("old"));
      await Fs.rename(at("new"), at("app"));
    },
  },
  "one above is, and files in the new one are written later": {
    change: async ({ at, first, next }) => {
      await write(at("new/b"), first);
      await Fs.rename(at("app/a"), at("old"));
      await Fs.rename(at("new"), at("app/a"));
      await pause();
      await write(at("app/a/b"), next);
    },
  },
  "one above is, twice": {
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
  "one above is, while its old files are written": {
    change: async ({ at, first, next }) => {
      await write(at("new/b"), next);
      await Fs.rename(at("app/a"), at("old"));
      await write(at("old/b"), first);
      await Fs.rename(at("new"), at("app/a"));
    },
  },
  "one above is replaced by a link": {
    change: async ({ at, next }) => {
      await write(at("new/b"), next);
      await Fs.rename(at("app/a"), at("old"));
      await Fs.symlink("../new", at("app/a"));
    },
  },
  "one above is replaced by a link, and files behind it are written later": {
    change: async ({ at, first, next }) => {
      await write(at("new/b"), first);
      await Fs.rename(at("app/a"), at("old"));
      await Fs.symlink(at("new"), at("app/a"));
      await pause();
      await write(at("new/b"), next);
    },
  },
  "a link above is replaced by a directory": {
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
  "a directory above a link's target is renamed": {
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
  "all is removed, and made again step by step": {
    change: async ({ at, next }) => {
      await Fs.rm(at("app"), { recursive: true });
      await pause();
      await Fs.mkdir(at("app"));
      await pause();
      await write(at("app/a/b"), next);
    },
  },
  "all is removed while it is held open, and made again": {
    change: async ({ at, next }) => {
      const held = await Fs.open(at("app/a/b"));
      await Fs.rm(at("app"), { recursive: true });
      await write(at("app/a/b"), next);
      await pause();
      await held.close();
    },
  },
};

describe("the next pair is in use within 5 s when", () => {
  for (const [name, { prepare, change }] of Object.entries(changes)) {
    it.live(name, () =>
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
            certificate: scene.at("app/a/b/client.crt"),
            privateKey: scene.at("app/a/b/client.key"),
          }),
        );
        assert.strictEqual(currentUnsafe().thumbprint, first.thumbprint);
        yield* Effect.promise(() => change(scene));
        // Sooner than the files are read without a change.
        yield* Effect.timeout(
          Rotating.until("it is", () => currentUnsafe().thumbprint === next.thumbprint),
          "5 seconds",
        );
      }),
    );
  }
});
