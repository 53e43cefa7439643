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
    const follow = Effect.promise(async () => {
      // What changes before a new watcher looks at it tells nobody, so look again after each new one.
      for (let tries = 8; tries > 0; tries -= 1) {
        if (!watchers.follow(await FilePlaces.find(paths))) break;
      }
    });
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
  /** A watcher stays with its directory when another one takes the path. */
  readonly identity: string | undefined;
  names: ReadonlySet<string>;
}

/** Tells directories apart that follow each other at one path. */
const identify = (directory: string): string | undefined => {
  try {
    const { dev, ino } = Fs.statSync(directory, { bigint: true });
    return `${dev}:${ino}`;
  } catch {
    return undefined;
  }
};

class Watchers {
  readonly #watchers = new Map<string, Watcher>();
  readonly #report: () => void;
  #isClosed = false;

  constructor(report: () => void) {
    this.#report = report;
  }

  /** Watches these places and no others; whether any of them is watched anew. */
  follow(places: FilePlaces.Places): boolean {
    if (this.#isClosed) return false;
    for (const [directory, { identity }] of this.#watchers) {
      if (!places.has(directory) || identity !== identify(directory)) this.#forget(directory);
    }
    let isAnyNew = false;
    for (const [directory, names] of places) {
      const known = this.#watchers.get(directory);
      if (known === undefined) isAnyNew = this.#watch(directory, names) || isAnyNew;
      else known.names = names;
    }
    return isAnyNew;
  }

  close(): void {
    this.#isClosed = true;
    for (const directory of this.#watchers.keys()) this.#forget(directory);
  }

  #watch(directory: string, names: ReadonlySet<string>): boolean {
    // Before, so that a watcher is at worst taken for older than it is.
    const identity = identify(directory);
    try {
      const watcher = Fs.watch(directory, { persistent: false }, (_, name) =>
        this.#changed(directory, name),
      );
      watcher.on("error", () => this.#forget(directory));
      this.#watchers.set(directory, { watcher, identity, names });
      return true;
    } catch {
      // The directory is gone or not to be read, or the system has no watcher left: the poll remains.
      return false;
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
