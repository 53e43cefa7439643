/**
 * Secrets that change without a restart: an effect that reads the values of now.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect";
import * as Predicate from "effect/Predicate";
import * as Redacted from "effect/Redacted";
import * as TokenError from "./TokenError.ts";
import type { Learner } from "./TokenRequest.ts";

const TypeId = "~@x/core/Secret";

/**
 * A secret that is read for each token request. Several values are tried in their order, as while a
 * vendor accepts both the old secret and the new one.
 *
 * @since 0.1.0
 */
export interface Secret {
  readonly [TypeId]: typeof TypeId;
  readonly read: Effect.Effect<ReadonlyArray<Redacted.Redacted>, TokenError.CredentialUnavailable>;
}

/**
 * Makes a secret from an effect, such as a call of a secret manager. The effect runs for each token
 * request: cache its result if reading is slow.
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

/**
 * A secret in use: the value to send now, and what to do when the server refuses it.
 *
 * @since 0.1.0
 */
export interface Rotating {
  readonly current: Effect.Effect<Redacted.Redacted, TokenError.CredentialUnavailable>;
  /** Moves on to the next value after a refusal that blames this secret, once for each value. */
  readonly learner: Learner;
}

/**
 * Follows a secret through its rotation, for client authentications and grants of your own.
 *
 * `invalid_client` blames the client's secret, `invalid_grant` the grant's secret (RFC 6749 §5.2); any
 * other refusal of credentials blames both. After a refusal the secret is read
 * again, and its next value is tried in the same acquisition. A value that was accepted stays in use.
 *
 * @since 0.1.0
 */
export const rotating = (
  secret: Redacted.Redacted | Secret,
  proves: "client" | "grant",
): Rotating => {
  if (Redacted.isRedacted(secret)) {
    return { current: Effect.succeed(secret), learner: () => Effect.succeed(false) };
  }
  const other = proves === "client" ? "invalid_grant" : "invalid_client";
  /** The value in use, and how many were refused since one was accepted. */
  let inUse: string | undefined;
  let refusals = 0;
  const current = Effect.flatMap(secret.read, (values) => {
    const value = values.find((one) => Redacted.value(one) === inUse) ?? values[0];
    if (value === undefined) return Effect.fail(noValue);
    inUse = Redacted.value(value);
    return Effect.succeed(value);
  });
  return {
    current,
    learner: Effect.fnUntraced(function* ({ refusal }) {
      if (refusal === undefined) refusals = 0;
      if (refusal?._tag !== "CredentialsRejected" || refusal.error === other) return false;
      // A secret that cannot be read now leaves the refusal as it is.
      const values = yield* Effect.orElseSucceed(
        secret.read,
        (): ReadonlyArray<Redacted.Redacted> => [],
      );
      const texts = values.map(Redacted.value);
      const refused = inUse;
      // A ring: the vendor may also go back to the value before.
      inUse = texts[(texts.indexOf(refused ?? "") + 1) % texts.length];
      refusals++;
      if (inUse !== refused && refusals < Math.max(2, texts.length)) return true;
      refusals = 0;
      return false;
    }),
  };
};

const noValue = new TokenError.CredentialUnavailable({
  credential: "secret",
  problem: "its effect gave an empty list; give at least one value",
  isTransient: false,
});
