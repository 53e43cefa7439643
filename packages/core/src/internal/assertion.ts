/** Makes the claims of an assertion (RFC 7523 §3) by the server's clock. */
import * as Clock from "effect/Clock";
import * as SecureRandom from "effect/crypto/SecureRandom";
import * as Effect from "effect/Effect";
import * as Base64Url from "effect/encoding/Base64Url";
import * as TokenError from "../TokenError.ts";
import type { Answered, Learner } from "../TokenRequest.ts";
import { serverTime } from "./httpDate.ts";

/** The server's clock, as its answers have shown it. */
export interface ServerClock {
  /** The present by the server's clock, in epoch milliseconds. */
  readonly now: Effect.Effect<number>;
  /** Takes over the time of the server's `Date` after a permanent refusal, when our clock is off by more than 5 s. */
  readonly correct: Learner;
  /** Names the difference in the error when a corrected assertion is refused too. */
  readonly explain: Learner;
}

/** Difference in milliseconds that servers forgive. */
const leeway = 5000;

/** Milliseconds for which an unconfirmed correction is tried: the time of one acquisition. */
const trial = 20_000;

/** Makes a clock that starts as ours. */
export const clock = (): ServerClock => {
  let confirmed = 0;
  let tried: { readonly skew: number; readonly until: number } | undefined;
  const skewAt = (now: number) =>
    tried !== undefined && now < tried.until ? tried.skew : confirmed;
  return {
    now: Effect.map(Clock.currentTimeMillis, (now) => now + skewAt(now)),
    // Servers give the same answer for a wrong key and a wrong clock: only another assertion can tell.
    correct: ({ at, headers, refusal }) =>
      Effect.suspend(() => {
        if (refusal === undefined) return confirm(at);
        if (TokenError.isTransient(refusal)) return Effect.succeed(false);
        const measured = (serverTime(headers) ?? at) - at;
        if (Math.abs(measured - skewAt(at)) <= leeway) return Effect.succeed(false);
        tried = { skew: measured, until: at + trial };
        return Effect.succeed(true);
      }),
    explain: ({ at, refusal }: Answered) =>
      Effect.suspend(() =>
        refusal?._tag === "CredentialsRejected" && Math.abs(skewAt(at)) > leeway
          ? Effect.fail(new TokenError.CredentialsRejected({ ...refusal, clockSkew: skewAt(at) }))
          : Effect.succeed(false),
      ),
  };

  function confirm(at: number): Effect.Effect<false> {
    const skew = skewAt(at);
    const isNew = tried !== undefined && skew !== confirmed;
    tried = undefined;
    confirmed = skew;
    return isNew
      ? Effect.as(
          Effect.logWarning(
            `our clock is off by ${Math.round(skew / 1000)} s against the authorization server's; assertions are corrected by that`,
          ),
          false,
        )
      : Effect.succeed(false);
  }
};

/** Makes claims for the present: `iat` is 5 s back, `exp` 60 s ahead, `jti` has 128 random bits. */
export const claims = (options: {
  readonly issuer: string;
  readonly subject: string;
  readonly audience: string;
  readonly extra: Readonly<Record<string, unknown>> | undefined;
  readonly clock: ServerClock;
}): Effect.Effect<Readonly<Record<string, unknown>>> =>
  Effect.map(options.clock.now, (millis) => {
    const now = Math.floor(millis / 1000);
    return {
      ...options.extra,
      iss: options.issuer,
      sub: options.subject,
      aud: options.audience,
      iat: now - 5,
      exp: now + 60,
      jti: Base64Url.encode(SecureRandom.randomBytesUnsafe(16)),
    };
  });
