/** What a goal is: a name, and a measurement that says whether it was reached. */
import type * as Effect from "effect/Effect";
import type * as Scope from "effect/Scope";

export interface Measurement {
  /** Figures by name; units are part of the name. */
  readonly figures: Readonly<Record<string, number | string>>;
  /** What was missed; empty when the goal is reached. */
  readonly missed: ReadonlyArray<string>;
}

export interface Goal {
  readonly goal: string;
  readonly measure: Effect.Effect<Measurement, unknown, Scope.Scope>;
}

/** Names the limits that figures break: `[figure, value, limit]`, where the value may be at most the limit. */
export const atMost = (
  ...limits: ReadonlyArray<readonly [figure: string, value: number, limit: number]>
): Measurement => ({
  figures: Object.fromEntries(limits.map(([figure, value]) => [figure, value])),
  missed: limits
    // Written so that NaN is a miss too.
    .filter(([, value, limit]) => !(value <= limit))
    .map(([figure, value, limit]) => `${figure} is ${value}, limit ${limit}`),
});
