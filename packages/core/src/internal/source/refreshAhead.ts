/** Fetches the next token while the present one still serves. */
import * as Cause from "effect/Cause";
import * as Clock from "effect/Clock";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as Pull from "effect/Pull";
import * as Schedule from "effect/Schedule";
import type * as Scope from "effect/Scope";
import { hasSameValue } from "../../AccessToken.ts";
import type { RefreshPolicy } from "../../RefreshPolicy.ts";
import type { Cached, Entry } from "./cached.ts";
import * as Delays from "./delays.ts";
import { nanos } from "./refusals.ts";
import type { Token, TokenSource } from "./TokenSource.ts";

export interface RefreshAhead extends TokenSource {
  /** Returns the milliseconds until the present token is due for a refresh; `undefined` without a token. */
  readonly dueIn: () => number | undefined;
}

/** Milliseconds before the next refresh after the server gave the same token again. */
const unchangedPause = 30_000;

/** Age in milliseconds before which no token is refreshed ahead. */
const leastAge = 1000;

/** Milliseconds until the next refresh when a refresh died. */
const diedPause = 30_000;

/** Milliseconds between looks at whether a refusal is still remembered. */
const refusedPause = 1000;

/**
 * Makes a source whose callers never wait for a refresh while a token lives. The first caller after the
 * time for a refresh starts it. A failed refresh is logged and tried again after a growing pause.
 */
export const refreshAhead = Effect.fnUntraced(function* (
  cached: Cached,
  policy: RefreshPolicy,
  /** Whether a refresh would be answered by a remembered failure. */
  isRefused: () => boolean,
): Effect.fn.Return<RefreshAhead, never, Scope.Scope> {
  const clock = yield* Clock.Clock;
  const scope = yield* Effect.scope;
  const fork = Effect.runForkWith(yield* Effect.context<never>());
  const pauses = yield* Delays.make(policy.afterFailure);
  let known: Entry | undefined;
  /** The age in milliseconds at which the known token is refreshed. */
  let soft = Infinity;
  let pausedUntil = 0n;

  const pause = (millis: number) => {
    pausedUntil = clock.monotonicTimeNanosUnsafe() + nanos(millis);
  };
  const look = (entry: Entry) => {
    if (entry === known) return;
    known = entry;
    soft = Infinity;
    const draw = refreshAfter(policy, entry.token).pipe(
      Effect.map((drawn) => {
        const least = Math.min(leastAge, entry.hard / 4);
        // A policy may draw 0 or no number.
        if (known === entry) soft = Math.min(drawn > least ? drawn : least, entry.hard);
      }),
      Effect.catchCause((cause) =>
        Effect.logWarning("the schedule refreshAhead died; tokens are used to their end", cause),
      ),
    );
    Fiber.runIn(fork(draw), scope);
  };
  const refresh = (entry: Entry) => {
    const refreshed = cached.refresh(entry.token);
    if (refreshed === undefined) return;
    const outcome = Effect.matchEffect(refreshed, {
      onSuccess: (token) =>
        Effect.sync(() => {
          // A server that hands out the same token until it ends is not asked in a row.
          if (hasSameValue(token, entry.token)) pause(unchangedPause);
        }).pipe(Effect.andThen(pauses.reset)),
      onFailure: (error) =>
        Effect.flatMap(pauses.next(error), (delay) => {
          const asked = Math.min(error.retryAfter ?? 0, Duration.toMillis(policy.maxRetryAfter));
          const wait = Math.max(delay, asked);
          pause(wait);
          return Effect.logWarning(
            `${error.message}; the present token serves until ${end(entry)}, the next refresh is due in ${Math.ceil(wait / 1000)} s`,
          );
        }),
    });
    const settled = Effect.catchCause(outcome, (cause) => {
      if (Cause.hasInterruptsOnly(cause)) return Effect.void;
      pause(diedPause);
      return Effect.logWarning(
        `a refresh died; the present token serves until ${end(entry)}, the next refresh is due in ${diedPause / 1000} s`,
        cause,
      );
    });
    Fiber.runIn(fork(settled), scope);
  };
  return {
    getUnsafe: (previous) => {
      const entry = cached.peekUnsafe();
      if (entry === undefined || previous !== undefined) return cached.getUnsafe(previous);
      look(entry);
      const isDue = cached.lastAge() >= soft && clock.monotonicTimeNanosUnsafe() >= pausedUntil;
      if (isDue && !isRefused()) refresh(entry);
      return entry.exit;
    },
    invalidate: cached.invalidate,
    dueIn: () => {
      const entry = cached.peekUnsafe();
      if (entry === undefined) return undefined;
      look(entry);
      const paused = isRefused()
        ? refusedPause
        : Number(pausedUntil - clock.monotonicTimeNanosUnsafe()) / 1e6;
      const aged = cached.lastAge();
      return Math.max(0, Math.min(Math.max(soft - aged, paused), entry.hard - aged));
    },
  };
});

/** Returns when a token stops being handed out. No date can show the end of an endless token. */
const end = ({ token, hard }: Entry): string => {
  const at = token.issuedAt + hard;
  return at <= 8.64e15 ? new Date(at).toISOString() : "further notice";
};

/** Draws the age in milliseconds at which a token is refreshed; `Infinity` for not ahead of its end. */
const refreshAfter = Effect.fnUntraced(function* (policy: RefreshPolicy, token: Token) {
  const step = yield* Schedule.toStep(policy.refreshAhead);
  return yield* step(token.issuedAt, token).pipe(
    Effect.map(([, delay]) => Duration.toMillis(delay)),
    Pull.catchDone(() => Effect.succeed(Infinity)),
  );
});
