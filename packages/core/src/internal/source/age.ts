/** Tells a token's age by the larger of two clocks: the wall clock can be set back, the other stops in a suspend. */
import type * as Clock from "effect/Clock";
import type { Token } from "./TokenSource.ts";

/** Returns when a token was asked for, in nanoseconds of the monotonic clock. */
export const monotonicIssue = (token: Token, clock: Clock.Clock): bigint =>
  token.monotonicIssuedAt ??
  // Only the wall clock knows the age of another process's token.
  clock.monotonicTimeNanosUnsafe() -
    BigInt(Math.max(0, Math.round((clock.currentTimeMillisUnsafe() - token.issuedAt) * 1e6)));

/** Returns the milliseconds since a token was asked for. */
export const age = (token: Token, monotonicIssuedAt: bigint, clock: Clock.Clock): number =>
  Math.max(
    clock.currentTimeMillisUnsafe() - token.issuedAt,
    Number(clock.monotonicTimeNanosUnsafe() - monotonicIssuedAt) / 1e6,
  );
