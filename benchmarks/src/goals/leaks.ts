/** What is left after very many refreshes and very many sources. */
import * as RefreshPolicy from "@x/core/RefreshPolicy";
import * as TestHttpClient from "@x/testing/TestHttpClient";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as HttpClient from "effect/http/HttpClient";
import * as Schedule from "effect/Schedule";
import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { atMost, type Goal } from "../goal.ts";
import * as Vendor from "../vendor.ts";

const refreshes = 100_000;
const sources = 100_000;
const lanes = 16;

/** Open descriptors of this process. */
const descriptors = () => readdirSync("/proc/self/fd").length;

/** Bytes in use after a collection; the least of a few, because one collection does not find everything. */
const heap = Effect.gen(function* () {
  if (globalThis.gc === undefined) return yield* Effect.fail("run with --expose-gc");
  let least = Infinity;
  for (let n = 0; n < 5; n++) {
    yield* Effect.sleep("20 millis");
    globalThis.gc();
    least = Math.min(least, process.memoryUsage().heapUsed);
  }
  return least;
});

const batches = 10;

/** Runs batches and says by how many bytes the heap grows with each, by least squares; the first half only warms up. */
const growth = <E, R>(batch: Effect.Effect<void, E, R>) =>
  Effect.gen(function* () {
    const heaps: Array<number> = [];
    for (let n = 0; n < batches; n++) {
      yield* batch;
      heaps.push(yield* heap);
    }
    const points = heaps.slice(batches / 2).map((bytes, n) => [n, bytes] as const);
    const mean = (at: 0 | 1) => points.reduce((sum, point) => sum + point[at], 0) / points.length;
    const [x, y] = [mean(0), mean(1)];
    const covariance = points.reduce((sum, [n, bytes]) => sum + (n - x) * (bytes - y), 0);
    const variance = points.reduce((sum, [n]) => sum + (n - x) ** 2, 0);
    return Math.max(0, Math.round(covariance / variance));
  });

interface Place {
  readonly tokenUrl: string;
  readonly certificateAuthority: string;
}

const faultServer = Effect.acquireRelease(
  Effect.callback<{ readonly place: Place; readonly stop: () => void }, string>((resume) => {
    const child = spawn(process.execPath, [join(import.meta.dirname, "../faultServer.ts")], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    let text = "";
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
      if (!text.includes("\n")) return;
      const place: Place = JSON.parse(text.slice(0, text.indexOf("\n")));
      resume(Effect.succeed({ place, stop: () => void child.kill() }));
    });
    child.on("close", () => resume(Effect.fail("the fault server ended")));
  }),
  ({ stop }) => Effect.sync(stop),
);

/** Fails fast and forgets at once, so that every call is a request. */
const eager = RefreshPolicy.make({
  acquisition: {
    attempts: 1,
    timeout: Duration.millis(250),
    deadline: Duration.seconds(5),
    delays: Schedule.forever,
  },
  afterFailure: Schedule.forever,
  afterRejection: Schedule.forever,
  afterColdFailure: Duration.zero,
  maxRetryAfter: Duration.zero,
});

/** So many refreshes on a few lanes, each a source of its own; counts how they end. */
const rush = (place: Place, outcomes: Map<string, number>, count: number) =>
  Effect.all(
    Array.from({ length: lanes }, () =>
      Effect.gen(function* () {
        const vendor = yield* Vendor.Simulated.make({
          ...Vendor.options,
          tokenUrl: place.tokenUrl,
          refresh: eager,
        });
        for (let n = 0; n < count / lanes; n++) {
          const outcome = yield* Effect.match(vendor.get, {
            onSuccess: () => "ok",
            onFailure: ({ reason }) => reason._tag,
          });
          outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
        }
      }).pipe(Effect.scoped),
    ),
    { concurrency: "unbounded", discard: true },
  );

const refreshing = Effect.gen(function* () {
  let rejections = 0;
  const onRejection = () => void rejections++;
  process.on("unhandledRejection", onRejection);
  yield* Effect.addFinalizer(() =>
    Effect.sync(() => process.off("unhandledRejection", onRejection)),
  );
  const before = descriptors();
  const outcomes = new Map<string, number>();
  let slope = 0;
  yield* Effect.gen(function* () {
    const { place } = yield* faultServer;
    const atStart = descriptors();
    yield* Effect.gen(function* () {
      const each = refreshes / batches;
      slope = (yield* growth(rush(place, outcomes, each))) / (each / 1000);
    }).pipe(Effect.scoped, Effect.provide(TestHttpClient.layer(place.certificateAuthority)));
    yield* Effect.sleep("500 millis");
    outcomes.set("descriptors of the client left open", descriptors() - atStart);
  }).pipe(Effect.scoped);
  yield* Effect.sleep("500 millis");
  const measurement = atMost(
    ["open descriptors left", descriptors() - before, 2],
    ["heap bytes per 1,000 refreshes", Math.round(slope), 1024],
    ["unhandled rejections", rejections, 0],
  );
  return { ...measurement, figures: { ...measurement.figures, ...Object.fromEntries(outcomes) } };
});

const making = Effect.gen(function* () {
  const { httpClient } = Vendor.make({});
  const run = (count: number) =>
    Effect.gen(function* () {
      for (let n = 0; n < count; n++) {
        yield* Effect.flatMap(
          Vendor.Simulated.make({
            ...Vendor.options,
            refresh: n % 2 === 0 ? RefreshPolicy.make() : RefreshPolicy.background(),
          }),
          ({ get }) => get,
        ).pipe(Effect.scoped);
      }
    }).pipe(Effect.provideService(HttpClient.HttpClient, httpClient));
  const each = sources / batches;
  yield* run(each);
  const before = process.getActiveResourcesInfo().length;
  const left = yield* growth(run(each));
  return atMost(
    ["heap bytes left a source", left / each, 1],
    ["active resources left", process.getActiveResourcesInfo().length - before, 0],
  );
});

export const goals: ReadonlyArray<Goal> = [
  { goal: "100,000 refreshes with all kinds of faults leak nothing", measure: refreshing },
  { goal: "100,000 sources made and closed leave nothing", measure: making },
];
