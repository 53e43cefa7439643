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
import { exchange } from "./internal/exchange.ts";
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
 * A server whose token endpoint is configured.
 *
 * @since 0.1.0
 */
export const fromTokenUrl = (tokenUrl: string): AuthorizationServer => ({
  endpoint: (name) =>
    name === "token_endpoint"
      ? Effect.succeed(tokenUrl)
      : Effect.fail(new TokenError.ResponseMalformed({ problem: `${name} is not configured` })),
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
 * A server that is discovered at the first use: one request for all callers, kept for 24 h; a
 * failure is not kept. Answers are bounded to 64 KiB and 5 s, and redirects are not followed.
 *
 * @since 0.1.0
 */
export const discover = (options: DiscoveryOptions): Effect.Effect<AuthorizationServer> =>
  Effect.map(
    Effect.cachedWithTTL(fetchMetadata(options), (exit) =>
      Exit.isSuccess(exit) ? Duration.hours(24) : Duration.zero,
    ),
    (metadata) => ({
      endpoint: (name) => Effect.flatMap(metadata, (found) => choose(found, name, options)),
    }),
  );

const fetchMetadata = Effect.fnUntraced(function* (
  options: DiscoveryOptions,
): Effect.fn.Return<typeof Metadata.Type, TokenError.Reason> {
  const request = HttpClientRequest.get(wellKnown(options.issuer), {
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
    TokenResponse.redirection(answer, request.url) ?? TokenResponse.unavailable(answer, now);
  if (problem !== undefined) return yield* problem;
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

const decodeMetadata = Schema.decodeUnknownEffect(Metadata);

/**
 * The OpenID Connect location of an issuer's metadata: appended, also behind a path
 * (OpenID Connect Discovery 1.0 §4).
 *
 * @since 0.1.0
 */
export const wellKnown = (issuer: string): string =>
  `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;

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
