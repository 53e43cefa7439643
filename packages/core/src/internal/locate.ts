/** Finds a vendor's URLs. An option's URL comes before the environment's. */
import * as Effect from "effect/Effect";
import type * as HttpClient from "effect/http/HttpClient";
import type * as Scope from "effect/Scope";
import * as TokenError from "../TokenError.ts";
import * as discovery from "./discovery.ts";
import { plainHttpProblem, urlProblem } from "./optionChecks.ts";
import type { Environment, Place, Values } from "./erased.ts";

export interface Places {
  readonly tokenUrl: string | undefined;
  readonly issuer: string | undefined;
  readonly apiUrl: string | undefined;
  readonly endpointHosts: ReadonlyArray<string>;
}

/** Returns the URLs of an account. Fails with `OptionInvalid` when options, such as a tenant, make a URL unusable. */
export const located = Effect.fnUntraced(function* (environment: Environment, values: Values) {
  const place = (option: string, where: Place) => {
    if (where === undefined) return Effect.succeed(undefined);
    const url = typeof where === "function" ? where(values) : where;
    const problem =
      urlProblem(url) ?? (values.unsafeAllowLoopbackHttp ? undefined : plainHttpProblem(url));
    if (problem === undefined) return Effect.succeed(url);
    const whose = typeof where === "function" ? "made of the options" : "of the environment";
    return Effect.fail(TokenError.optionInvalid(option, `${whose} ${problem}`));
  };
  const places: Places = {
    issuer: values.issuer ?? (yield* place("issuer", environment.issuer)),
    // An issuer of the user's own takes the place of the environment's token endpoint.
    tokenUrl:
      values.tokenUrl ??
      (values.issuer === undefined ? yield* place("tokenUrl", environment.tokenUrl) : undefined),
    apiUrl: values.apiUrl ?? (yield* place("apiUrl", environment.apiUrl)),
    endpointHosts: [...(environment.endpointHosts ?? []), ...(values.endpointHosts ?? [])],
  };
  return places;
});

/** Returns the authorization server at these URLs. */
export const serverOf = (
  { issuer, tokenUrl, endpointHosts }: Places,
  values: Values,
  client: { readonly httpClient: HttpClient.HttpClient; readonly withCertificate: boolean },
): Effect.Effect<discovery.AuthorizationServer, TokenError.OptionInvalid, Scope.Scope> => {
  if (tokenUrl !== undefined) {
    return values.revokeOnClose === true
      ? Effect.fail(
          TokenError.optionInvalid(
            "revokeOnClose",
            "needs the issuer, which tells where to revoke; give it in place of a tokenUrl",
          ),
        )
      : Effect.succeed(discovery.fromTokenUrl(tokenUrl, issuer));
  }
  if (issuer === undefined) {
    return Effect.fail(
      TokenError.optionInvalid(
        "issuerIsMutualTlsHost" in values ? "issuer" : "tokenUrl",
        `is missing, and no such URL is published for environment ${values.environment}`,
      ),
    );
  }
  return discovery.discover({
    ...client,
    issuer,
    endpointHosts,
    issuerIsMutualTlsHost: values.issuerIsMutualTlsHost === true,
    allowLoopbackHttp: values.unsafeAllowLoopbackHttp,
  });
};
