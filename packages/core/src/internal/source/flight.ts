/** Runs an effect once for all who ask for it at the same time. */
import * as Clock from "effect/Clock";
import * as Deferred from "effect/Deferred";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import type * as Scope from "effect/Scope";

/** The run that is under way, if one is. */
export interface Flight<A, E> {
  /** Waits for the run that is under way. */
  readonly current: () => Effect.Effect<A, E> | undefined;
  /** Starts a run, which becomes the current one until it has landed. Ask for the current one first. */
  readonly start: (run: Effect.Effect<A, E>) => Effect.Effect<A, E>;
}

/**
 * Makes a flight whose runs live in the context and scope in which it is made, not in those of callers.
 *
 * A run that has not landed after `limit` milliseconds is abandoned: its callers get the error, and the
 * next caller starts another. So a run that never goes on, as of a Worker whose request has ended,
 * blocks nobody.
 */
export const make = Effect.fnUntraced(function* <A, E>(options: {
  readonly limit: number;
  readonly abandoned: E;
}): Effect.fn.Return<Flight<A, E>, never, Scope.Scope> {
  const scope = yield* Effect.scope;
  const fork = Effect.runForkWith(yield* Effect.context<never>());
  const clock = yield* Clock.Clock;
  let current:
    | { readonly landed: Deferred.Deferred<A, E>; readonly since: bigint; readonly end: () => void }
    | undefined;
  const limit = BigInt(Math.round(Math.min(options.limit, 1e12))) * 1_000_000n;

  return {
    current: () => {
      if (current === undefined) return undefined;
      if (clock.monotonicTimeNanosUnsafe() - current.since > limit) {
        current.end();
        return undefined;
      }
      return Deferred.await(current.landed);
    },
    start: (run) => {
      const landed = Deferred.makeUnsafe<A, E>();
      let isOver = false;
      const land = () => {
        isOver = true;
        if (current?.landed === landed) current = undefined;
      };
      const flying = fork(
        Effect.onExit(run, (exit) => {
          land();
          return Deferred.done(landed, exit);
        }),
      );
      Fiber.runIn(flying, scope);
      // A synchronous run has landed by now.
      if (!isOver) {
        const end = () => {
          land();
          Deferred.doneUnsafe(landed, Effect.fail(options.abandoned));
          flying.interruptUnsafe();
        };
        current = { landed, since: clock.monotonicTimeNanosUnsafe(), end };
        const watch = fork(
          Effect.andThen(
            Effect.sleep(options.limit),
            Effect.sync(() => (isOver ? undefined : end())),
          ),
        );
        Fiber.runIn(watch, scope);
        flying.addObserver(() => watch.interruptUnsafe());
      }
      return Deferred.await(landed);
    },
  };
});
