/** Walks a schedule of delays, one for each failure, and stays at the last delay. */
import * as Clock from "effect/Clock";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Pull from "effect/Pull";
import * as Schedule from "effect/Schedule";
import type * as TokenError from "../../TokenError.ts";

export interface Delays {
  /** Returns the milliseconds until the next attempt. */
  readonly next: (error: TokenError.TokenError) => Effect.Effect<number>;
  /** Starts again after a success. */
  readonly reset: Effect.Effect<void>;
}

export const make = Effect.fnUntraced(function* (
  schedule: Schedule.Schedule<unknown, TokenError.TokenError>,
): Effect.fn.Return<Delays> {
  let step = yield* Schedule.toStep(schedule);
  let last = 0;
  return {
    next: (error) =>
      Clock.currentTimeMillis.pipe(
        Effect.flatMap((now) => step(now, error)),
        Effect.map(([, delay]) => {
          last = Duration.toMillis(delay);
          return last;
        }),
        Pull.catchDone(() => Effect.succeed(last)),
      ),
    reset: Effect.map(Schedule.toStep(schedule), (fresh) => {
      step = fresh;
      last = 0;
    }),
  };
});
