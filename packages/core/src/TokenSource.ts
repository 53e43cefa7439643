/**
 * The token in memory: cached, fetched once for all callers, refreshed ahead of its end.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause";
import * as Clock from "effect/Clock";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Fiber from "effect/Fiber";
import * as Option from "effect/Option";
import * as Pull from "effect/Pull";
import * as Random from "effect/Random";
import * as Schedule from "effect/Schedule";
import * as Scope from "effect/Scope";
import * as AccessToken from "./AccessToken.ts";
import type * as RefreshPolicy from "./RefreshPolicy.ts";
import * as TokenError from "./TokenError.ts";

/**
 * Hands out the current token.
 *
 * @since 0.1.0
 */
export interface TokenSource {
  /**
   * The current token: from memory while it lives, otherwise from one acquisition that all callers
   * share. A caller that leaves neither stops nor restarts it.
   */
  readonly get: Effect.Effect<AccessToken.AccessToken, TokenError.TokenError>;
  /**
   * Drops exactly this token, so that the next `get` fetches another; nothing happens if another
   * is current already, or if this one is held after `hold`.
   */
  readonly invalidate: (token: AccessToken.AccessToken) => Effect.Effect<void>;
  /** The current token if it lives, without fetching one. */
  readonly peekUnsafe: () => AccessToken.AccessToken | undefined;
  /**
   * Keeps this token, which the API refused as soon as it was fetched, for 30 s: another one would
   * be refused too.
   */
  readonly hold: (token: AccessToken.AccessToken) => Effect.Effect<void>;
}

/**
 * A source over an acquisition. Its fibers run in the context and scope in which it is made, not in
 * those of callers.
 *
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function* (options: {
  readonly acquire: Effect.Effect<AccessToken.AccessToken, TokenError.TokenError>;
  readonly policy: RefreshPolicy.RefreshPolicy;
  /** Whether a living token may still be used, such as while its certificate is in use. */
  readonly isUsable?: ((token: AccessToken.AccessToken) => boolean) | undefined;
}): Effect.fn.Return<TokenSource, never, Scope.Scope> {
  const { policy, isUsable = () => true } = options;
  const clock = yield* Clock.Clock;
  const scope = yield* Effect.scope;
  const fork = Effect.runForkWith(yield* Effect.context<never>());
  const afterFailure = yield* delays(policy.afterFailure);
  const afterRejection = yield* delays(policy.afterRejection);

  let entry: Entry | undefined;
  let flight: Fiber.Fiber<AccessToken.AccessToken, TokenError.TokenError> | undefined;
  let pause: Pause | undefined;
  let heldUntil = 0n;

  const living = (now: number, monotonicNow: bigint): Entry | undefined =>
    entry !== undefined &&
    now < entry.hardAt &&
    monotonicNow < entry.monotonicHardAt &&
    isUsable(entry.token)
      ? entry
      : undefined;

  const keep = Effect.fnUntraced(function* (token: AccessToken.AccessToken) {
    const unchanged = entry !== undefined && AccessToken.hasSameValue(entry.token, token);
    entry = toEntry(token, policy, {
      // A server that hands out the same token until it dies gains nothing from being asked early.
      refreshShare: unchanged
        ? 1
        : yield* Random.nextBetween(policy.refreshAhead.from, policy.refreshAhead.to),
      monotonicNow: clock.monotonicTimeNanosUnsafe(),
      now: clock.currentTimeMillisUnsafe(),
    });
    pause = undefined;
    yield* afterFailure.reset;
    yield* afterRejection.reset;
  });

  const holdOff = Effect.fnUntraced(function* (error: TokenError.TokenError) {
    const rejected = error.reason._tag === "CredentialsRejected";
    const delay = yield* (rejected ? afterRejection : afterFailure).next(error);
    const asked = Math.min(error.retryAfter ?? 0, Duration.toMillis(policy.maxRetryAfter));
    const cold = rejected ? delay : Duration.toMillis(policy.afterColdFailure);
    const now = clock.monotonicTimeNanosUnsafe();
    pause = {
      error: Exit.fail(error),
      until: now + nanos(Math.max(delay, asked)),
      coldUntil: now + nanos(Math.max(cold, asked)),
    };
  });

  const land = (exit: Exit.Exit<AccessToken.AccessToken, TokenError.TokenError>) =>
    Effect.ensuring(
      Exit.match(exit, {
        onSuccess: keep,
        onFailure: (cause) =>
          Option.match(Cause.findErrorOption(cause), {
            onNone: () => Effect.void,
            onSome: holdOff,
          }),
      }),
      Effect.sync(() => {
        flight = undefined;
      }),
    );

  const take = () => {
    const fiber = fork(Effect.onExit(options.acquire, land));
    Fiber.runIn(fiber, scope);
    if (fiber.pollUnsafe() === undefined) flight = fiber;
    return fiber;
  };

  const get = Effect.suspend(() => {
    const now = clock.currentTimeMillisUnsafe();
    const monotonicNow = clock.monotonicTimeNanosUnsafe();
    const current = living(now, monotonicNow);
    if (current !== undefined) {
      const due = now >= current.softAt || monotonicNow >= current.monotonicSoftAt;
      if (due && flight === undefined && (pause === undefined || monotonicNow >= pause.until))
        take();
      return current.exit;
    }
    if (flight !== undefined) return Fiber.join(flight);
    if (pause !== undefined && monotonicNow < pause.coldUntil) return pause.error;
    return Fiber.join(take());
  });

  const isCurrent = (token: AccessToken.AccessToken) =>
    entry !== undefined && AccessToken.hasSameValue(entry.token, token);

  return {
    get,
    invalidate: (token) =>
      Effect.sync(() => {
        if (isCurrent(token) && clock.monotonicTimeNanosUnsafe() >= heldUntil) entry = undefined;
      }),
    peekUnsafe: () =>
      living(clock.currentTimeMillisUnsafe(), clock.monotonicTimeNanosUnsafe())?.token,
    hold: (token) =>
      Effect.sync(() => {
        const now = clock.monotonicTimeNanosUnsafe();
        // A hold is not prolonged by those who run into it, or a busy client would never try again.
        if (isCurrent(token) && now >= heldUntil) heldUntil = now + nanos(30_000);
      }),
  };
});

interface Entry {
  readonly token: AccessToken.AccessToken;
  readonly exit: Exit.Exit<AccessToken.AccessToken>;
  /** Epoch milliseconds, and the same on the monotonic clock: a token lives while both say so. */
  readonly softAt: number;
  readonly hardAt: number;
  readonly monotonicSoftAt: bigint;
  readonly monotonicHardAt: bigint;
}

interface Pause {
  readonly error: Exit.Exit<never, TokenError.TokenError>;
  /** Monotonic nanoseconds before which nothing is sent while a token lives, and while none does. */
  readonly until: bigint;
  readonly coldUntil: bigint;
}

const toEntry = (
  token: AccessToken.AccessToken,
  policy: RefreshPolicy.RefreshPolicy,
  at: { readonly now: number; readonly monotonicNow: bigint; readonly refreshShare: number },
): Entry => {
  const lifetime = token.expiresAt - token.issuedAt;
  const margin = Math.min(Duration.toMillis(policy.margin.atMost), lifetime * policy.margin.share);
  const hard = lifetime - margin;
  const soft = Math.min(hard, lifetime * at.refreshShare);
  // Of a token from another process only the wall clock knows the age; it is never less than 0.
  const issuedAt =
    token.monotonicIssuedAt ?? at.monotonicNow - nanos(Math.max(0, at.now - token.issuedAt));
  return {
    token,
    exit: Exit.succeed(token),
    softAt: token.issuedAt + soft,
    hardAt: token.issuedAt + hard,
    monotonicSoftAt: issuedAt + nanos(soft),
    monotonicHardAt: issuedAt + nanos(hard),
  };
};

/** An unbounded policy has infinite durations; a `bigint` has none, and 30,000 years do. */
const nanos = (millis: number): bigint => BigInt(Math.round(Math.min(millis, 1e15) * 1e6));

/** Walks a schedule of delays, one delay in milliseconds a failure, and stays at its last one. */
const delays = Effect.fnUntraced(function* (schedule: RefreshPolicy.Delays) {
  let step = yield* Schedule.toStep(schedule);
  let last = 0;
  return {
    next: (error: TokenError.TokenError) =>
      Clock.currentTimeMillis.pipe(
        Effect.flatMap((now) => step(now, error)),
        Effect.map(([, delay]) => {
          last = Duration.toMillis(delay);
          return last;
        }),
        Pull.catchDone(() => Effect.succeed(last)),
      ),
    reset: Effect.map(Schedule.toStep(schedule), (fresh) => {
      step = fresh;
      last = 0;
    }),
  };
});
