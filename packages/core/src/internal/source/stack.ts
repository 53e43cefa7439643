/** Stacks the decorators of the token's life cycle on an acquisition, in their order. */
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import type * as Scope from "effect/Scope";
import type { RefreshPolicy } from "../../RefreshPolicy.ts";
import * as TokenError from "../../TokenError.ts";
import type { Identity, TokenStore } from "../../TokenStore.ts";
import { type Cached, cached } from "./cached.ts";
import { type RefreshAhead, refreshAhead } from "./refreshAhead.ts";
import { memory, type Memory, refusals } from "./refusals.ts";
import { replacements } from "./replacements.ts";
import { shared } from "./shared.ts";
import type { Token, TokenSource } from "./TokenSource.ts";

export interface Stack {
  readonly source: TokenSource;
  readonly cached: Cached;
  readonly ahead: RefreshAhead;
}

/** After a 401: tokens that are replaced at once, and milliseconds for each further one. */
const budget = { atOnce: 2, every: 30_000 };

/** Milliseconds after its deadline at which an acquisition is abandoned. */
const grace = 1000;

export const stack = Effect.fnUntraced(function* (options: {
  readonly provider: string;
  readonly acquire: TokenSource;
  readonly policy: RefreshPolicy;
  /** Refused credentials, which all keys of an account share. */
  readonly credentials: Memory;
  readonly store: TokenStore | undefined;
  readonly identity: Effect.Effect<Identity, TokenError.TokenError>;
  /** Whether a living token may be used, such as while its certificate is in use. */
  readonly isUsable: (token: Token) => boolean;
}): Effect.fn.Return<Stack, never, Scope.Scope> {
  const { provider, acquire, policy, credentials, store, identity, isUsable } = options;
  const limit = (token: Token) => {
    const lifetime = token.expiresAt - token.issuedAt;
    const { atMost, share } = policy.margin;
    return lifetime - Math.min(Duration.toMillis(atMost), lifetime * share);
  };
  const remembering = refusals(acquire, { credentials, request: yield* memory(policy, identity) });
  const fleet =
    store === undefined
      ? remembering
      : shared(remembering, store, {
          identity,
          isUsable: (token, now) => isUsable(token) && now - token.issuedAt < limit(token),
        });
  const inMemory = yield* cached(fleet, {
    limit,
    isUsable,
    flight: {
      limit: Duration.toMillis(policy.acquisition.deadline) + grace,
      abandoned: new TokenError.TokenError({
        provider,
        reason: new TokenError.ServerUnavailable({ problem: "timeout" }),
      }),
    },
  });
  const ahead = yield* refreshAhead(inMemory, policy, remembering.isRemembering);
  return { source: yield* replacements(ahead, budget), cached: inMemory, ahead };
});
