/**
 * The seam for a store of tokens that several processes share, behind the memory of each.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context";
import type * as Effect from "effect/Effect";
import type { AccessToken } from "./AccessToken.ts";
import type { Value } from "./TokenRequest.ts";

/**
 * Everything that tells one token from another: the vendor, each option, each secret as `Redacted`,
 * and the thumbprint of the certificate. A store derives its key from all of it.
 *
 * @since 0.1.0
 */
export type Identity = ReadonlyArray<readonly [name: string, value: Value]>;

/**
 * A shared store. It never fails: without an answer `get` returns `undefined`, and the vendor is asked.
 * Each use is given up after 1 s.
 *
 * @since 0.1.0
 */
export interface TokenStore {
  readonly get: (identity: Identity) => Effect.Effect<AccessToken<unknown> | undefined>;
  readonly set: (identity: Identity, token: AccessToken<unknown>) => Effect.Effect<void>;
  /** Drops exactly this token, which the API refused or which was revoked; another one stays. */
  readonly remove: (identity: Identity, token: AccessToken<unknown>) => Effect.Effect<void>;
}

/**
 * The store that providers use; there is none unless a layer sets one.
 *
 * @since 0.1.0
 */
export const TokenStore: Context.Reference<TokenStore | undefined> = Context.Reference<
  TokenStore | undefined
>("@x/core/TokenStore", { defaultValue: () => undefined });
