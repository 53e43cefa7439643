/** Makes one attempt to get a token, and checks that the token is what was asked for. */
import * as Cause from "effect/Cause";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Metric from "effect/Metric";
import * as Option from "effect/Option";
import * as Redacted from "effect/Redacted";
import { AccessToken } from "../AccessToken.ts";
import type { Grant } from "../Grant.ts";
import * as TokenError from "../TokenError.ts";
import type { TokenRequest } from "../TokenRequest.ts";
import * as decode from "./decode.ts";
import type { Ask, Exchange } from "./endpoint.ts";
import { boundThumbprint } from "./jwt.ts";
import { plain } from "./wire.ts";

/** What an attempt needs. */
export interface Options {
  readonly provider: string;
  readonly ask: Ask;
  readonly grant: Grant;
  readonly dialect: decode.Dialect;
  /** Lifetime in milliseconds of a token whose answer does not tell. */
  readonly lifetime: number;
  /** Longest lifetime in milliseconds, whatever the answer tells. */
  readonly maxLifetime: number;
  /** Whether a narrower scope than asked for is a failure, and not a warning. */
  readonly requireGrantedScope: boolean;
}

/** Counts attempts by provider and outcome: `ok`, `Interrupted` or the name of a reason. */
const attempts = Metric.counter("oauth_token_attempts", {
  description: "Attempts to acquire a token, by provider and outcome",
  incremental: true,
});

/** Makes the attempt and counts it by its outcome. */
export const attempt = (options: Options): Effect.Effect<AccessToken<unknown>, TokenError.Reason> =>
  options
    .ask("token_endpoint", options.grant.request, (answer, request, now) =>
      decode.token(options.dialect, answer, request, now),
    )
    .pipe(
      Effect.flatMap((asked) => accept(options, asked)),
      Effect.onExit((exit) =>
        Metric.update(
          Metric.withAttributes(attempts, {
            provider: options.provider,
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

const accept = Effect.fnUntraced(function* (
  options: Options,
  { connection, request, issuedAt, monotonicIssuedAt, value }: Exchange<decode.Granted>,
): Effect.fn.Return<AccessToken<unknown>, TokenError.Reason> {
  const { thumbprint } = connection;
  const bound = thumbprint && boundThumbprint(Redacted.value(value.value));
  if (bound !== undefined && bound !== thumbprint) {
    return yield* new TokenError.ServerUntrusted({ problem: "binding" });
  }
  const missingScope = notGranted(request, value.scope);
  if (missingScope.length > 0) {
    const described = `not granted: ${missingScope.join(" ")}`;
    if (options.requireGrantedScope) {
      return yield* new TokenError.RequestRejected({
        status: 200,
        error: "invalid_scope",
        description: described,
      });
    }
    yield* Effect.logWarning(`${options.provider}: the token's scope is narrower, ${described}`);
  }
  return new AccessToken<unknown>({
    value: value.value,
    scope: value.scope,
    missingScope,
    issuedAt,
    monotonicIssuedAt,
    expiresAt: issuedAt + Math.min(value.lifetime ?? options.lifetime, options.maxLifetime),
    thumbprint,
    refreshToken: value.refreshToken,
    extra: value.extra,
  });
});

/** Returns the scope that the answer leaves out. An answer without scope grants all of it (RFC 6749 §5.1). */
const notGranted = (request: TokenRequest, granted: string | undefined): ReadonlyArray<string> => {
  if (granted === undefined) return [];
  const asked = request.params.find(([name]) => name === "scope")?.[1] ?? "";
  const has = new Set(granted.split(" "));
  return plain(asked)
    .split(" ")
    .filter((scope) => scope !== "" && !has.has(scope));
};
