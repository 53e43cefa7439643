/**
 * What a token endpoint may answer (RFC 6749 §5), and what it means.
 *
 * @since 0.1.0
 */
import * as DateTime from "effect/DateTime";
import * as Duration from "effect/Duration";
import * as Headers from "effect/http/Headers";
import * as Redacted from "effect/Redacted";
import * as Result from "effect/Result";
import * as Schema from "effect/Schema";
import * as SchemaTransformation from "effect/SchemaTransformation";
import type { Answer } from "./internal/exchange.ts";
import * as json from "./internal/json.ts";
import * as TokenError from "./TokenError.ts";
import * as TokenRequest from "./TokenRequest.ts";

const Digits = Schema.String.check(Schema.isPattern(/^\d{1,20}$/)).pipe(
  Schema.decodeTo(Schema.Finite, SchemaTransformation.numberFromString),
);

/**
 * `expires_in`: seconds as a finite number, or as a string of digits, which many servers send.
 *
 * @since 0.1.0
 */
export const Seconds = Schema.Union([Schema.Finite, Digits]).check(
  Schema.isGreaterThanOrEqualTo(0),
);

/**
 * A successful answer (RFC 6749 §5.1). The token is 1 to 16,384 characters of 0x21 to 0x7E.
 *
 * @since 0.1.0
 */
export const Success = Schema.Struct({
  access_token: Schema.String.check(Schema.isPattern(/^[\x21-\x7e]{1,16384}$/)),
  token_type: Schema.String.check(Schema.isPattern(/^bearer *$/i)),
  expires_in: Schema.optionalKey(Schema.NullOr(Seconds)),
  scope: Schema.optionalKey(
    Schema.NullOr(Schema.String.check(Schema.isPattern(/^[\x20-\x7e]{0,4096}$/))),
  ),
});

/**
 * A refusal (RFC 6749 §5.2), and the `message` that gateways send instead.
 *
 * @since 0.1.0
 */
export const Refusal = Schema.Struct({
  error: Schema.optionalKey(Schema.Unknown),
  error_description: Schema.optionalKey(Schema.Unknown),
  message: Schema.optionalKey(Schema.Unknown),
});

/**
 * What was granted.
 *
 * @since 0.1.0
 */
export interface Grant {
  readonly value: Redacted.Redacted;
  readonly scope: string | undefined;
  /** Milliseconds; `undefined` where the server did not say. */
  readonly lifetime: number | undefined;
}

/**
 * Reads the answer to a request: a grant or a reason, with nothing of the answer in it but the
 * status, a well-formed error code and a description that does not repeat the request.
 *
 * `now` is in epoch milliseconds, for a `Retry-After` that is a date.
 *
 * @since 0.1.0
 */
export const decode = (
  answer: Answer,
  request: TokenRequest.TokenRequest,
  now: number,
): Result.Result<Grant, TokenError.Reason> => {
  if (answer.status === 200) return decodeSuccess(answer, request, now);
  if (answer.status > 200 && answer.status < 300) {
    return Result.fail(
      new TokenError.ResponseMalformed({
        problem: `its status is ${answer.status}, where RFC 6749 §5.1 has 200`,
        status: answer.status,
      }),
    );
  }
  return Result.fail(refusal(answer, request, now));
};

const decodeSuccess = (
  answer: Answer,
  request: TokenRequest.TokenRequest,
  now: number,
): Result.Result<Grant, TokenError.Reason> => {
  const parsed = json.parse(answer);
  if (typeof parsed === "string") return Result.fail(unreadable(parsed, answer.status));
  // Some servers report errors with status 200; a token beside an error is not to be trusted.
  if (Object.hasOwn(parsed, "error") && !isNothing(Reflect.get(parsed, "error"))) {
    return Result.fail(refused(answer, parsed, request, now));
  }
  return Result.mapBoth(decodeGrant(parsed), {
    onSuccess: (grant) => ({
      value: Redacted.make(grant.access_token),
      scope: grant.scope ?? undefined,
      lifetime: grant.expires_in == null ? undefined : Math.floor(grant.expires_in * 1000),
    }),
    onFailure: (error) =>
      new TokenError.ResponseMalformed({
        problem: `${json.member(error)} is missing or not what RFC 6749 §5.1 allows`,
        status: answer.status,
      }),
  });
};

/** What some servers send in every answer and mean nothing by. */
const isNothing = (error: unknown): boolean => error === null || error === "";

const decodeGrant = Schema.decodeUnknownResult(Success);

/**
 * An answer that is not the JSON object that it should be. A body that stops before its end is how
 * a connection that broke looks where the length was not announced, so it is transient.
 *
 * @internal
 */
export const unreadable = (problem: json.Problem, status: number): TokenError.Reason =>
  problem === "truncated"
    ? new TokenError.ServerUnavailable({ problem: "truncated", status })
    : new TokenError.ResponseMalformed({ problem: `it is ${problem}`, status });

/**
 * A redirect, which is never followed. A status of 0 is what browsers make of one.
 *
 * @internal
 */
export const redirection = (
  answer: Answer,
  url: string,
): TokenError.ServerUntrusted | undefined => {
  if (answer.status !== 0 && (answer.status < 300 || answer.status > 399)) return undefined;
  const location = answer.headers["location"];
  const target =
    location && answer.status !== 0 && URL.canParse(location, url)
      ? new URL(location, url).origin
      : "null";
  return new TokenError.ServerUntrusted({
    problem: "redirect",
    // "null" is also the origin of what is no place, such as a `data:` URL.
    ...(target === "null" ? {} : { origin: target }),
  });
};

/**
 * The answers after which the same request may succeed, by status and error code.
 *
 * @internal
 */
export const unavailable = (
  answer: Answer,
  now: number,
  error?: string,
): TokenError.ServerUnavailable | undefined => {
  const { status } = answer;
  const transient =
    status === 408 ||
    status === 425 ||
    status === 429 ||
    (status >= 500 && status !== 501 && status !== 505 && status !== 511) ||
    // A 401 is about the credentials, whatever its code: trying it again can lock an account.
    (status !== 401 && (error === "server_error" || error === "temporarily_unavailable"));
  if (!transient) return undefined;
  // A date is meant by the server's clock, which need not be ours.
  const wait = retryAfter(answer.headers, serverTime(answer) ?? now);
  return new TokenError.ServerUnavailable({
    problem: "status",
    status,
    ...(error === undefined ? {} : { error }),
    ...(wait === undefined ? {} : { retryAfter: wait }),
  });
};

/**
 * What an answer that grants nothing means: a redirect, a passing fault, or a refusal.
 *
 * @internal
 */
export const refusal = (
  answer: Answer,
  request: TokenRequest.TokenRequest,
  now: number,
): TokenError.Reason =>
  redirection(answer, request.url) ?? refused(answer, json.parseAny(answer), request, now);

const refused = (
  answer: Answer,
  body: object | json.Problem,
  request: TokenRequest.TokenRequest,
  now: number,
): TokenError.Reason => {
  const fields: typeof Refusal.Type =
    typeof body === "string" ? {} : Result.getOrElse(decodeRefusal(body), () => ({}));
  const error = errorCode(request, fields.error);
  const description = describe(request, fields.error_description ?? fields.message);
  const said = {
    status: answer.status,
    ...(error === undefined ? {} : { error }),
    ...(description === undefined ? {} : { description }),
  };
  return (
    unavailable(answer, now, error) ??
    (answer.status === 401 || error === "invalid_client" || error === "invalid_grant"
      ? new TokenError.CredentialsRejected(said)
      : new TokenError.RequestRejected(said))
  );
};

const decodeRefusal = Schema.decodeUnknownResult(Refusal);

/** A registered code in any case, so that no short secret hides it; another that repeats no secret. */
const errorCode = (request: TokenRequest.TokenRequest, error: unknown): string | undefined =>
  typeof error === "string" &&
  /^[\w.:/-]{1,64}$/.test(error) &&
  (registeredCodes.has(error) || !TokenRequest.mentions(request, error))
    ? error
    : undefined;

/** Codes of RFC 6749 §5.2, RFC 7009 §2.2.1 and RFC 8707 §2. */
const registeredCodes = new Set([
  "invalid_request",
  "invalid_client",
  "invalid_grant",
  "unauthorized_client",
  "unsupported_grant_type",
  "invalid_scope",
  "server_error",
  "temporarily_unavailable",
  "unsupported_token_type",
  "invalid_target",
]);

/**
 * At most 200 characters in one line, and nothing that could hide a part of the request: other
 * characters than printable ASCII, or a secret that lines or the cut divide.
 */
const describe = (request: TokenRequest.TokenRequest, text: unknown): string | undefined => {
  if (typeof text !== "string") return undefined;
  const beginning = text.slice(0, 300);
  const line = beginning.replaceAll(/[\r\n\t]+/g, " ");
  return /^[\x20-\x7e]+$/.test(line) &&
    !TokenRequest.mentions(request, beginning) &&
    !TokenRequest.mentions(request, beginning.replaceAll(/\s*[\r\n\t]\s*/g, ""))
    ? line.slice(0, 200).trim() || undefined
    : undefined;
};

/**
 * The server's clock by its `Date` header (RFC 9110 §6.6.1), in epoch milliseconds.
 *
 * @internal
 */
export const serverTime = (answer: Answer): number | undefined =>
  Result.match(Headers.parseHttpDate(answer.headers["date"] ?? ""), {
    onFailure: () => undefined,
    onSuccess: DateTime.toEpochMillis,
  });

const retryAfter = (headers: Headers.Headers, now: number): number | undefined => {
  const header = headers["retry-after"];
  if (header === undefined) return undefined;
  return Result.match(Headers.parseRetryAfter(header), {
    onFailure: () => undefined,
    onSuccess: (value) => {
      const millis = Duration.toMillis(Headers.retryAfterDelay(value, now));
      // Any number of digits is a valid header; not every such number is finite.
      return Math.min(millis, Number.MAX_SAFE_INTEGER);
    },
  });
};
