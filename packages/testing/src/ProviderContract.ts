/**
 * Tests that every provider passes, as values that any test runner can run.
 *
 * Layers, `Config` keys, required options and secrets follow from the service class and its options.
 *
 * ```ts
 * for (const { name, run } of ProviderContract.cases(subject)) it.live(name, () => run)
 * ```
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect";
import type * as Scope from "effect/Scope";
import { calls } from "./internal/contract/calls.ts";
import { options } from "./internal/contract/options.ts";
import { erase, type Subject } from "./internal/contract/subject.ts";
import { tokens } from "./internal/contract/tokens.ts";

export type { Service, Subject } from "./internal/contract/subject.ts";

/**
 * One test of the contract.
 *
 * @since 0.1.0
 */
export interface Case {
  readonly name: string;
  /** Starts its own emulator and fails if the provider breaks the contract. */
  readonly run: Effect.Effect<void, unknown, Scope.Scope>;
}

/**
 * Returns the tests of the contract; each one builds a new subject.
 *
 * @since 0.1.0
 */
export const cases = <Self, O extends object, R, K>(
  subject: Effect.Effect<Subject<Self, O, R, K>, unknown, Scope.Scope>,
): ReadonlyArray<Case> =>
  Object.entries({ ...tokens, ...calls, ...options }).map(([name, promise]) => ({
    name,
    run: Effect.flatMap(subject, (made) => promise(erase(made))),
  }));
