/** Remembers failures, so that callers get the same failure for a while without a request. */
import * as Clock from "effect/Clock";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Redacted from "effect/Redacted";
import type { RefreshPolicy } from "../../RefreshPolicy.ts";
import type * as TokenError from "../../TokenError.ts";
import type { Identity } from "../../TokenStore.ts";
import * as Delays from "./delays.ts";
import type { TokenSource } from "./TokenSource.ts";

/** The last failure, and until when it is the answer. */
export interface Memory {
  readonly recall: () => TokenError.TokenError | undefined;
  /** Whether a secret or certificate was replaced since the remembered refusal. It looks at most once a second. */
  readonly isOutdated: Effect.Effect<boolean>;
  readonly remember: (error: TokenError.TokenError) => Effect.Effect<void>;
  readonly forget: Effect.Effect<void>;
}

/**
 * Makes a memory that keeps refusals for growing pauses and all other failures for a short one. Neither
 * is shorter than the server's `Retry-After`, up to the policy's limit.
 */
export const memory = Effect.fnUntraced(function* (
  policy: RefreshPolicy,
  /** The account with its secrets and certificate as they are now. */
  identity: Effect.Effect<Identity, unknown>,
): Effect.fn.Return<Memory> {
  const clock = yield* Clock.Clock;
  const pauses = yield* Delays.make(policy.afterRejection);
  let last:
    | {
        readonly error: TokenError.TokenError;
        readonly until: bigint;
        readonly account: string | undefined;
      }
    | undefined;
  let lookAt = 0n;
  const account = Effect.match(identity, {
    onFailure: () => undefined,
    onSuccess: (entries) =>
      JSON.stringify(
        entries.map(([name, value]) => [
          name,
          Redacted.isRedacted(value) ? Redacted.value(value) : value,
        ]),
      ),
  });
  const later = (millis: number) => clock.monotonicTimeNanosUnsafe() + nanos(millis);
  return {
    recall: () =>
      last !== undefined && clock.monotonicTimeNanosUnsafe() < last.until ? last.error : undefined,
    isOutdated: Effect.suspend(() => {
      if (last?.account === undefined || clock.monotonicTimeNanosUnsafe() < lookAt) {
        return Effect.succeed(false);
      }
      lookAt = later(1000);
      return Effect.map(account, (now) => now !== undefined && now !== last?.account);
    }),
    remember: Effect.fnUntraced(function* (error) {
      const isRefused = isRefusal(error);
      const pause = isRefused
        ? yield* pauses.next(error)
        : Duration.toMillis(policy.afterColdFailure);
      const asked = Math.min(error.retryAfter ?? 0, Duration.toMillis(policy.maxRetryAfter));
      const until = later(Math.max(pause, asked));
      last = { error, until, account: isRefused ? yield* account : undefined };
      lookAt = later(1000);
    }),
    forget: Effect.suspend(() => {
      last = undefined;
      return pauses.reset;
    }),
  };
});

const isRefusal = ({ reason }: TokenError.TokenError): boolean =>
  reason._tag === "CredentialsRejected" || reason._tag === "RequestRejected";

/** Limits endless pauses to 30,000 years, because `bigint` has no infinity. */
export const nanos = (millis: number): bigint => BigInt(Math.round(Math.min(millis, 1e15) * 1e6));

export interface Refusals extends TokenSource {
  /** Whether the next answer is a remembered failure. */
  readonly isRemembering: () => boolean;
}

/**
 * Makes a source that answers from memory. All keys of an account share the memory of refused
 * credentials, but `invalid_grant` (RFC 6749 §5.2) blames what one key alone may have chosen.
 */
export const refusals = (
  inner: TokenSource,
  memories: { readonly credentials: Memory; readonly request: Memory },
): Refusals => {
  const { credentials, request } = memories;
  const recall = () => credentials.recall() ?? request.recall();
  const ask: TokenSource["getUnsafe"] = (previous) =>
    inner.getUnsafe(previous).pipe(
      Effect.tapError((error) =>
        error.reason._tag === "CredentialsRejected" && error.reason.error !== "invalid_grant"
          ? credentials.remember(error)
          : request.remember(error),
      ),
      Effect.tap(() => Effect.andThen(credentials.forget, request.forget)),
    );
  return {
    isRemembering: () => recall() !== undefined,
    getUnsafe: (previous) => {
      const remembered = recall();
      if (remembered === undefined) return ask(previous);
      const { isOutdated } = credentials.recall() === undefined ? request : credentials;
      return Effect.flatMap(isOutdated, (outdated) =>
        outdated ? ask(previous) : Effect.fail(remembered),
      );
    },
    invalidate: inner.invalidate,
  };
};
