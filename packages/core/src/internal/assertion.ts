/** Makes the claims of an assertion (RFC 7523 §3) by the server's clock. */
import * as Clock from "effect/Clock";
import * as SecureRandom from "effect/crypto/SecureRandom";
import * as Effect from "effect/Effect";
import * as Base64Url from "effect/encoding/Base64Url";
import * as TokenError from "../TokenError.ts";
import type { Learner } from "../TokenRequest.ts";
import { serverTime } from "./httpDate.ts";

/** The time for one assertion, and what its answer tells about the server's clock. */
export interface Reading {
  /** The present by the server's clock, in epoch milliseconds. */
  readonly now: number;
  /** Takes over the time of the server's `Date` after a permanent refusal, when this time was off by more than 5 s. */
  readonly correct: Learner;
  /** Names the difference in the error when a corrected assertion is refused too. */
  readonly explain: Learner;
}

/** Difference in milliseconds that servers forgive. */
const leeway = 5000;

/** Milliseconds for which an unconfirmed correction is tried: the time of one acquisition. */
const trial = 20_000;

/** Follows the server's clock, as its answers show it, starting from ours. Run the effect for each assertion. */
export const serverClock = (): Effect.Effect<Reading> => {
  let confirmed = 0;
  let tried: { readonly skew: number; readonly until: number } | undefined;

  const confirm = (skew: number): Effect.Effect<false> => {
    if (tried?.skew === skew) tried = undefined;
    if (skew === confirmed) return Effect.succeed(false);
    confirmed = skew;
    return Effect.as(
      Effect.logWarning(
        `our clock is off by ${Math.round(skew / 1000)} s against the authorization server's; assertions are corrected by that`,
      ),
      false,
    );
  };
  return Effect.map(Clock.currentTimeMillis, (ours) => {
    const skew = tried !== undefined && ours < tried.until ? tried.skew : confirmed;
    return {
      now: ours + skew,
      // Servers give the same answer for a wrong key and a wrong clock: only another assertion can tell.
      correct: ({ at, headers, refusal }) =>
        Effect.suspend(() => {
          if (refusal === undefined) return confirm(skew);
          if (TokenError.isTransient(refusal)) return Effect.succeed(false);
          const measured = (serverTime(headers) ?? at) - at;
          if (Math.abs(measured - skew) <= leeway) return Effect.succeed(false);
          tried = { skew: measured, until: at + trial };
          return Effect.succeed(true);
        }),
      explain: ({ refusal }) =>
        refusal?._tag === "CredentialsRejected" && Math.abs(skew) > leeway
          ? Effect.fail(new TokenError.CredentialsRejected({ ...refusal, clockSkew: skew }))
          : Effect.succeed(false),
    };
  });
};

/** Makes claims for the time `now`: `iat` is 5 s back, `exp` 60 s ahead, `jti` has 128 random bits. */
export const claims = (options: {
  readonly issuer: string;
  readonly subject: string;
  readonly audience: string;
  readonly extra: Readonly<Record<string, unknown>> | undefined;
  /** Epoch milliseconds. */
  readonly now: number;
}): Readonly<Record<string, unknown>> => {
  const now = Math.floor(options.now / 1000);
  return {
    ...options.extra,
    iss: options.issuer,
    sub: options.subject,
    aud: options.audience,
    iat: now - 5,
    exp: now + 60,
    jti: Base64Url.encode(SecureRandom.randomBytesUnsafe(16)),
  };
};
