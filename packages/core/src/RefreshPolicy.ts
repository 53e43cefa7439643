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
import type { GrantType } from "./TokenRequest.ts";

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
  readonly refreshAhead: Schedule.Schedule<unknown, AccessToken>;
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
   * Pauses after the credentials or the request were refused, with an error code or a 401, or with the
   * password grant in any way; meanwhile callers without a token get the refusal at once.
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
 * The policy as it is for a grant: unless the user gave other pauses, a refused password is not
 * tried again for 2 min, because accounts are locked after a few wrong ones.
 *
 * @since 0.1.0
 */
export const forGrant = (policy: RefreshPolicy, grant: GrantType): RefreshPolicy =>
  grant === "password" && policy.afterRejection === standardPauses
    ? { ...policy, afterRejection: doubling("2 minutes", "5 minutes") }
    : policy;

/**
 * A moment between two shares of each token's lifetime, drawn for each token, so that a fleet does
 * not refresh as one.
 *
 * @since 0.1.0
 */
export const share = (from: number, to: number): Schedule.Schedule<unknown, AccessToken> =>
  Schedule.forever.pipe(
    Schedule.setInputType<AccessToken>(),
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
 * What cannot work in a policy, by the name of the option.
 *
 * @since 0.1.0
 */
export const check = (policy: RefreshPolicy): Effect.Effect<void, TokenError.OptionInvalid> =>
  Effect.gen(function* () {
    const { acquisition, margin } = policy;
    const durations = {
      "refresh.margin.atMost": margin.atMost,
      "refresh.afterColdFailure": policy.afterColdFailure,
      "refresh.maxRetryAfter": policy.maxRetryAfter,
    };
    for (const [option, duration] of Object.entries(durations)) {
      if (!(Duration.toMillis(duration) >= 0)) return yield* invalid(option, "is negative");
    }
    const positive = {
      "refresh.maxLifetime": policy.maxLifetime,
      "refresh.acquisition.timeout": acquisition.timeout,
      "refresh.acquisition.deadline": acquisition.deadline,
    };
    for (const [option, duration] of Object.entries(positive)) {
      if (!(Duration.toMillis(duration) > 0))
        return yield* invalid(option, "is not longer than nothing");
    }
    if (!(margin.share >= 0 && margin.share < 1)) {
      return yield* invalid(
        "refresh.margin.share",
        "is not from 0 to below 1, so no token could be used",
      );
    }
    if (!(Number.isInteger(acquisition.attempts) && acquisition.attempts >= 1)) {
      return yield* invalid("refresh.acquisition.attempts", "is not a whole number from 1");
    }
    const schedules = {
      "refresh.acquisition.delays": acquisition.delays,
      "refresh.afterFailure": policy.afterFailure,
      "refresh.afterRejection": policy.afterRejection,
    };
    for (const [option, schedule] of Object.entries(schedules)) {
      const step = yield* Schedule.toStep(schedule);
      const first = yield* Effect.exit(step(0, sample));
      if (Exit.isFailure(first)) return yield* invalid(option, "ends before its first delay");
    }
  });

const invalid = (option: string, problem: string) =>
  Effect.fail(new TokenError.OptionInvalid({ option, problem }));

const sample = new TokenError.TokenError({
  provider: "",
  reason: new TokenError.ServerUnavailable({ problem: "connection" }),
});
