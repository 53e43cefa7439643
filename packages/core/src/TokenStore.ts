/**
 * The seam of a cache that several processes share, between the memory of one process and the
 * network.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context";
import type * as Effect from "effect/Effect";
import type { AccessToken } from "./AccessToken.ts";
import type * as TokenError from "./TokenError.ts";
import type { Value } from "./TokenRequest.ts";

/**
 * Everything that tells one token from another, by name: vendor, endpoint and the options of the
 * account, with secrets `Redacted`. A store derives its key from all of it.
 *
 * @since 0.1.0
 */
export type Identity = ReadonlyArray<readonly [name: string, value: Value]>;

/**
 * A shared cache. `through` answers with a shared token, or runs `acquire` and shares its result.
 *
 * A store fails only as `acquire` fails: its own faults are its own business.
 *
 * @since 0.1.0
 */
export interface TokenStore {
  readonly through: (
    identity: Identity,
    acquire: Effect.Effect<AccessToken, TokenError.TokenError>,
  ) => Effect.Effect<AccessToken, TokenError.TokenError>;
}

/**
 * The store that providers use; none unless a layer sets one.
 *
 * @since 0.1.0
 */
export const TokenStore: Context.Reference<TokenStore> = Context.Reference<TokenStore>(
  "@x/core/TokenStore",
  { defaultValue: () => ({ through: (_, acquire) => acquire }) },
);
