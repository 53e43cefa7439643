/** Acquisitions that a test scripts, and the life cycle of tokens over them. */
import * as RefreshPolicy from "@x/core/RefreshPolicy";
import * as TokenError from "@x/core/TokenError";
import * as TokenStore from "@x/core/TokenStore";
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import { background } from "../src/internal/source/background.ts";
import { memory } from "../src/internal/source/refusals.ts";
import { stack } from "../src/internal/source/stack.ts";
import type { Token } from "../src/internal/source/TokenSource.ts";
import { accessToken } from "./scripted.ts";

/** What an acquisition does instead of issuing the next token. */
export type Answer = TokenError.TokenError | "die" | undefined;

interface Issuer {
  readonly acquire: () => Effect.Effect<Token, TokenError.TokenError>;
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
  const acquire = () =>
    Effect.suspend(() => {
      const at = times.length;
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
  const made: Issuer = { acquire, count: () => times.length, times };
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

/** The life cycle of tokens over an acquisition, without retries. */
export const makeSource = Effect.fnUntraced(function* (options: {
  readonly acquire: () => Effect.Effect<Token, TokenError.TokenError>;
  readonly policy: RefreshPolicy.RefreshPolicy;
  readonly isUsable?: (token: Token) => boolean;
  readonly store?: TokenStore.TokenStore;
  readonly identity?: Effect.Effect<TokenStore.Identity, TokenError.TokenError>;
}) {
  const { policy, identity = Effect.succeed([["provider", "Acme"]]) } = options;
  const { source, cached, ahead } = yield* stack({
    provider: "Acme",
    acquire: { getUnsafe: () => options.acquire(), invalidate: () => Effect.succeed(false) },
    policy,
    credentials: yield* memory(policy, identity),
    store: options.store ?? (yield* TokenStore.TokenStore),
    identity,
    isUsable: options.isUsable ?? (() => true),
  });
  if (policy.mode === "background") yield* background(ahead);
  return {
    source,
    get: Effect.suspend(() => source.getUnsafe()),
    invalidate: source.invalidate,
    drop: cached.invalidate,
    peekUnsafe: () => cached.peekUnsafe()?.token,
  };
});

export type Source = Effect.Success<ReturnType<typeof makeSource>>;
