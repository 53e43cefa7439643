/** Remembers failures, so that callers get the same failure for a while without a request. */
import * as Clock from "effect/Clock";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import type { RefreshPolicy } from "../../RefreshPolicy.ts";
import type * as TokenError from "../../TokenError.ts";
import * as Delays from "./delays.ts";
import type { TokenSource } from "./TokenSource.ts";

/** The last failure, and until when it is the answer. */
export interface Memory {
  readonly recall: () => TokenError.TokenError | undefined;
  readonly remember: (error: TokenError.TokenError) => Effect.Effect<void>;
  readonly forget: Effect.Effect<void>;
}

/**
 * Makes a memory that keeps refusals for growing pauses and all other failures for a short one. Neither
 * is shorter than the server's `Retry-After`, up to the policy's limit.
 */
export const memory = Effect.fnUntraced(function* (
  policy: RefreshPolicy,
): Effect.fn.Return<Memory> {
  const clock = yield* Clock.Clock;
  const pauses = yield* Delays.make(policy.afterRejection);
  let last: { readonly error: TokenError.TokenError; readonly until: bigint } | undefined;
  return {
    recall: () =>
      last !== undefined && clock.monotonicTimeNanosUnsafe() < last.until ? last.error : undefined,
    remember: (error) =>
      Effect.map(
        isRefusal(error)
          ? pauses.next(error)
          : Effect.succeed(Duration.toMillis(policy.afterColdFailure)),
        (pause) => {
          const asked = Math.min(error.retryAfter ?? 0, Duration.toMillis(policy.maxRetryAfter));
          const until = clock.monotonicTimeNanosUnsafe() + nanos(Math.max(pause, asked));
          last = { error, until };
        },
      ),
    forget: Effect.suspend(() => {
      last = undefined;
      return pauses.reset;
    }),
  };
});

const isRefusal = ({ reason }: TokenError.TokenError): boolean =>
  reason._tag === "CredentialsRejected" || reason._tag === "RequestRejected";

/** Limits endless pauses to 30,000 years, because `bigint` has no infinity. */
const nanos = (millis: number): bigint => BigInt(Math.round(Math.min(millis, 1e15) * 1e6));

export interface Refusals extends TokenSource {
  /** Whether the next answer is a remembered failure. */
  readonly isRemembering: () => boolean;
}

/** Makes a source that answers from memory. All keys of an account share the memory of refused credentials. */
export const refusals = (
  inner: TokenSource,
  memories: { readonly credentials: Memory; readonly request: Memory },
): Refusals => {
  const { credentials, request } = memories;
  const recall = () => credentials.recall() ?? request.recall();
  return {
    isRemembering: () => recall() !== undefined,
    getUnsafe: (previous) => {
      const remembered = recall();
      if (remembered !== undefined) return Effect.fail(remembered);
      return inner.getUnsafe(previous).pipe(
        Effect.tapError((error) =>
          error.reason._tag === "CredentialsRejected"
            ? credentials.remember(error)
            : request.remember(error),
        ),
        Effect.tap(() => Effect.andThen(credentials.forget, request.forget)),
      );
    },
    invalidate: inner.invalidate,
  };
};
