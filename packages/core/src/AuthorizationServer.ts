/**
 * Where an authorization server's endpoints are: configured, or discovered from its issuer
 * (RFC 8414, OpenID Connect Discovery 1.0).
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import type * as HttpClient from "effect/http/HttpClient";
import * as HttpClientRequest from "effect/http/HttpClientRequest";
import * as Result from "effect/Result";
import * as Schema from "effect/Schema";
import * as Struct from "effect/Struct";
import { type Answer, exchange } from "./internal/exchange.ts";
import * as json from "./internal/json.ts";
import * as url from "./internal/url.ts";
import * as TokenError from "./TokenError.ts";
import * as TokenResponse from "./TokenResponse.ts";

const endpoints = {
  token_endpoint: Schema.optionalKey(Schema.String),
  introspection_endpoint: Schema.optionalKey(Schema.String),
  revocation_endpoint: Schema.optionalKey(Schema.String),
  pushed_authorization_request_endpoint: Schema.optionalKey(Schema.String),
};

/**
 * The members of a discovery document that matter here (RFC 8414 §2, RFC 8705 §5).
 *
 * @since 0.1.0
 */
export const Metadata = Schema.Struct({
  issuer: Schema.String,
  ...endpoints,
  mtls_endpoint_aliases: Schema.optionalKey(Schema.Struct(endpoints)),
});

/**
 * An endpoint by its name in the metadata.
 *
 * @since 0.1.0
 */
export type EndpointName = keyof typeof endpoints;

/**
 * Answers where an endpoint is.
 *
 * @since 0.1.0
 */
export interface AuthorizationServer {
  readonly endpoint: (name: EndpointName) => Effect.Effect<string, TokenError.Reason>;
}

/**
 * A server whose token endpoint is configured. Any other fails with `OptionInvalid`.
 *
 * @since 0.1.0
 */
export const fromTokenUrl = (tokenUrl: string): AuthorizationServer => ({
  endpoint: (name) =>
    name === "token_endpoint"
      ? Effect.succeed(tokenUrl)
      : Effect.fail(
          new TokenError.OptionInvalid({
            option: "tokenUrl",
            problem: `does not tell the ${name}; give the issuer in its place`,
          }),
        ),
});

/**
 * How to discover a server.
 *
 * @since 0.1.0
 */
export interface DiscoveryOptions {
  /** Compared with the document's `issuer` to the last character. */
  readonly issuer: string;
  /** Shows no client certificate: only the endpoints are to see it. */
  readonly httpClient: HttpClient.HttpClient;
  /** Whether requests go to `mtls_endpoint_aliases`, never silently to the plain endpoints (RFC 8705 §5). */
  readonly mutualTls: boolean;
  /** Host names, besides the issuer's own, that endpoints may be on. */
  readonly endpointHosts: ReadonlyArray<string>;
  /** For an issuer that is itself the mutual-TLS host, and so names no aliases. */
  readonly issuerIsMutualTlsHost?: boolean | undefined;
  readonly allowLoopbackHttp: boolean;
}

/**
 * A server that is discovered at the first use: one request for all callers, kept for 24 h.
 *
 * While a renewal fails, the last good document serves and the renewal is tried again after a
 * minute; a failure without one is not kept. A later document that moves an endpoint to another
 * origin is refused like a failure. Answers are bounded to 64 KiB and 5 s, and redirects are not
 * followed.
 *
 * @since 0.1.0
 */
export const discover = (options: DiscoveryOptions): Effect.Effect<AuthorizationServer> =>
  Effect.suspend(() => {
    let good: typeof Metadata.Type | undefined;
    const renewed = Effect.flatMap(fetchMetadata(options), (metadata) => {
      const moved = good === undefined ? undefined : movedTo(good, metadata);
      if (moved !== undefined) {
        return Effect.fail(new TokenError.ServerUntrusted({ problem: "origin", origin: moved }));
      }
      good = metadata;
      return Effect.succeed({ metadata, lifetime: Duration.hours(24) });
    });
    const lastGood = (error: TokenError.Reason) =>
      good === undefined
        ? Effect.fail(error)
        : Effect.as(
            Effect.logWarning(
              `discovery of ${new URL(options.issuer).origin}: ${error.message}; the last good document serves on`,
            ),
            { metadata: good, lifetime: Duration.minutes(1) },
          );
    return Effect.map(
      Effect.cachedWithTTL(Effect.catch(renewed, lastGood), (exit) =>
        Exit.isSuccess(exit) ? exit.value.lifetime : Duration.zero,
      ),
      (found) => ({
        endpoint: (name) =>
          Effect.flatMap(found, ({ metadata }) => choose(metadata, name, options)),
      }),
    );
  });

/** The origin to which an endpoint has moved, if one has. */
const movedTo = (before: typeof Metadata.Type, after: typeof Metadata.Type): string | undefined => {
  for (const name of Struct.keys(endpoints)) {
    for (const [old, now] of [
      [before[name], after[name]],
      [before.mtls_endpoint_aliases?.[name], after.mtls_endpoint_aliases?.[name]],
    ]) {
      if (!old || !now || !URL.canParse(old) || !URL.canParse(now)) continue;
      const { origin } = new URL(now);
      if (origin !== new URL(old).origin) return origin;
    }
  }
  return undefined;
};

const fetchMetadata = Effect.fnUntraced(function* (
  options: DiscoveryOptions,
): Effect.fn.Return<typeof Metadata.Type, TokenError.Reason> {
  const [openid, oauth] = wellKnown(options.issuer);
  const first = yield* ask(options, openid);
  const answer = first.status === 404 ? yield* ask(options, oauth) : first;
  if (answer.status !== 200) {
    return yield* new TokenError.ResponseMalformed({
      problem: "there is no discovery document at the issuer",
      status: answer.status,
    });
  }
  const parsed = json.parse(answer);
  if (typeof parsed === "string") return yield* TokenResponse.unreadable(parsed, answer.status);
  const metadata = yield* Effect.mapError(
    decodeMetadata(parsed),
    (error) =>
      new TokenError.ResponseMalformed({
        problem: `${json.member(error)} of the discovery document is missing or not what RFC 8414 §2 allows`,
        status: answer.status,
      }),
  );
  if (metadata.issuer !== options.issuer) {
    return yield* new TokenError.ServerUntrusted({ problem: "issuer" });
  }
  return metadata;
});

const ask = Effect.fnUntraced(function* (
  options: DiscoveryOptions,
  location: string,
): Effect.fn.Return<Answer, TokenError.Reason> {
  const request = HttpClientRequest.get(location, {
    headers: { accept: "application/json", "accept-encoding": "identity" },
  });
  const answer = yield* Effect.mapError(
    exchange(options.httpClient, request, {
      timeout: Duration.seconds(5),
      maxBytes: 64 * 1024,
    }),
    (failure) => TokenError.reasonOf(failure),
  );
  const now = yield* Clock.currentTimeMillis;
  const problem =
    TokenResponse.redirection(answer, location) ?? TokenResponse.unavailable(answer, now);
  return problem === undefined ? answer : yield* problem;
});

const decodeMetadata = Schema.decodeUnknownEffect(Metadata);

/**
 * The two places of an issuer's metadata, in the order in which they are asked: behind the issuer's
 * path (OpenID Connect Discovery 1.0 §4), and before it (RFC 8414 §3.1).
 *
 * @since 0.1.0
 */
export const wellKnown = (issuer: string): readonly [openid: string, oauth: string] => {
  const { origin, pathname } = new URL(issuer);
  return [
    `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`,
    `${origin}/.well-known/oauth-authorization-server${pathname.replace(/\/$/, "")}`,
  ];
};

const choose = (
  metadata: typeof Metadata.Type,
  name: EndpointName,
  options: DiscoveryOptions,
): Effect.Effect<string, TokenError.Reason> => {
  const plain = metadata[name];
  const alias = metadata.mtls_endpoint_aliases?.[name];
  if (options.mutualTls && alias === undefined && options.issuerIsMutualTlsHost !== true) {
    return Effect.fail(new TokenError.ServerUntrusted({ problem: "alias-missing" }));
  }
  const endpoint = options.mutualTls ? (alias ?? plain) : plain;
  if (endpoint === undefined) {
    return Effect.fail(
      new TokenError.ResponseMalformed({ problem: `the discovery document has no ${name}` }),
    );
  }
  return Result.match(url.parse(endpoint, options), {
    onFailure: (problem) =>
      Effect.fail(
        problem._tag === "PlainHttp"
          ? new TokenError.ServerUntrusted({ problem: "plain-http", origin: problem.origin })
          : new TokenError.ResponseMalformed({
              problem: `${name} of the discovery document ${problem.problem}`,
            }),
      ),
    onSuccess: ({ hostname, origin }) =>
      hostname === new URL(options.issuer).hostname || options.endpointHosts.includes(hostname)
        ? Effect.succeed(endpoint)
        : Effect.fail(new TokenError.ServerUntrusted({ problem: "origin", origin })),
  });
};
