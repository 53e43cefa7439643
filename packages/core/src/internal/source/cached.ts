/** Keeps the current token and fetches one for all callers at once. */
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import type * as Scope from "effect/Scope";
import { hasSameValue } from "../../AccessToken.ts";
import type * as TokenError from "../../TokenError.ts";
import { age, monotonicIssue } from "./age.ts";
import * as Flight from "./flight.ts";
import type { Token, TokenSource } from "./TokenSource.ts";

export interface Entry {
  readonly token: Token;
  readonly exit: Exit.Exit<Token>;
  readonly monotonicIssuedAt: bigint;
  /** The age in milliseconds from which it is not handed out. */
  readonly hard: number;
}

export interface Cached extends TokenSource {
  /** The current token, if it may be handed out now. */
  readonly peekUnsafe: () => Entry | undefined;
  /** The age of the token that `peekUnsafe` has just returned, in milliseconds. */
  readonly lastAge: () => number;
  /** Fetches another token while the present one serves, unless a fetch is under way. */
  readonly refresh: (present: Token) => Effect.Effect<Token, TokenError.TokenError> | undefined;
}

/** Makes the memory of one process. Its acquisitions live in the scope in which it is made. */
export const cached = Effect.fnUntraced(function* (
  inner: TokenSource,
  options: {
    /** The age in milliseconds from which a token is not handed out. */
    readonly limit: (token: Token) => number;
    /** Whether a living token may be used, such as while its certificate is in use. */
    readonly isUsable: (token: Token) => boolean;
    /** Milliseconds after which an acquisition is abandoned, and the error for its callers. */
    readonly flight: { readonly limit: number; readonly abandoned: TokenError.TokenError };
  },
): Effect.fn.Return<Cached, never, Scope.Scope> {
  const clock = yield* Clock.Clock;
  const flight = yield* Flight.make<Token, TokenError.TokenError>(options.flight);
  let entry: Entry | undefined;
  let lastAge = 0;

  const peekUnsafe = (): Entry | undefined => {
    if (entry === undefined) return undefined;
    lastAge = age(entry.token, entry.monotonicIssuedAt, clock);
    return lastAge < entry.hard && options.isUsable(entry.token) ? entry : undefined;
  };
  const keep = (token: Token) =>
    Effect.sync(() => {
      entry = {
        token,
        exit: Exit.succeed(token),
        monotonicIssuedAt: monotonicIssue(token, clock),
        hard: options.limit(token),
      };
    });
  const start = (previous?: Parameters<TokenSource["getUnsafe"]>[0]) =>
    flight.start(
      Effect.tap(
        Effect.suspend(() => inner.getUnsafe(previous)),
        keep,
      ),
    );
  return {
    getUnsafe: (previous) => {
      const current = peekUnsafe();
      if (
        current !== undefined &&
        (previous === undefined || !hasSameValue(current.token, previous.token))
      ) {
        return current.exit;
      }
      return flight.current() ?? start(previous);
    },
    invalidate: (token) =>
      Effect.suspend(() => {
        if (entry === undefined || !hasSameValue(entry.token, token)) return Effect.succeed(false);
        entry = undefined;
        return Effect.as(inner.invalidate(token), true);
      }),
    peekUnsafe,
    lastAge: () => lastAge,
    refresh: (present) =>
      flight.current() === undefined ? start({ token: present, serves: true }) : undefined,
  };
});
