/** Acquisitions that a test scripts, for `TokenSource`. */
import * as TokenError from "@x/core/TokenError";
import type { AccessToken } from "@x/core/AccessToken";
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import { accessToken } from "./scripted.ts";

/** What an acquisition does instead of issuing the next token. */
export type Answer = TokenError.TokenError | "die" | undefined;

interface Issuer {
  readonly acquire: (attempts: number) => Effect.Effect<AccessToken, TokenError.TokenError>;
  /** How many attempts each was allowed. */
  readonly attempts: ReadonlyArray<number>;
  /** How many acquisitions were begun. */
  readonly count: () => number;
  /** When they were begun, in epoch milliseconds. */
  readonly times: ReadonlyArray<number>;
}

/** Issues `token-0`, `token-1` and so on, each counted from the moment of asking. */
export const issuer = Effect.fnUntraced(function* (options: {
  /** @default 3,600,000 ms */
  readonly lifetime?: number;
  /** @default 0 ms */
  readonly latency?: number;
  /** By number; tokens where it says nothing. */
  readonly answers?: ReadonlyArray<Answer>;
  readonly always?: Answer;
  /** The value of each token. @default a new one each time */
  readonly value?: string;
}) {
  const clock = yield* Clock.Clock;
  const times: Array<number> = [];
  const { lifetime = 3_600_000, latency = 0, answers = [], always } = options;
  const attempts: Array<number> = [];
  const acquire = (allowed: number) =>
    Effect.suspend(() => {
      const at = times.length;
      attempts.push(allowed);
      const issuedAt = clock.currentTimeMillisUnsafe();
      times.push(issuedAt);
      const answer = at < answers.length ? answers[at] : always;
      const token = accessToken(options.value ?? `token-${at}`, {
        issuedAt,
        monotonicIssuedAt: clock.monotonicTimeNanosUnsafe(),
        expiresAt: issuedAt + lifetime,
      });
      const outcome =
        answer === "die"
          ? Effect.die("scripted")
          : answer === undefined
            ? Effect.succeed(token)
            : Effect.fail(answer);
      return latency === 0 ? outcome : Effect.andThen(Effect.sleep(latency), outcome);
    });
  const made: Issuer = { acquire, attempts, count: () => times.length, times };
  return made;
});

export const rejected = new TokenError.TokenError({
  provider: "Acme",
  reason: new TokenError.CredentialsRejected({ status: 401 }),
});

export const unavailable = (
  fields: { readonly status?: number; readonly retryAfter?: number } = {},
): TokenError.TokenError =>
  new TokenError.TokenError({
    provider: "Acme",
    reason: new TokenError.ServerUnavailable({ problem: "status", status: 503, ...fields }),
  });
