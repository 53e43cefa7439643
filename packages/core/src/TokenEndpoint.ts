/**
 * The only sender of token requests: deadline, attempts, bounds, span and metrics.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause";
import * as Clock from "effect/Clock";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as HttpBody from "effect/http/HttpBody";
import type * as HttpClient from "effect/http/HttpClient";
import * as HttpClientRequest from "effect/http/HttpClientRequest";
import * as Metric from "effect/Metric";
import * as Option from "effect/Option";
import * as Record from "effect/Record";
import * as Redacted from "effect/Redacted";
import * as Result from "effect/Result";
import * as Schedule from "effect/Schedule";
import { AccessToken } from "./AccessToken.ts";
import { exchange } from "./internal/exchange.ts";
import { boundThumbprint } from "./internal/jwt.ts";
import * as RetryBudget from "./internal/retryBudget.ts";
import type * as MutualTls from "./MutualTls.ts";
import type * as RefreshPolicy from "./RefreshPolicy.ts";
import * as TokenError from "./TokenError.ts";
import * as TokenRequest from "./TokenRequest.ts";
import * as TokenResponse from "./TokenResponse.ts";

/**
 * Where a request goes: a plain client, or the generation of a certificate.
 *
 * @since 0.1.0
 */
export type Connection =
  | MutualTls.Generation
  | {
      readonly httpClient: HttpClient.HttpClient;
      readonly thumbprint: undefined;
      readonly source?: undefined;
    };

/**
 * By how much the server's clock is ahead of ours, as far as a refused assertion has shown; kept
 * for a provider's later requests.
 *
 * @since 0.1.0
 */
export interface ClockSkew {
  millis: number;
}

/**
 * What one acquisition needs.
 *
 * @since 0.1.0
 */
export interface Acquisition {
  /** The vendor's name, for errors, spans and metrics. */
  readonly provider: string;
  /** The registered name of the client authentication, for spans; an assertion is sensitive to clocks. */
  readonly clientAuthMethod: string;
  /** Run for each attempt, so that each connects with the certificate that is current. */
  readonly connection: Effect.Effect<Connection, TokenError.Reason>;
  /** Run for each attempt, so that each carries a fresh assertion, with the skew of `ClientAuth.authenticate`. */
  readonly request: (
    clockSkew: number,
  ) => Effect.Effect<TokenRequest.TokenRequest, TokenError.Reason>;
  /** Milliseconds for which a token is taken to live where the vendor does not say. */
  readonly lifetime: number;
  readonly policy: RefreshPolicy.RefreshPolicy;
  readonly clockSkew: ClockSkew;
  /** Whether a scope that is narrower than asked for is a failure, and not a warning. */
  readonly requireGrantedScope: boolean;
}

/**
 * Attempts by provider and outcome; an outcome is `ok`, `Interrupted` or a reason's name.
 *
 * @since 0.1.0
 */
export const attempts = Metric.counter("oauth_token_attempts", {
  description: "Attempts to acquire a token, by provider and outcome",
  incremental: true,
});

/**
 * Makes the acquisition of one provider, to be run with the number of attempts that a moment allows.
 *
 * Attempts end with the deadline, are made again only after transient reasons and never before
 * `Retry-After`; one that is longer than the policy's limit fails at once. Over many acquisitions
 * retries add at most a fifth to the requests, and one in an hour.
 *
 * @since 0.1.0
 */
export const make = (
  acquisition: Acquisition,
): ((attempts: number) => Effect.Effect<AccessToken, TokenError.TokenError>) => {
  const budget = RetryBudget.make();
  const { provider, policy } = acquisition;
  return (attempts) =>
    attempt(acquisition).pipe(
      TokenError.withProvider(provider),
      Effect.retry(again(policy, attempts, budget)),
      Effect.timeoutOrElse({
        duration: policy.acquisition.deadline,
        orElse: () =>
          Effect.fail(
            new TokenError.TokenError({
              provider,
              reason: new TokenError.ServerUnavailable({ problem: "timeout" }),
            }),
          ),
      }),
      Effect.tap(() => Effect.sync(budget.earn)),
      Effect.withSpan("oauth.token", {
        kind: "client",
        attributes: {
          "oauth.provider": provider,
          "oauth.client_auth_method": acquisition.clientAuthMethod,
        },
      }),
    );
};

/** Delays between attempts; ends where the next attempt could not finish before the deadline. */
const again = (
  { acquisition, maxRetryAfter }: RefreshPolicy.RefreshPolicy,
  attempts: number,
  budget: RetryBudget.RetryBudget,
) =>
  acquisition.delays.pipe(
    Schedule.modifyDelay(({ input, duration }) =>
      Effect.succeed(Duration.max(duration, Duration.millis(input.retryAfter ?? 0))),
    ),
    Schedule.while(
      ({ input, attempt, duration, elapsed, now }) =>
        input.isTransient &&
        attempt < (isUnknownHost(input) ? Math.min(attempts, 2) : attempts) &&
        Duration.isLessThanOrEqualTo(Duration.millis(input.retryAfter ?? 0), maxRetryAfter) &&
        elapsed + Duration.toMillis(duration) < Duration.toMillis(acquisition.deadline) &&
        budget.spend(now),
    ),
  );

/** A name that does not exist is rarely a passing fault: it is asked for once more, and no more. */
const isUnknownHost = ({ reason }: TokenError.TokenError): boolean =>
  reason._tag === "ServerUnavailable" && reason.code === "ENOTFOUND";

const attempt = Effect.fnUntraced(
  function* (acquisition: Acquisition): Effect.fn.Return<AccessToken, TokenError.Reason> {
    const skew = acquisition.clockSkew;
    const first = yield* ask(acquisition, skew.millis);
    if (Result.isSuccess(first.grant))
      return yield* accept(acquisition, first, first.grant.success);
    const refused = first.grant.failure;
    const measured = first.serverTime === undefined ? 0 : first.serverTime - first.answeredAt;
    const isOff =
      acquisition.clientAuthMethod === "private_key_jwt" &&
      refused._tag === "CredentialsRejected" &&
      Math.abs(measured - skew.millis) > 5000;
    if (!isOff) return yield* refused;
    // Servers say the same of a wrong key and of a wrong clock: only another assertion can tell.
    const second = yield* ask(acquisition, measured);
    if (Result.isFailure(second.grant)) {
      return yield* second.grant.failure._tag === "CredentialsRejected"
        ? new TokenError.CredentialsRejected({ ...second.grant.failure, clockSkew: measured })
        : second.grant.failure;
    }
    skew.millis = measured;
    yield* Effect.logWarning(
      `${acquisition.provider}: our clock is off by ${Math.round(measured / 1000)} s against the server's; assertions are corrected by that`,
    );
    return yield* accept(acquisition, second, second.grant.success);
  },
  (effect, acquisition) =>
    Effect.onExit(effect, (exit) =>
      Metric.update(
        Metric.withAttributes(attempts, {
          provider: acquisition.provider,
          outcome: Exit.match(exit, {
            onSuccess: () => "ok",
            onFailure: (cause) =>
              Option.match(Cause.findErrorOption(cause), {
                onNone: () => "Interrupted",
                onSome: (reason) => reason._tag,
              }),
          }),
        }),
        1,
      ),
    ),
);

/** One request and what it brought. */
const ask = Effect.fnUntraced(function* (acquisition: Acquisition, clockSkew: number) {
  const connection = yield* acquisition.connection;
  const request = yield* acquisition.request(clockSkew);
  const clock = yield* Clock.Clock;
  const issuedAt = clock.currentTimeMillisUnsafe();
  const monotonicIssuedAt = clock.monotonicTimeNanosUnsafe();
  const answer = yield* Effect.mapError(
    exchange(connection.httpClient, toHttp(request), {
      timeout: acquisition.policy.acquisition.timeout,
      maxBytes: 256 * 1024,
    }),
    (failure) => TokenError.reasonOf(failure, connection.source),
  );
  const answeredAt = clock.currentTimeMillisUnsafe();
  return {
    connection,
    request,
    issuedAt,
    monotonicIssuedAt,
    answeredAt,
    serverTime: TokenResponse.serverTime(answer),
    grant: TokenResponse.decode(answer, request, answeredAt),
  };
});

/** The token of a grant, once it is what was asked for. */
const accept = Effect.fnUntraced(function* (
  acquisition: Acquisition,
  asked: Effect.Success<ReturnType<typeof ask>>,
  grant: TokenResponse.Grant,
): Effect.fn.Return<AccessToken, TokenError.Reason> {
  const { thumbprint } = asked.connection;
  const bound = thumbprint && boundThumbprint(Redacted.value(grant.value));
  if (bound !== undefined && bound !== thumbprint) {
    return yield* new TokenError.ServerUntrusted({ problem: "binding" });
  }
  const missingScope = notGranted(asked.request, grant.scope);
  if (missingScope.length > 0) {
    const described = `not granted: ${missingScope.join(" ")}`;
    if (acquisition.requireGrantedScope) {
      return yield* new TokenError.RequestRejected({
        status: 200,
        error: "invalid_scope",
        description: described,
      });
    }
    yield* Effect.logWarning(
      `${acquisition.provider}: the token's scope is narrower, ${described}`,
    );
  }
  const lifetime = Math.min(
    grant.lifetime ?? acquisition.lifetime,
    Duration.toMillis(acquisition.policy.maxLifetime),
  );
  return new AccessToken({
    value: grant.value,
    scope: grant.scope,
    missingScope,
    issuedAt: asked.issuedAt,
    monotonicIssuedAt: asked.monotonicIssuedAt,
    expiresAt: asked.issuedAt + lifetime,
    thumbprint,
  });
});

/**
 * A request as it goes over the wire.
 *
 * @internal
 */
export const toHttp = (request: TokenRequest.TokenRequest): HttpClientRequest.HttpClientRequest =>
  HttpClientRequest.post(request.url, {
    headers: {
      accept: "application/json",
      "accept-encoding": "identity",
      ...Record.map(request.headers, TokenRequest.plain),
    },
    body: HttpBody.text(TokenRequest.body(request), "application/x-www-form-urlencoded"),
  });

/** Scope that was asked for and is not in the answer; an answer without scope grants it all (RFC 6749 §5.1). */
const notGranted = (
  request: TokenRequest.TokenRequest,
  granted: string | undefined,
): ReadonlyArray<string> => {
  if (granted === undefined) return [];
  const asked = request.params.find(([name]) => name === "scope")?.[1] ?? "";
  const has = new Set(granted.split(" "));
  return TokenRequest.plain(asked)
    .split(" ")
    .filter((scope) => scope !== "" && !has.has(scope));
};
