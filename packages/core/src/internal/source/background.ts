/** Fetches and refreshes without a caller. */
import * as Cause from "effect/Cause";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import type * as Scope from "effect/Scope";
import type * as TokenError from "../../TokenError.ts";
import type { RefreshAhead } from "./refreshAhead.ts";

/** Shortest pauses in milliseconds: with a token, without one, and after an acquisition that died or whose token could not be kept. */
const times = { living: 200, missing: 1000, unkept: 30_000 };

/** Keeps a token current while the scope is open, and warns of failures while there is none. */
export const background = Effect.fnUntraced(function* (
  source: RefreshAhead,
): Effect.fn.Return<void, never, Scope.Scope> {
  let reported: TokenError.TokenError | undefined;
  const look = Effect.matchCauseEffect(
    Effect.suspend(() => source.getUnsafe()),
    {
      onSuccess: () =>
        Effect.sync(() => {
          reported = undefined;
          return source.dueIn() ?? times.unkept;
        }),
      onFailure: (cause) => {
        const failure = cause.reasons.find((reason) => reason._tag === "Fail");
        // The scope closes.
        if (Cause.hasInterruptsOnly(cause)) return Effect.succeed(times.missing);
        if (failure === undefined) {
          return Effect.as(
            Effect.logWarning(
              `an acquisition died; no token yet, the next attempt is due in ${times.unkept / 1000} s`,
              cause,
            ),
            times.unkept,
          );
        }
        if (failure.error === reported) return Effect.succeed(times.missing);
        reported = failure.error;
        return Effect.as(
          Effect.logWarning(
            `${failure.error.message}; no token yet, the next attempt is due in ${times.missing / 1000} s`,
          ),
          times.missing,
        );
      },
    },
  );
  yield* look.pipe(
    Effect.flatMap((wait) => Effect.sleep(Duration.millis(Math.max(times.living, wait)))),
    Effect.forever,
    Effect.forkScoped,
  );
});
