/** The interface of every decorator in the token's life cycle. */
import type * as Effect from "effect/Effect";
import type { AccessToken } from "../../AccessToken.ts";
import type * as TokenError from "../../TokenError.ts";

export type Token = AccessToken<unknown>;

/** The token that another one is to replace. */
interface Previous {
  readonly token: Token;
  /** Whether callers still get it meanwhile, as during a refresh ahead of its end. */
  readonly serves: boolean;
}

export interface TokenSource {
  /** Returns a token, or another one than the previous. It reads the clock when it is called: suspend it once, at the service. */
  readonly getUnsafe: (previous?: Previous) => Effect.Effect<Token, TokenError.TokenError>;
  /** Drops exactly this token. Returns whether it was there to drop. */
  readonly invalidate: (token: Token) => Effect.Effect<boolean>;
}
