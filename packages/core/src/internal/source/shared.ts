/** Takes tokens from a store that other processes share, and gives new ones to it. */
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import * as AccessToken from "../../AccessToken.ts";
import type * as TokenError from "../../TokenError.ts";
import type { Identity, TokenStore } from "../../TokenStore.ts";
import type { Token, TokenSource } from "./TokenSource.ts";

/** Milliseconds for one use of the store. */
const storeTime = 1000;

/** Limits the time of one use, because a store that hangs must not hold up a caller. */
const bounded = <A>(use: Effect.Effect<A>) => Effect.timeoutOption(use, storeTime);

/** Refused tokens that are known. */
const mostRefused = 16;

/**
 * Makes a source in front of which a store is asked. A stored token counts if it is usable, ends later
 * than the previous one, and was not refused here: another process may store a dropped token again.
 */
export const shared = (
  inner: TokenSource,
  store: TokenStore,
  options: {
    /** Read for each use, because secrets and certificates change. */
    readonly identity: Effect.Effect<Identity, TokenError.TokenError>;
    /** Whether a token may be handed out at a time in epoch milliseconds. */
    readonly isUsable: (token: Token, now: number) => boolean;
  },
): TokenSource => {
  let refused: ReadonlyArray<Token> = [];
  const isRefused = (token: Token) => refused.some((one) => AccessToken.hasSameValue(one, token));
  return {
    getUnsafe: Effect.fnUntraced(function* (previous) {
      const read = yield* Effect.option(options.identity);
      // Without its secret the acquisition fails, and says why.
      if (Option.isNone(read)) return yield* inner.getUnsafe(previous);
      const identity = read.value;
      const found = Option.getOrUndefined(yield* bounded(store.get(identity)));
      const now = yield* Clock.currentTimeMillis;
      if (
        found !== undefined &&
        options.isUsable(found, now) &&
        !isRefused(found) &&
        (previous === undefined || found.expiresAt > previous.token.expiresAt)
      ) {
        return found;
      }
      const token = yield* inner.getUnsafe(previous);
      yield* bounded(store.set(identity, token));
      return token;
    }),
    invalidate: (token) =>
      Effect.suspend(() => {
        refused = [token, ...refused].slice(0, mostRefused);
        return Effect.matchEffect(options.identity, {
          onFailure: () => Effect.void,
          onSuccess: (identity) => bounded(store.remove(identity, token)),
        });
      }).pipe(Effect.andThen(inner.invalidate(token))),
  };
};
