/**
 * Secrets that change without a restart: a value and the effect that reads it again.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect";
import * as Predicate from "effect/Predicate";
import * as Redacted from "effect/Redacted";
import type * as TokenError from "./TokenError.ts";

const TypeId = "~@x/core/Secret";

/**
 * A secret that is read for each token request. Several values are tried in their order, as while a
 * vendor accepts the old secret and the new one.
 *
 * @since 0.1.0
 */
export interface Secret {
  readonly [TypeId]: typeof TypeId;
  readonly read: Effect.Effect<ReadonlyArray<Redacted.Redacted>, TokenError.CredentialUnavailable>;
}

/**
 * Makes a secret from an effect, such as one that asks a secret manager. The effect runs for each
 * token request: cache its result where reading is slow.
 *
 * @example
 * const clientSecret = Secret.make(Effect.map(vault.read("acme"), Redacted.make))
 *
 * @since 0.1.0
 */
export const make = (
  read: Effect.Effect<
    Redacted.Redacted | ReadonlyArray<Redacted.Redacted>,
    TokenError.CredentialUnavailable
  >,
): Secret => ({
  [TypeId]: TypeId,
  read: Effect.map(read, (values) => (Redacted.isRedacted(values) ? [values] : values)),
});

/**
 * Tests whether a value is a `Secret`.
 *
 * @since 0.1.0
 */
export const isSecret = (value: unknown): value is Secret => Predicate.hasProperty(value, TypeId);
