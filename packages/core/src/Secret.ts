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
  // A function hides what a printed effect would show, such as a constant value.
  read: Effect.suspend(() =>
    Effect.map(read, (values) => (Array.isArray(values) ? values : [values])),
  ),
});

/**
 * Tests whether a value is a `Secret`.
 *
 * @since 0.1.0
 */
export const isSecret = (value: unknown): value is Secret => Predicate.hasProperty(value, TypeId);

/**
 * A value to send, and what to do when the server refuses it.
 *
 * @since 0.1.0
 */
export interface Current {
  readonly value: Redacted.Redacted;
  /** Moves on to the next value after a refusal that blames this one. */
  readonly learner: Learner;
}

/**
 * Follows a secret through its rotation, for client authentications and grants of your own: run the
 * effect for each request, and add the learner to it.
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
): Effect.Effect<Current, TokenError.CredentialUnavailable> => {
  if (Redacted.isRedacted(secret)) {
    return Effect.succeed({ value: secret, learner: () => Effect.succeed(false) });
  }
  const other = proves === "client" ? "invalid_grant" : "invalid_client";
  let inUse: string | undefined;
  /** The values that were refused since one was accepted. */
  const refused = new Set<string>();

  const learner =
    (sent: string): Learner =>
    ({ refusal }) => {
      if (refusal === undefined) refused.clear();
      if (refusal?._tag !== "CredentialsRejected" || refusal.error === other) {
        return Effect.succeed(false);
      }
      return secret.read.pipe(
        // A secret that cannot be read now leaves the refusal as it is.
        Effect.orElseSucceed((): ReadonlyArray<Redacted.Redacted> => []),
        Effect.map((values) => {
          // Another request was refused before, and has moved on.
          if (inUse !== sent) return true;
          refused.add(sent);
          const texts = values.map(Redacted.value);
          // A ring: the vendor may also go back to the value before.
          const at = texts.indexOf(sent) + 1;
          const next = [...texts.slice(at), ...texts.slice(0, at)].find((one) => !refused.has(one));
          if (next !== undefined && refused.size < Math.max(2, texts.length)) {
            inUse = next;
            return true;
          }
          refused.clear();
          inUse = undefined;
          return false;
        }),
      );
    };
  return Effect.flatMap(secret.read, (values) => {
    const problem = problemOf(values);
    if (problem !== undefined) {
      return Effect.fail(
        new TokenError.CredentialUnavailable({ credential: "secret", problem, isTransient: false }),
      );
    }
    const value = values.find((one) => Redacted.value(one) === inUse) ?? values[0]!;
    inUse = Redacted.value(value);
    return Effect.succeed({ value, learner: learner(inUse) });
  });
};

const problemOf = (values: ReadonlyArray<unknown>): string | undefined => {
  if (values.length === 0) return "its effect gave an empty list; give at least one value";
  if (!values.every(Redacted.isRedacted)) return "its effect gave a value that is not Redacted";
  return values.some((value) => String(Redacted.value(value)).trim() === "")
    ? "its effect gave an empty text"
    : undefined;
};
