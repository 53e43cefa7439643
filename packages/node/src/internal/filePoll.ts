import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Schedule from "effect/Schedule";
import * as Stream from "effect/Stream";
import * as FileStamps from "./fileStamps.ts";

/**
 * Emits when files may have changed: by their stamps, and every 30 s whatever the stamps say.
 *
 * It compares with the stamps of the moment at which this effect runs, so read the files after it.
 */
export const make = (
  paths: ReadonlyArray<string>,
  pollInterval: Duration.Input = "2 seconds",
): Effect.Effect<Stream.Stream<unknown>> =>
  Effect.gen(function* () {
    const look = Effect.map(FileStamps.read(paths), ({ text }) => text);
    let known = yield* look;
    const hasChanged = Effect.gen(function* () {
      let found = yield* look;
      if (found === known) return false;
      // Whoever replaces a pair writes several files: wait until they stay as they are, 1 s at most.
      for (let tries = 4; tries > 0; tries -= 1) {
        yield* Effect.sleep(quiet);
        const later = yield* look;
        if (later === found) break;
        found = later;
      }
      known = found;
      return true;
    });
    return Stream.merge(
      Stream.filterEffect(Stream.fromSchedule(Schedule.spaced(pollInterval)), () => hasChanged),
      // For file systems with coarse or cached times, and for a certificate that becomes valid.
      Stream.fromSchedule(Schedule.spaced(readInterval)),
    );
  });

const quiet = "250 millis";
const readInterval = "30 seconds";
