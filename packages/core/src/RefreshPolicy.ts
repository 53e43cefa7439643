/**
 * When a token is refreshed, and how failures are answered: values that a user changes one by one.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Random from "effect/Random";
import * as Schedule from "effect/Schedule";
import type { AccessToken } from "./AccessToken.ts";
import * as TokenError from "./TokenError.ts";

/**
 * The whole policy of one provider. Make one with `make` or `background`, which fill in the
 * defaults.
 *
 * @since 0.1.0
 */
export interface RefreshPolicy {
  /**
   * `"onDemand"`: the first caller after the time for it starts the refresh, and nobody waits for it;
   * there is no timer, and no traffic while nobody calls. `"background"`: a fiber in the layer's scope
   * fetches the first token when the layer is built and refreshes from then on.
   *
   * @default "onDemand"
   */
  readonly mode: "onDemand" | "background";
  /**
   * How long after its issue a token is refreshed while callers still get it; a schedule that ends
   * leaves the token until its hard limit.
   *
   * @default share(0.5, 0.6)
   */
  readonly refreshAhead: Schedule.Schedule<unknown, AccessToken<unknown>>;
  /**
   * Tokens expire early by the smaller of `atMost` and `share` × lifetime.
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
   * Bounds of one acquisition for callers that wait: at most so many attempts, each with its own
   * time-out, all within the deadline, only after transient reasons, with these delays between them.
   * A refresh ahead makes one attempt, and `afterFailure` says when it is due again.
   *
   * @default { attempts: 3, timeout: "10 seconds", deadline: "30 seconds", delays: 200 ms doubling to 5 s, jittered }
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
   * Pauses after the credentials or the request were refused; meanwhile callers without a token get
   * the refusal at once.
   *
   * @default 30 s doubling to 5 min; from 2 min for the password grant, which can lock the account
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
  mode: "onDemand",
  refreshAhead: share(0.5, 0.6),
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
  afterRejection: standardPauses,
  maxRetryAfter: Duration.seconds(60),
  ...changes,
});

/**
 * A policy whose tokens are fetched and refreshed without a caller, as long as the layer lives.
 *
 * @since 0.1.0
 */
export const background = (changes?: Partial<RefreshPolicy>): RefreshPolicy =>
  make({ mode: "background", ...changes });

/**
 * Adapts the policy to a grant: where refusals can lock the account, the first pause is 2 min, unless
 * the user gave other pauses.
 *
 * @since 0.1.0
 */
export const forGrant = (
  policy: RefreshPolicy,
  grant: { readonly mayLockOut: boolean },
): RefreshPolicy =>
  grant.mayLockOut && policy.afterRejection === standardPauses
    ? { ...policy, afterRejection: doubling("2 minutes", "5 minutes") }
    : policy;

/**
 * A moment between two shares of each token's lifetime, drawn for each token, so that a fleet does
 * not refresh as one.
 *
 * @since 0.1.0
 */
export const share = (from: number, to: number): Schedule.Schedule<unknown, AccessToken<unknown>> =>
  Schedule.forever.pipe(
    Schedule.setInputType<AccessToken<unknown>>(),
    Schedule.modifyDelay(({ input }) =>
      Effect.map(Random.nextBetween(from, to), (drawn) =>
        Duration.millis((input.expiresAt - input.issuedAt) * drawn),
      ),
    ),
  );

const doubling = (from: Duration.Input, to: Duration.Input): Schedule.Schedule<unknown> =>
  Schedule.min([Schedule.exponential(from), Schedule.spaced(to)]);

const standardPauses = doubling("30 seconds", "5 minutes");

/**
 * Checks a policy. Fails with `OptionInvalid`, which names every value that cannot work.
 *
 * @since 0.1.0
 */
export const check = Effect.fnUntraced(function* (
  policy: RefreshPolicy,
): Effect.fn.Return<void, TokenError.OptionInvalid> {
  const { acquisition, margin } = policy;
  const problems: Array<typeof TokenError.OptionProblem.Type> = [];
  const demand = (holds: boolean, option: string, problem: string) => {
    if (!holds) problems.push({ option: `refresh.${option}`, problem });
  };
  demand(Duration.toMillis(margin.atMost) >= 0, "margin.atMost", "is negative");
  demand(Duration.toMillis(policy.afterColdFailure) >= 0, "afterColdFailure", "is negative");
  demand(Duration.toMillis(policy.maxRetryAfter) >= 0, "maxRetryAfter", "is negative");
  const positive = "must be greater than zero";
  demand(Duration.toMillis(policy.maxLifetime) > 0, "maxLifetime", positive);
  demand(Duration.toMillis(acquisition.timeout) > 0, "acquisition.timeout", positive);
  demand(Duration.toMillis(acquisition.deadline) > 0, "acquisition.deadline", positive);
  demand(
    margin.share >= 0 && margin.share < 1,
    "margin.share",
    "must be at least 0 and less than 1, or no token could be used",
  );
  demand(
    Number.isInteger(acquisition.attempts) && acquisition.attempts >= 1,
    "acquisition.attempts",
    "must be a whole number of at least 1",
  );
  const schedules = {
    "acquisition.delays": acquisition.delays,
    afterFailure: policy.afterFailure,
    afterRejection: policy.afterRejection,
  };
  for (const [option, schedule] of Object.entries(schedules)) {
    const step = yield* Schedule.toStep(schedule);
    const first = yield* Effect.exit(step(0, sample));
    demand(Exit.isSuccess(first), option, "ends before its first delay");
  }
  const [problem, ...others] = problems;
  if (problem !== undefined) {
    return yield* new TokenError.OptionInvalid({ problems: [problem, ...others] });
  }
});

const sample = new TokenError.TokenError({
  provider: "",
  reason: new TokenError.ServerUnavailable({ problem: "connection" }),
});
