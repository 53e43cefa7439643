import * as Effect from "effect/Effect";
import * as Queue from "effect/Queue";
import * as Schedule from "effect/Schedule";
import type * as Scope from "effect/Scope";
import * as Stream from "effect/Stream";
import * as Fs from "node:fs";
import * as Path from "node:path";
import * as FilePlaces from "./filePlaces.ts";

/**
 * Says when files may have changed: 250 ms after the last of a burst of events, and every 30 s for
 * file systems that tell of no changes.
 *
 * Changes from the moment on that this effect is done are seen. The watchers end with the scope and
 * keep no process alive; `FileSystem.watch` would.
 */
export const make = (
  paths: ReadonlyArray<string>,
): Effect.Effect<Stream.Stream<void>, never, Scope.Scope> =>
  Effect.gen(function* () {
    const events = yield* Queue.sliding<void>(1);
    const watchers = yield* Effect.acquireRelease(
      Effect.sync(() => new Watchers(() => void Queue.offerUnsafe(events, undefined))),
      (watchers) => Effect.sync(() => watchers.close()),
    );
    const follow = Effect.promise(async () => watchers.follow(await FilePlaces.find(paths)));
    yield* follow;
    return Stream.fromQueue(events).pipe(
      Stream.debounce(quiet),
      Stream.merge(Stream.fromSchedule(Schedule.spaced(pollInterval))),
      // Before the files are read, so that nothing is missed after the reading.
      Stream.mapEffect(() => follow),
    );
  });

const quiet = "250 millis";
const pollInterval = "30 seconds";

interface Watcher {
  readonly watcher: Fs.FSWatcher;
  names: ReadonlySet<string>;
}

class Watchers {
  readonly #watchers = new Map<string, Watcher>();
  readonly #report: () => void;
  #isClosed = false;

  constructor(report: () => void) {
    this.#report = report;
  }

  follow(places: FilePlaces.Places): void {
    if (this.#isClosed) return;
    for (const directory of this.#watchers.keys()) {
      if (!places.has(directory)) this.#forget(directory);
    }
    for (const [directory, names] of places) {
      const known = this.#watchers.get(directory);
      if (known === undefined) this.#watch(directory, names);
      else known.names = names;
    }
  }

  close(): void {
    this.#isClosed = true;
    for (const directory of this.#watchers.keys()) this.#forget(directory);
  }

  #watch(directory: string, names: ReadonlySet<string>): void {
    try {
      const watcher = Fs.watch(directory, { persistent: false }, (_, name) =>
        this.#changed(directory, name),
      );
      watcher.on("error", () => this.#forget(directory));
      this.#watchers.set(directory, { watcher, names });
    } catch {
      // The directory is gone, or the system has no watcher left: the poll remains.
    }
  }

  #changed(directory: string, name: string | null): void {
    // The directory itself was moved or removed, and with it went this watcher's.
    const isItself = name === Path.basename(directory);
    if (isItself) this.#forget(directory);
    if (isItself || name === null || this.#watchers.get(directory)?.names.has(name) === true) {
      this.#report();
    }
  }

  #forget(directory: string): void {
    this.#watchers.get(directory)?.watcher.close();
    this.#watchers.delete(directory);
  }
}
