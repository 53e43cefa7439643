/** Tries again after passing faults, within a deadline. */
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Schedule from "effect/Schedule";
import type { RefreshPolicy } from "../../RefreshPolicy.ts";
import * as TokenError from "../../TokenError.ts";
import type { Token, TokenSource } from "./TokenSource.ts";

/** Milliseconds after a failed acquisition in which each further acquisition has one attempt. */
const probing = 10_000;

/**
 * Makes a source over single attempts. It tries again after transient reasons, never before
 * `Retry-After`, and fails at once when the server asks for more than the policy's limit. A refresh has
 * one attempt, because its callers have a token. So has an acquisition soon after a failed one: it
 * probes whether the server is back.
 */
export const retrying = (
  attempt: Effect.Effect<Token, TokenError.TokenError>,
  policy: RefreshPolicy,
  provider: string,
  span: <A, E>(effect: Effect.Effect<A, E>) => Effect.Effect<A, E>,
): TokenSource => {
  const { deadline, attempts } = policy.acquisition;
  let probingUntil = 0;
  const acquire = (attempts: number) =>
    attempt.pipe(
      Effect.retry(again(policy, attempts)),
      Effect.timeoutOrElse({
        duration: deadline,
        orElse: () =>
          Effect.fail(
            new TokenError.TokenError({
              provider,
              reason: new TokenError.ServerUnavailable({ problem: "timeout" }),
            }),
          ),
      }),
    );
  return {
    getUnsafe: (previous) =>
      Effect.clockWith((clock) => {
        const now = () => Number(clock.monotonicTimeNanosUnsafe()) / 1e6;
        const isProbe = previous?.serves === true || now() < probingUntil;
        return Effect.onExit(acquire(isProbe ? 1 : attempts), (exit) =>
          Effect.sync(() => {
            if (exit._tag === "Success") probingUntil = 0;
            else if (previous?.serves !== true) probingUntil = now() + probing;
          }),
        );
      }).pipe(span),
    invalidate: () => Effect.succeed(false),
  };
};

/** Returns the delays between attempts. They end when the next attempt would start after the deadline. */
const again = ({ acquisition, maxRetryAfter }: RefreshPolicy, attempts: number) =>
  acquisition.delays.pipe(
    Schedule.modifyDelay(({ input, duration }) =>
      Effect.succeed(Duration.max(duration, Duration.millis(input.retryAfter ?? 0))),
    ),
    Schedule.while(
      ({ input, attempt, duration, elapsed }) =>
        input.isTransient &&
        attempt < attempts &&
        Duration.isLessThanOrEqualTo(Duration.millis(input.retryAfter ?? 0), maxRetryAfter) &&
        elapsed + Duration.toMillis(duration) < Duration.toMillis(acquisition.deadline),
    ),
  );
