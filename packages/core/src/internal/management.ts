/** Introspects (RFC 7662) and revokes (RFC 7009) tokens, on request and when the layer closes. */
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Redacted from "effect/Redacted";
import * as Result from "effect/Result";
import * as Schema from "effect/Schema";
import type { AccessToken } from "../AccessToken.ts";
import * as TokenError from "../TokenError.ts";
import * as TokenRequest from "../TokenRequest.ts";
import { Introspection, type TokenManagement } from "../TokenStatus.ts";
import * as decode from "./decode.ts";
import type { EndpointName } from "./discovery.ts";
import type { Ask } from "./endpoint.ts";
import * as json from "./json.ts";
import type { Answer } from "./post.ts";

/** Sends one request for each operation, bounded like a token request, in a span of its own. */
export const make = (
  provider: string,
  ask: Ask,
  span: <A, E>(name: string, effect: Effect.Effect<A, E>) => Effect.Effect<A, E>,
): TokenManagement => {
  const send = <A>(
    name: EndpointName,
    { value }: AccessToken<unknown>,
    read: (answer: Answer) => Result.Result<A, TokenError.Reason>,
  ) =>
    Effect.map(
      ask(
        name,
        ({ url }) =>
          Effect.succeed(TokenRequest.make(url, { token: value, token_type_hint: "access_token" })),
        (answer, request, now) =>
          answer.status === 200 ? read(answer) : Result.fail(decode.refusal(answer, request, now)),
      ),
      (asked) => asked.value,
    ).pipe(TokenError.withProvider(provider));
  return {
    introspect: (token) =>
      span("oauth.introspect", send("introspection_endpoint", token, readIntrospection)),
    revoke: (token) =>
      span(
        "oauth.revoke",
        send("revocation_endpoint", token, () => Result.succeed(undefined)),
      ),
  };
};

const readIntrospection = (answer: Answer): Result.Result<Introspection, TokenError.Reason> => {
  const parsed = json.parse(answer);
  return typeof parsed === "string"
    ? Result.fail(decode.unreadable(parsed, answer.status))
    : Result.mapError(
        decodeIntrospection(parsed),
        (error) =>
          new TokenError.ResponseMalformed({
            problem: `${json.member(error)} is missing or not what RFC 7662 §2.2 allows`,
            status: answer.status,
          }),
      );
};

const decodeIntrospection = Schema.decodeUnknownResult(Introspection);

/** The tokens that a provider was issued and that may still live. */
export interface Issued {
  readonly note: (token: AccessToken<unknown>) => Effect.Effect<void>;
  readonly forget: (token: AccessToken<unknown>) => Effect.Effect<void>;
  /** Revokes those that live, for at most 5 s; a failure is logged. */
  readonly revokeLiving: (revoke: TokenManagement["revoke"]) => Effect.Effect<void>;
}

/** Most tokens that are remembered for revocation. */
const most = 100;

/** Keeps the newest tokens until they end, also replaced ones. */
export const issued = (): Issued => {
  const tokens = new Map<string, AccessToken<unknown>>();
  return {
    note: (token) =>
      Effect.sync(() => {
        tokens.delete(Redacted.value(token.value));
        for (const [value, one] of tokens) {
          if (one.expiresAt > token.issuedAt && tokens.size < most) break;
          tokens.delete(value);
        }
        tokens.set(Redacted.value(token.value), token);
      }),
    forget: (token) => Effect.sync(() => void tokens.delete(Redacted.value(token.value))),
    revokeLiving: (revoke) =>
      Effect.flatMap(Clock.currentTimeMillis, (now) =>
        Effect.forEach(
          [...tokens.values()].filter(({ expiresAt }) => expiresAt > now),
          (token) =>
            Effect.catch(revoke(token), (error) =>
              Effect.logWarning(`a token was not revoked: ${error.message}`),
            ),
          { concurrency: 10, discard: true },
        ),
      ).pipe(
        Effect.timeoutOrElse({
          duration: "5 seconds",
          orElse: () => Effect.logWarning("tokens were not revoked: no answer in 5 s"),
        }),
      ),
  };
};
