/** Limits how often a refused token is replaced. */
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import type { TokenSource } from "./TokenSource.ts";

/**
 * Makes a source that drops at most `atOnce` refused tokens, then one every `every` milliseconds. So an
 * API that refuses every token costs few token requests.
 */
export const replacements = Effect.fnUntraced(function* (
  inner: TokenSource,
  { atOnce, every }: { readonly atOnce: number; readonly every: number },
): Effect.fn.Return<TokenSource> {
  const clock = yield* Clock.Clock;
  const now = () => Number(clock.monotonicTimeNanosUnsafe()) / 1e6;
  let left = atOnce;
  let filledAt = now();
  const fill = () => {
    const earned = Math.floor((now() - filledAt) / every);
    if (earned > 0) {
      left = Math.min(atOnce, left + earned);
      filledAt += earned * every;
    }
  };
  return {
    getUnsafe: inner.getUnsafe,
    invalidate: (token) =>
      Effect.suspend(() => {
        fill();
        if (left === 0) return Effect.succeed(false);
        // A full budget earns nothing: its time starts with the first replacement.
        if (left === atOnce) filledAt = now();
        // At once, so that a caller that gives up has used its share.
        left--;
        return Effect.tap(inner.invalidate(token), (dropped) =>
          Effect.sync(() => {
            if (!dropped) left = Math.min(atOnce, left + 1);
          }),
        );
      }),
  };
});
