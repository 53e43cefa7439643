import * as Clock from "effect/Clock";
import * as Context from "effect/Context";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";

/**
 * Runs background work whose sleep does not keep the process alive.
 *
 * Replaces the default clock only, not a `TestClock` or a clock of the user's own.
 */
export const provide = <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.clockWith((clock) =>
    clock === Context.get(Context.empty(), Clock.Clock)
      ? Effect.provideService(self, Clock.Clock, idle(clock))
      : self,
  );

const idle = (clock: Clock.Clock): Clock.Clock => ({
  currentTimeMillisUnsafe: () => clock.currentTimeMillisUnsafe(),
  currentTimeMillis: clock.currentTimeMillis,
  currentTimeNanosUnsafe: () => clock.currentTimeNanosUnsafe(),
  currentTimeNanos: clock.currentTimeNanos,
  monotonicTimeNanosUnsafe: () => clock.monotonicTimeNanosUnsafe(),
  monotonicTimeNanos: clock.monotonicTimeNanos,
  sleep: (duration) => sleep(Duration.toMillis(duration)),
});

const sleep = (millis: number): Effect.Effect<void> =>
  Effect.callback((resume) => {
    const part = Math.min(millis, maxTimer);
    const timer = setTimeout(
      () => resume(millis > part ? sleep(millis - part) : Effect.void),
      part,
    ).unref();
    return Effect.sync(() => clearTimeout(timer));
  });

/** The longest time that `setTimeout` takes, in milliseconds. */
const maxTimer = 2_147_483_647;
