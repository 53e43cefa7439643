import { assert, describe, it } from "@effect/vitest";
import * as NodeMutualTls from "@x/node/NodeMutualTls";
import * as Certificates from "@x/testing/Certificates";
import * as Effect from "effect/Effect";
import * as TestClock from "effect/testing/TestClock";
import type * as NodeFs from "node:fs";
import * as Fs from "node:fs/promises";
import { vi } from "vitest";
import * as Pki from "./fixtures/pki.ts";
import * as Rotating from "./fixtures/rotating.ts";

// A file system that tells of no changes, as some network file systems.
vi.mock("node:fs", async (original) => ({
  ...(await original<typeof NodeFs>()),
  watch: () => {
    throw new Error("ENOSPC");
  },
}));

const start = Effect.gen(function* () {
  yield* TestClock.setTime(Date.now());
  const { files, authority } = yield* Pki.make;
  const rotating = yield* Rotating.build(
    NodeMutualTls.layerPem({ certificate: files.certificate, privateKey: files.privateKey }),
  );
  const write = (pair: Certificates.Certificate) =>
    Effect.promise(() =>
      Promise.all([
        Fs.writeFile(files.certificate, pair.certificate),
        Fs.writeFile(files.privateKey, pair.privateKey),
      ]),
    );
  const taken = (pair: Certificates.Certificate) =>
    TestClock.withLive(
      Rotating.until(
        "the replacement is in use",
        () => rotating.currentUnsafe().thumbprint === pair.thumbprint,
      ),
    );
  return { ...rotating, authority, write, taken };
});

describe("without a watcher", () => {
  it.effect("files are read every 30 s", () =>
    Effect.gen(function* () {
      const { authority, currentUnsafe, write, taken } = yield* start;
      const before = currentUnsafe();
      for (const commonName of ["second", "third"]) {
        const next = yield* Certificates.issueClient(authority, { commonName });
        yield* write(next);
        yield* TestClock.adjust("30 seconds");
        yield* taken(next);
      }
      assert.notStrictEqual(currentUnsafe(), before);
    }),
  );

  it.effect("a certificate that is not valid yet is taken once it is, after one warning", () =>
    Effect.gen(function* () {
      const { authority, write, taken, warnings } = yield* start;
      const future = yield* Certificates.issueFutureClient(authority, { commonName: "future" });
      yield* write(future);
      yield* TestClock.adjust("30 seconds");
      yield* TestClock.withLive(Rotating.until("a warning", () => warnings().length > 0));
      yield* TestClock.adjust("30 seconds");
      yield* TestClock.setTime(Date.now() + 86_400_000 + 60_000);
      yield* taken(future);
      assert.lengthOf(warnings(), 1);
      assert.match(warnings()[0] ?? "", /it is valid only from/);
    }),
  );
});
