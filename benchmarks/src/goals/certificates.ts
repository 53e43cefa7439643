/** Client certificates that are replaced on disk, badly and well, while calls go on. */
import * as MutualTls from "@x/core/MutualTls";
import * as NodeMutualTls from "@x/node/NodeMutualTls";
import { Reged } from "@x/reged";
import * as Certificates from "@x/testing/Certificates";
import * as RegedEmulator from "@x/reged/testing";
import * as Clock from "effect/Clock";
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Fs from "node:fs/promises";
import { atMost, type Goal } from "../goal.ts";

const rotations = 500;
const callers = 32;

/** Writes a file as careless programs do: the half of it first, and the whole a moment later. */
const writeInHalves = (path: string, text: string) =>
  Effect.gen(function* () {
    yield* Effect.promise(() => Fs.writeFile(path, text.slice(0, text.length / 2)));
    yield* Effect.sleep("5 millis");
    yield* Effect.promise(() => Fs.writeFile(path, text));
  });

const measure = Effect.gen(function* () {
  const context = yield* Layer.build(RegedEmulator.layer({ demandCertificateAtApi: true }));
  const emulator = Context.get(context, RegedEmulator.RegedEmulator);
  const files = yield* Certificates.writeFiles(emulator.clientCertificate);
  const mutualTls = yield* Layer.build(
    NodeMutualTls.layerPem({
      certificate: { file: files.certificate },
      privateKey: { file: files.privateKey },
      certificateAuthorities: [new TextEncoder().encode(emulator.certificateAuthority)],
      // At the default of 2 seconds, 500 rotations would take 20 minutes.
      pollInterval: "50 millis",
    }),
  );
  const { currentUnsafe } = Context.get(mutualTls, MutualTls.MutualTls);
  const reged = yield* Reged.make({ ...emulator.options, certificateBoundTokens: true }).pipe(
    Effect.provide(mutualTls),
  );

  let calls = 0;
  let failed = 0;
  const call = Effect.gen(function* () {
    calls++;
    const outcome = yield* Effect.exit(reged.httpClient.get("/anything"));
    if (outcome._tag === "Failure" || outcome.value.status !== 200) failed++;
  }).pipe(Effect.uninterruptible, Effect.andThen(Effect.sleep("20 millis")), Effect.forever);

  const retired = new Map<string, number>();
  let requests = 0;
  let afterRetirement = 0;
  const audit = Effect.gen(function* () {
    requests += yield* emulator.apiRequestCount;
    for (const { certificate, at } of yield* emulator.apiRequests) {
      if (at > (retired.get(certificate ?? "") ?? Infinity) + 5000) afterRetirement++;
    }
    yield* emulator.forgetRequests;
  });

  let slowest = 0;
  const rotate = Effect.gen(function* () {
    for (let n = 0; n < rotations; n++) {
      const next = yield* Certificates.issueClient(emulator.authority, {
        commonName: emulator.options.clientId,
      });
      const { thumbprint } = currentUnsafe();
      const pair = [
        writeInHalves(files.certificate, next.certificate),
        writeInHalves(files.privateKey, next.privateKey),
      ];
      yield* Effect.all(n % 2 === 0 ? pair : pair.toReversed(), { discard: true });
      const written = yield* Clock.currentTimeMillis;
      while (
        currentUnsafe().thumbprint !== next.thumbprint &&
        (yield* Clock.currentTimeMillis) < written + 10_000
      ) {
        yield* Effect.sleep("10 millis");
      }
      const now = yield* Clock.currentTimeMillis;
      retired.set(thumbprint, now);
      slowest = Math.max(slowest, now - written);
      if (n % 50 === 49) yield* audit;
    }
  });
  // The callers end with the last rotation, each with its call.
  yield* Effect.raceFirst(
    rotate,
    Effect.all(
      Array.from({ length: callers }, () => call),
      { concurrency: "unbounded", discard: true },
    ),
  );
  yield* audit;
  const measurement = atMost(
    ["failed calls", failed, 0],
    ["slowest new certificate in use, ms", slowest, 5000],
    ["API requests beyond one a call (token and connection disagree)", requests - calls, 0],
    ["requests with a certificate 5 s after its retirement", afterRetirement, 0],
  );
  return { ...measurement, figures: { ...measurement.figures, rotations, calls } };
});

export const goals: ReadonlyArray<Goal> = [
  { goal: "500 certificate rotations with half-written files under load", measure },
];
