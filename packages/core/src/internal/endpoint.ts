/** Asks an endpoint of the authorization server, learns from its answers, and asks again. */
import * as Clock from "effect/Clock";
import type * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Result from "effect/Result";
import type { ClientAuth, Connection } from "../ClientAuth.ts";
import type * as TokenError from "../TokenError.ts";
import type { Answered, Endpoint, TokenRequest } from "../TokenRequest.ts";
import type { AuthorizationServer, EndpointName } from "./discovery.ts";
import { type Answer, exchange } from "./post.ts";
import { toHttp } from "./wire.ts";

/** One request and what came back. */
export interface Exchange<A> {
  readonly connection: Connection;
  readonly request: TokenRequest;
  /** When it was sent, in epoch milliseconds and on the monotonic clock. */
  readonly issuedAt: number;
  readonly monotonicIssuedAt: bigint;
  readonly value: A;
}

/** Sends what `build` makes to an endpoint, as the client, and decodes the answer. */
export type Ask = <A>(
  name: EndpointName,
  build: (endpoint: Endpoint) => Effect.Effect<TokenRequest, TokenError.Reason>,
  decode: (
    answer: Answer,
    request: TokenRequest,
    now: number,
  ) => Result.Result<A, TokenError.Reason>,
) => Effect.Effect<Exchange<A>, TokenError.Reason>;

/** Clock, secret and nonce can each need one more request. */
const mostRequests = 4;

/**
 * Makes the one sender. Each request takes the connection, endpoint and proof of its moment. Each answer
 * is shown to the request's learners; when one of them learnt something, another request is sent.
 */
export const make =
  (options: {
    readonly server: AuthorizationServer;
    readonly clientAuth: ClientAuth<never>;
    readonly timeout: Duration.Duration;
  }): Ask =>
  (name, build, decode) => {
    const { server, clientAuth } = options;
    const locate = Effect.gen(function* () {
      const url = yield* server.endpoint(name);
      const tokenUrl = name === "token_endpoint" ? url : yield* server.endpoint("token_endpoint");
      return { url, tokenUrl, issuer: server.issuer };
    });
    return Effect.gen(function* () {
      const clock = yield* Clock.Clock;
      for (let sent = 1; ; sent++) {
        const connection = yield* clientAuth.connection;
        const endpoint = yield* locate;
        const request = yield* Effect.flatMap(build(endpoint), (plain) =>
          clientAuth.authenticate(plain, endpoint),
        );
        const issuedAt = clock.currentTimeMillisUnsafe();
        const monotonicIssuedAt = clock.monotonicTimeNanosUnsafe();
        const answer = yield* exchange(connection, toHttp(request), {
          timeout: options.timeout,
          maxBytes: 256 * 1024,
        });
        const at = clock.currentTimeMillisUnsafe();
        const decoded = decode(answer, request, at);
        const hasLearnt = yield* learn(request, {
          status: answer.status,
          headers: answer.headers,
          at,
          refusal: Result.isFailure(decoded) ? decoded.failure : undefined,
        });
        if (Result.isSuccess(decoded)) {
          return { connection, request, issuedAt, monotonicIssuedAt, value: decoded.success };
        }
        if (!hasLearnt || sent === mostRequests) return yield* decoded.failure;
      }
    });
  };

/** Asks each learner, up to the first that learnt something. When none did, the first failure explains the refusal. */
const learn = Effect.fnUntraced(function* ({ learners }: TokenRequest, answered: Answered) {
  let explained: TokenError.Reason | undefined;
  for (const learner of learners) {
    const learnt = yield* Effect.result(learner(answered));
    if (Result.isFailure(learnt)) explained ??= learnt.failure;
    else if (learnt.success) return true;
  }
  return explained === undefined ? false : yield* explained;
});
