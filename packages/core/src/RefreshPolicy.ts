/**
 * When a token is refreshed, and how failures are answered.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration";
import * as Schedule from "effect/Schedule";
import type * as TokenError from "./TokenError.ts";

/**
 * The whole policy of one provider. Make one with `make`, which fills in the defaults.
 *
 * @since 0.1.0
 */
export interface RefreshPolicy {
  /**
   * Share of the lifetime after which a token is refreshed while callers still get it; each token
   * draws a moment between the two, so that a fleet does not refresh as one.
   *
   * @default { from: 0.5, to: 0.6 }
   */
  readonly refreshAhead: { readonly from: number; readonly to: number };
  /**
   * A token is not handed out any more when less than the smaller of the two is left of its life.
   *
   * @default { atMost: "60 seconds", share: 0.05 }
   */
  readonly margin: { readonly atMost: Duration.Duration; readonly share: number };
  /**
   * No token is used for longer, whatever the vendor says.
   *
   * @default "24 hours"
   */
  readonly maxLifetime: Duration.Duration;
  /**
   * Bounds of one acquisition: at most so many attempts, each with its own time-out, all within the
   * deadline, only for transient reasons, with these delays between them.
   *
   * @default { attempts: 3, timeout: "10 seconds", deadline: "30 seconds", delays: 200 ms doubling, jittered }
   */
  readonly acquisition: {
    readonly attempts: number;
    readonly timeout: Duration.Duration;
    readonly deadline: Duration.Duration;
    readonly delays: Delays;
  };
  /**
   * Pauses between refreshes that fail while the present token lives.
   *
   * @default 1 s doubling to 30 s, jittered
   */
  readonly afterFailure: Delays;
  /**
   * For how long callers without a token get the last failure without a request.
   *
   * @default "1 second"
   */
  readonly afterColdFailure: Duration.Duration;
  /**
   * Pauses after credentials were refused; meanwhile callers without a token get the refusal at once.
   *
   * @default 30 s doubling to 5 min; from 2 min for the password grant, against lock-outs
   */
  readonly afterRejection: Delays;
  /**
   * The longest `Retry-After` that is honoured.
   *
   * @default "60 seconds"
   */
  readonly maxRetryAfter: Duration.Duration;
}

/**
 * Delays as a schedule; when it ends, its last delay stays in force.
 *
 * @since 0.1.0
 */
export type Delays = Schedule.Schedule<unknown, TokenError.TokenError>;

/**
 * A policy with some values changed.
 *
 * @example
 * import * as Duration from "effect/Duration"
 * import * as RefreshPolicy from "@x/core/RefreshPolicy"
 *
 * const patient = RefreshPolicy.make({ afterColdFailure: Duration.seconds(5) })
 *
 * @since 0.1.0
 */
export const make = (changes?: Partial<RefreshPolicy>): RefreshPolicy => ({
  refreshAhead: { from: 0.5, to: 0.6 },
  margin: { atMost: Duration.seconds(60), share: 0.05 },
  maxLifetime: Duration.hours(24),
  acquisition: {
    attempts: 3,
    timeout: Duration.seconds(10),
    deadline: Duration.seconds(30),
    delays: doubling("200 millis", "5 seconds").pipe(Schedule.jittered),
  },
  afterFailure: doubling("1 second", "30 seconds").pipe(Schedule.jittered),
  afterColdFailure: Duration.seconds(1),
  afterRejection: doubling("30 seconds", "5 minutes"),
  maxRetryAfter: Duration.seconds(60),
  ...changes,
});

/**
 * A policy for the password grant: a refused password is not tried again for 2 min, because
 * accounts are locked after a few wrong ones.
 *
 * @since 0.1.0
 */
export const forPassword = (changes?: Partial<RefreshPolicy>): RefreshPolicy =>
  make({ afterRejection: doubling("2 minutes", "5 minutes"), ...changes });

const doubling = (from: Duration.Input, to: Duration.Input): Schedule.Schedule<unknown> =>
  Schedule.min([Schedule.exponential(from), Schedule.spaced(to)]);
