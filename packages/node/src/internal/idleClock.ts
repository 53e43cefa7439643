import * as Clock from "effect/Clock";
import * as Context from "effect/Context";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";

/**
 * Runs work that only waits, such as a watch: its sleep does not keep the process alive.
 *
 * Any clock but the default one, such as a `TestClock`, is left as it is.
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

/** The longest that `setTimeout` takes, in milliseconds. */
const maxTimer = 2_147_483_647;
