/** A vendor's definition without its types, as the chain takes it. */
import type * as Duration from "effect/Duration";
import type * as Schema from "effect/Schema";
import type { AccessToken } from "../AccessToken.ts";
import type { Authorization } from "../Authorization.ts";
import type { AnyClientAuth, AnyGrant, Provider } from "../Definition.ts";
import type * as Options from "../Options.ts";
import type { RefreshPolicy } from "../RefreshPolicy.ts";
import type { TokenManagement } from "../TokenStatus.ts";

/** The values of a vendor's options that every vendor may have. */
export interface Values {
  readonly [option: string]: unknown;
  readonly environment: string;
  readonly tokenUrl?: string;
  readonly apiUrl?: string;
  readonly apiOrigins?: ReadonlyArray<string>;
  readonly refresh?: RefreshPolicy;
  readonly requireGrantedScope: boolean;
  readonly unsafeAllowLoopbackHttp: boolean;
  readonly issuer?: string;
  readonly endpointHosts?: ReadonlyArray<string>;
  readonly issuerIsMutualTlsHost?: boolean;
  readonly revokeOnClose?: boolean;
}

/** A URL of an environment, which may depend on the options. */
export type Place = string | ((values: Values) => string) | undefined;

export interface Environment {
  readonly tokenUrl?: Place;
  readonly apiUrl?: Place;
  readonly issuer?: Place;
  readonly endpointHosts?: ReadonlyArray<string> | undefined;
  readonly lifetime: Duration.Input;
}

/** A definition without its types. */
export interface Definition {
  readonly name: string;
  readonly configPrefix?: string;
  readonly options: Options.Fields;
  readonly environments: Readonly<Record<string, Environment>>;
  readonly grant: (values: Values) => AnyGrant;
  readonly clientAuth: (values: Values) => AnyClientAuth;
  readonly response?: {
    readonly tokenType?: ReadonlyArray<string> | "any";
    readonly extra?: { readonly [name: string]: Schema.ConstraintDecoder<unknown> };
  };
  readonly api?: {
    readonly url?: (token: AccessToken<any>) => string;
    readonly hosts?: ReadonlyArray<string>;
    readonly authorization?: Authorization;
    readonly certificate?: (values: Values) => boolean;
  };
  readonly perCall?: ReadonlyArray<PropertyKey>;
  readonly operations?: (provider: Provider<any, any>, management: TokenManagement) => object;
}
