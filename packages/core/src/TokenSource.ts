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
import * as Schedule from "effect/Schedule";
import type * as Scope from "effect/Scope";
import * as AccessToken from "./AccessToken.ts";
import * as Flight from "./internal/flight.ts";
import type * as RefreshPolicy from "./RefreshPolicy.ts";
import type * as TokenError from "./TokenError.ts";
import type { GrantType } from "./TokenRequest.ts";

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
   * Drops exactly this token, so that the next `get` fetches another. Nothing happens if another is
   * current already, or if this one was itself fetched after an `invalidate` less than 30 s ago and
   * no API has accepted it since, or one has refused it: another would be refused too.
   */
  readonly invalidate: (token: AccessToken.AccessToken) => Effect.Effect<void>;
  /** Drops exactly this token in any case, as when it was revoked. */
  readonly drop: (token: AccessToken.AccessToken) => Effect.Effect<void>;
  /** The current token if it lives, without fetching one. */
  readonly peekUnsafe: () => AccessToken.AccessToken | undefined;
  /** Notes that an API has accepted this token. */
  readonly acceptedUnsafe: (token: AccessToken.AccessToken) => void;
  /**
   * Notes that an API has refused this token, which was fetched because another one was refused: for
   * 30 s `invalidate` does nothing, whatever else accepts the token.
   */
  readonly refusedUnsafe: (token: AccessToken.AccessToken) => void;
}

/**
 * A source over an acquisition. Its fibers run in the context and scope in which it is made, not in
 * those of callers.
 *
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function* (options: {
  /** Acquires a token in at most so many attempts. */
  readonly acquire: (
    attempts: number,
  ) => Effect.Effect<AccessToken.AccessToken, TokenError.TokenError>;
  readonly policy: RefreshPolicy.RefreshPolicy;
  /** With the password grant any refusal is remembered, as accounts are locked after a few. */
  readonly grant?: GrantType | undefined;
  /** Whether a living token may still be used, such as while its certificate is in use. */
  readonly isUsable?: ((token: AccessToken.AccessToken) => boolean) | undefined;
}): Effect.fn.Return<TokenSource, never, Scope.Scope> {
  const { policy, isUsable = () => true } = options;
  const clock = yield* Clock.Clock;
  const flight = yield* Flight.make<AccessToken.AccessToken, TokenError.TokenError>();
  const afterFailure = yield* delays(policy.afterFailure);
  const afterRejection = yield* delays(policy.afterRejection);

  let entry: Entry | undefined;
  let pause: Pause | undefined;
  let isForced = false;
  let heldUntil = 0n;

  const living = (now: number, monotonicNow: bigint): Entry | undefined =>
    entry !== undefined &&
    now < entry.hardAt &&
    monotonicNow < entry.monotonicHardAt &&
    isUsable(entry.token)
      ? entry
      : undefined;

  const entryOf = (token: AccessToken.AccessToken): Entry | undefined =>
    entry !== undefined && AccessToken.hasSameValue(entry.token, token) ? entry : undefined;

  const keep = Effect.fnUntraced(function* (token: AccessToken.AccessToken) {
    const unchanged = entryOf(token) !== undefined;
    entry = toEntry(token, policy, {
      // A server that hands out the same token until it is about to die is not asked in a row.
      refreshAfter: Math.max(
        unchanged ? clock.currentTimeMillisUnsafe() - token.issuedAt + 30_000 : 0,
        yield* refreshAfter(policy, token),
      ),
      monotonicNow: clock.monotonicTimeNanosUnsafe(),
      now: clock.currentTimeMillisUnsafe(),
      isForced,
    });
    isForced = false;
    pause = undefined;
    yield* afterFailure.reset;
    yield* afterRejection.reset;
  });

  const holdOff = Effect.fnUntraced(function* (error: TokenError.TokenError) {
    const isRejection = isRemembered(error.reason, options.grant);
    const delay = yield* (isRejection ? afterRejection : afterFailure).next(error);
    const asked = Math.min(error.retryAfter ?? 0, Duration.toMillis(policy.maxRetryAfter));
    const cold = isRejection ? delay : Duration.toMillis(policy.afterColdFailure);
    const now = clock.monotonicTimeNanosUnsafe();
    pause = {
      error: Exit.fail(error),
      until: now + nanos(Math.max(delay, asked)),
      coldUntil: now + nanos(Math.max(cold, asked)),
    };
    const current = living(clock.currentTimeMillisUnsafe(), now);
    if (current !== undefined) {
      yield* Effect.logWarning(
        `${error.message}; the present token serves until ${new Date(current.hardAt).toISOString()}, the next refresh is due in ${Math.ceil(Math.max(delay, asked) / 1000)} s`,
      );
    }
  });

  const take = (attempts: number) =>
    flight.start(
      Effect.onExit(
        options.acquire(attempts),
        Exit.match({
          onSuccess: keep,
          onFailure: (cause) =>
            Option.match(Cause.findErrorOption(cause), {
              onNone: () => Effect.void,
              onSome: holdOff,
            }),
        }),
      ),
    );

  const get = Effect.suspend(() => {
    const now = clock.currentTimeMillisUnsafe();
    const monotonicNow = clock.monotonicTimeNanosUnsafe();
    const current = living(now, monotonicNow);
    const underWay = flight.current();
    if (current !== undefined) {
      const isDue = now >= current.softAt || monotonicNow >= current.monotonicSoftAt;
      if (isDue && underWay === undefined && (pause === undefined || monotonicNow >= pause.until)) {
        take(1);
      }
      return current.exit;
    }
    if (underWay !== undefined) return Fiber.join(underWay);
    if (pause === undefined) return Fiber.join(take(policy.acquisition.attempts));
    if (monotonicNow < pause.coldUntil) return pause.error;
    // While callers come and the server stays away, each acquisition is a probe of one attempt.
    const isProbe = monotonicNow < pause.coldUntil + patience;
    return Fiber.join(take(isProbe ? 1 : policy.acquisition.attempts));
  });

  if (policy.mode === "background") {
    const rest = Effect.suspend(() => {
      const now = clock.currentTimeMillisUnsafe();
      const monotonicNow = clock.monotonicTimeNanosUnsafe();
      return Effect.sleep(untilNext(living(now, monotonicNow), pause, now, monotonicNow));
    });
    yield* Effect.exit(get).pipe(Effect.andThen(rest), Effect.forever, Effect.forkScoped);
  }

  return {
    get,
    invalidate: (token) =>
      Effect.sync(() => {
        const current = entryOf(token);
        const now = clock.monotonicTimeNanosUnsafe();
        if (current === undefined || now < current.heldUntil || now < heldUntil) return;
        entry = undefined;
        isForced = true;
      }),
    drop: (token) =>
      Effect.sync(() => {
        if (entryOf(token) !== undefined) entry = undefined;
      }),
    peekUnsafe: () =>
      living(clock.currentTimeMillisUnsafe(), clock.monotonicTimeNanosUnsafe())?.token,
    acceptedUnsafe: (token) => {
      if (entry?.token === token) entry.heldUntil = 0n;
    },
    refusedUnsafe: (token) => {
      const now = clock.monotonicTimeNanosUnsafe();
      if (entry?.token === token && now < entry.newUntil) heldUntil = now + hold;
    },
  };
});

/** Whether a refusal is the authorization server's own, and no passing page of a gateway before it. */
const isRemembered = (reason: TokenError.Reason, grant: GrantType | undefined): boolean =>
  reason._tag === "CredentialsRejected" ||
  (reason._tag === "RequestRejected" && (grant === "password" || reason.error !== undefined));

interface Entry {
  readonly token: AccessToken.AccessToken;
  readonly exit: Exit.Exit<AccessToken.AccessToken>;
  /** Epoch milliseconds, and the same on the monotonic clock: a token lives while both say so. */
  readonly softAt: number;
  readonly hardAt: number;
  readonly monotonicSoftAt: bigint;
  readonly monotonicHardAt: bigint;
  /** Until when, on the monotonic clock, a token counts as new that replaced a refused one. */
  readonly newUntil: bigint;
  /** Until when such a token is not replaced itself. */
  heldUntil: bigint;
}

interface Pause {
  readonly error: Exit.Exit<never, TokenError.TokenError>;
  /** Monotonic nanoseconds before which nothing is sent while a token lives, and while none does. */
  readonly until: bigint;
  readonly coldUntil: bigint;
}

/** An unbounded policy has infinite durations; a `bigint` has none, and 30,000 years do. */
const nanos = (millis: number): bigint => BigInt(Math.round(Math.min(millis, 1e15) * 1e6));

const hold = nanos(30_000);

const patience = nanos(10_000);

const toEntry = (
  token: AccessToken.AccessToken,
  policy: RefreshPolicy.RefreshPolicy,
  at: {
    readonly now: number;
    readonly monotonicNow: bigint;
    readonly refreshAfter: number;
    readonly isForced: boolean;
  },
): Entry => {
  const lifetime = token.expiresAt - token.issuedAt;
  const margin = Math.min(Duration.toMillis(policy.margin.atMost), lifetime * policy.margin.share);
  const hard = lifetime - margin;
  const soft = Math.min(hard, at.refreshAfter);
  // Of a token from another process only the wall clock knows the age; it is never less than 0.
  const issuedAt =
    token.monotonicIssuedAt ?? at.monotonicNow - nanos(Math.max(0, at.now - token.issuedAt));
  const newUntil = at.isForced ? at.monotonicNow + hold : 0n;
  return {
    token,
    exit: Exit.succeed(token),
    softAt: token.issuedAt + soft,
    hardAt: token.issuedAt + hard,
    monotonicSoftAt: issuedAt + nanos(soft),
    monotonicHardAt: issuedAt + nanos(hard),
    newUntil,
    heldUntil: newUntil,
  };
};

/** Milliseconds after a token's issue at which it is refreshed; `Infinity` for never ahead of its end. */
const refreshAfter = Effect.fnUntraced(function* (
  policy: RefreshPolicy.RefreshPolicy,
  token: AccessToken.AccessToken,
) {
  const step = yield* Schedule.toStep(policy.refreshAhead);
  return yield* step(token.issuedAt, token).pipe(
    Effect.map(([, delay]) => Duration.toMillis(delay)),
    Pull.catchDone(() => Effect.succeed(Infinity)),
  );
});

/** How long the background fiber sleeps: until something is due, and never in a tight loop. */
const untilNext = (
  current: Entry | undefined,
  pause: Pause | undefined,
  now: number,
  monotonicNow: bigint,
): Duration.Duration => {
  const left = (until: bigint) => Duration.nanos(until > monotonicNow ? until - monotonicNow : 0n);
  if (current === undefined) {
    return pause === undefined
      ? // What came was not to be kept: it is no use without a caller.
        Duration.seconds(30)
      : Duration.max(Duration.seconds(1), left(pause.coldUntil));
  }
  return Duration.max(
    // Tokens that live for less than twice this are fetched by their callers.
    Duration.max(Duration.millis(200), left(pause?.until ?? 0n)),
    // The wall clock can be ahead of the other, after a suspend or a jump.
    Duration.min(left(current.monotonicSoftAt), Duration.millis(Math.max(0, current.softAt - now))),
  );
};

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
