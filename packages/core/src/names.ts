/**
 * Re-exported by each vendor, so that declarations of a library that depends on a vendor alone can
 * name the types of this package.
 *
 * @since 0.1.0
 */
export type { AccessToken } from "./AccessToken.ts";
export type { ClientAuth, Connection, Method } from "./ClientAuth.ts";
export type { Grant } from "./Grant.ts";
export type { Generation, MutualTls } from "./MutualTls.ts";
export type * as Options from "./Options.ts";
export type {
  ConfigOverrides,
  Environment,
  Facts,
  LayerOptions,
  OptionsOf,
  Provider,
  Resolve,
  ServiceClass,
  TestOptions,
} from "./Provider.ts";
export type { RefreshPolicy } from "./RefreshPolicy.ts";
export type { Secret } from "./Secret.ts";
export type { TokenError } from "./TokenError.ts";
export type { Introspection, TokenManagement } from "./TokenStatus.ts";
