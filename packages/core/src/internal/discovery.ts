/**
 * Finds the endpoints of an authorization server: configured, or discovered from its issuer
 * (RFC 8414, OpenID Connect Discovery 1.0).
 */
import * as Cause from "effect/Cause";
import * as Clock from "effect/Clock";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import type * as HttpClient from "effect/http/HttpClient";
import * as HttpClientRequest from "effect/http/HttpClientRequest";
import * as Option from "effect/Option";
import * as Result from "effect/Result";
import * as Schema from "effect/Schema";
import type * as Scope from "effect/Scope";
import * as Struct from "effect/Struct";
import * as TokenError from "../TokenError.ts";
import * as decode from "./decode.ts";
import * as json from "./json.ts";
import { type Answer, exchange } from "./post.ts";
import * as Flight from "./source/flight.ts";
import * as url from "./url.ts";

const member = Schema.optionalKey(Schema.NullOr(Schema.String));

const endpoints = {
  token_endpoint: member,
  introspection_endpoint: member,
  revocation_endpoint: member,
};

/**
 * The members of a discovery document that matter here (RFC 8414 §2, RFC 8705 §5). Some servers say
 * `null` where they should say nothing.
 */
const Metadata = Schema.Struct({
  issuer: Schema.String,
  ...endpoints,
  mtls_endpoint_aliases: Schema.optionalKey(Schema.NullOr(Schema.Struct(endpoints))),
});

type Metadata = typeof Metadata.Type;

/** An endpoint by its name in the metadata. */
export type EndpointName = keyof typeof endpoints;

/** Tells where an endpoint is. */
export interface AuthorizationServer {
  readonly issuer: string | undefined;
  readonly endpoint: (name: EndpointName) => Effect.Effect<string, TokenError.Reason>;
}

/** Makes a server whose token endpoint is configured. Any other endpoint fails with `OptionInvalid`. */
export const fromTokenUrl = (
  tokenUrl: string,
  issuer: string | undefined,
): AuthorizationServer => ({
  issuer,
  endpoint: (name) =>
    name === "token_endpoint"
      ? Effect.succeed(tokenUrl)
      : Effect.fail(
          TokenError.optionInvalid(
            "tokenUrl",
            `does not tell the ${name}; give the issuer in its place`,
          ),
        ),
});

/** How to discover a server. */
export interface DiscoveryOptions {
  /** Compared with the document's `issuer` to the last character. */
  readonly issuer: string;
  /** Shows no client certificate: only the endpoints are to see it. */
  readonly httpClient: HttpClient.HttpClient;
  /** Whether requests show a certificate: then they go to `mtls_endpoint_aliases`, never silently to the plain endpoints (RFC 8705 §5). */
  readonly withCertificate: boolean;
  /** Host names, besides the issuer's own, that endpoints may be on. */
  readonly endpointHosts: ReadonlyArray<string>;
  /** Whether the issuer is itself the mutual-TLS host and names no aliases. */
  readonly issuerIsMutualTlsHost: boolean;
  readonly allowLoopbackHttp: boolean;
}

/** How long a document is used, how long callers wait for its renewal, and when a failed renewal is tried again. */
const times = { kept: "24 hours", patience: "1 second", again: "1 minute" } as const;

/**
 * Makes a server that is discovered at its first use, with one request for all callers.
 *
 * The last good document serves while its renewal goes on or fails. A document fails when its token
 * endpoint cannot be used, or when it moves an endpoint to another origin. A failure without a good
 * document is not kept. Answers are bounded to 64 KiB and 5 s.
 */
export const discover = Effect.fnUntraced(function* (
  options: DiscoveryOptions,
): Effect.fn.Return<AuthorizationServer, never, Scope.Scope> {
  const clock = yield* Clock.Clock;
  const flight = yield* Flight.make<Metadata, TokenError.Reason>({
    limit: 11_000,
    abandoned: new TokenError.ServerUnavailable({ problem: "timeout" }),
  });
  /** Returns a moment on both clocks: the wall clock can be set back, and the other stops in a suspend. */
  const later = (time: Duration.Input) => ({
    wall: clock.currentTimeMillisUnsafe() + Duration.toMillis(time),
    monotonic: clock.monotonicTimeNanosUnsafe() + Duration.toNanosUnsafe(time),
  });
  const origins = new Map<string, string>();
  let good: Metadata | undefined;
  let renewAt = later("0 seconds");
  let isFailing = false;

  const keep = Effect.fnUntraced(function* (metadata: Metadata) {
    yield* choose(metadata, "token_endpoint", options);
    const found = originsOf(metadata);
    for (const [name, origin] of found) {
      const before = origins.get(name);
      if (before !== undefined && before !== origin) {
        return yield* new TokenError.ServerUntrusted({ problem: "origin", origin });
      }
    }
    for (const [name, origin] of found) origins.set(name, origin);
    good = metadata;
    isFailing = false;
    renewAt = later(times.kept);
    return metadata;
  });
  const miss = (cause: Cause.Cause<TokenError.Reason>) =>
    Effect.suspend(() => {
      if (good === undefined || Cause.hasInterruptsOnly(cause)) return Effect.void;
      const problem = Option.match(Cause.findErrorOption(cause), {
        onNone: () => "the HttpClient failed with a defect",
        onSome: ({ message }) => message,
      });
      isFailing = true;
      renewAt = later(times.again);
      return Effect.logWarning(
        `discovery of ${new URL(options.issuer).origin}: ${problem}; the last good document serves on`,
      );
    });
  const renew = () =>
    flight.current() ??
    flight.start(fetchMetadata(options).pipe(Effect.flatMap(keep), Effect.tapCause(miss)));

  const current: Effect.Effect<Metadata, TokenError.Reason> = Effect.suspend(() => {
    const last = good;
    if (last === undefined) return renew();
    const isKept =
      clock.currentTimeMillisUnsafe() < renewAt.wall &&
      clock.monotonicTimeNanosUnsafe() < renewAt.monotonic;
    if (isKept) return Effect.succeed(last);
    const renewal = renew();
    return isFailing
      ? Effect.succeed(last)
      : Effect.exit(renewal).pipe(
          Effect.timeoutOption(times.patience),
          Effect.map(() => good ?? last),
        );
  });
  return {
    issuer: options.issuer,
    endpoint: (name) => Effect.flatMap(current, (metadata) => choose(metadata, name, options)),
  };
});

/** Returns the origin of each endpoint and alias that a document names. */
const originsOf = (metadata: Metadata): ReadonlyArray<readonly [name: string, origin: string]> =>
  Struct.keys(endpoints).flatMap((name) =>
    [
      [name, metadata[name]] as const,
      [`mtls ${name}`, metadata.mtls_endpoint_aliases?.[name]] as const,
    ].flatMap(([key, endpoint]) =>
      endpoint != null && URL.canParse(endpoint) ? [[key, new URL(endpoint).origin] as const] : [],
    ),
  );

const fetchMetadata = Effect.fnUntraced(function* (
  options: DiscoveryOptions,
): Effect.fn.Return<Metadata, TokenError.Reason> {
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
  if (typeof parsed === "string") return yield* decode.unreadable(parsed, answer.status);
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
  const answer = yield* exchange(
    { httpClient: options.httpClient, thumbprint: undefined },
    request,
    {
      timeout: Duration.seconds(5),
      maxBytes: 64 * 1024,
    },
  );
  const problem =
    decode.redirection(answer, location) ??
    decode.unavailable(answer, yield* Clock.currentTimeMillis);
  return problem === undefined ? answer : yield* problem;
});

const decodeMetadata = Schema.decodeUnknownEffect(Metadata);

/**
 * The two places of an issuer's metadata, in the order in which they are asked: behind the issuer's
 * path (OpenID Connect Discovery 1.0 §4), and before it (RFC 8414 §3.1).
 */
export const wellKnown = (issuer: string): readonly [openid: string, oauth: string] => {
  const { origin, pathname } = new URL(issuer);
  return [
    `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`,
    `${origin}/.well-known/oauth-authorization-server${pathname.replace(/\/$/, "")}`,
  ];
};

const choose = (
  metadata: Metadata,
  name: EndpointName,
  options: DiscoveryOptions,
): Effect.Effect<string, TokenError.Reason> => {
  const { withCertificate } = options;
  const plain = metadata[name] ?? undefined;
  const alias = metadata.mtls_endpoint_aliases?.[name] ?? undefined;
  if (withCertificate && alias === undefined && !options.issuerIsMutualTlsHost) {
    return Effect.fail(new TokenError.ServerUntrusted({ problem: "alias-missing" }));
  }
  const endpoint = withCertificate ? (alias ?? plain) : plain;
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
      hostname === new URL(options.issuer).hostname ||
      options.endpointHosts.some((host) => host.toLowerCase() === hostname)
        ? Effect.succeed(endpoint)
        : Effect.fail(new TokenError.ServerUntrusted({ problem: "origin", origin })),
  });
};
