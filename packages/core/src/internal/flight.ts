/** One run at a time of what many ask for. */
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import type * as Scope from "effect/Scope";

/** The run that is under way, if one is. */
export interface Flight<A, E> {
  readonly current: () => Fiber.Fiber<A, E> | undefined;
  /** Starts a run, which becomes the current one until it has landed. Ask for the current one first. */
  readonly start: (run: Effect.Effect<A, E>) => Fiber.Fiber<A, E>;
}

/** Runs live in the context and scope in which this is made, not in those of the callers who start them. */
export const make = Effect.fnUntraced(function* <A, E>(): Effect.fn.Return<
  Flight<A, E>,
  never,
  Scope.Scope
> {
  const scope = yield* Effect.scope;
  const fork = Effect.runForkWith(yield* Effect.context<never>());
  let current: Fiber.Fiber<A, E> | undefined;
  let landed = 0;
  const land = Effect.sync(() => {
    current = undefined;
    landed++;
  });
  return {
    current: () => current,
    start: (run) => {
      const before = landed;
      const fiber = fork(Effect.ensuring(run, land));
      Fiber.runIn(fiber, scope);
      // A run that waits for nothing has landed by now, whether or not its fiber has ended.
      if (landed === before) current = fiber;
      return fiber;
    },
  };
});
