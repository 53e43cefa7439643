/** Tells what the answer of an authorization server means: a token or a reason (RFC 6749 §5). */
import * as Redacted from "effect/Redacted";
import * as Result from "effect/Result";
import * as Schema from "effect/Schema";
import * as SchemaTransformation from "effect/SchemaTransformation";
import * as TokenError from "../TokenError.ts";
import type { TokenRequest } from "../TokenRequest.ts";
import * as httpDate from "./httpDate.ts";
import * as json from "./json.ts";
import type { Answer } from "./post.ts";
import * as wire from "./wire.ts";

/** What a vendor's answers have besides RFC 6749. */
export interface Dialect {
  /** Token types that count, in any case; `"any"` looks at none. */
  readonly tokenType: ReadonlyArray<string> | "any";
  readonly extra: Schema.ConstraintDecoder<unknown> | undefined;
}

/** What was granted. */
export interface Granted {
  readonly value: Redacted.Redacted;
  readonly scope: string | undefined;
  /** Milliseconds; `undefined` when the answer does not tell. */
  readonly lifetime: number | undefined;
  readonly refreshToken: Redacted.Redacted | undefined;
  readonly extra: unknown;
}

const Digits = Schema.String.check(Schema.isPattern(/^\d{1,20}$/)).pipe(
  Schema.decodeTo(Schema.Finite, SchemaTransformation.numberFromString),
);

/** `expires_in`: seconds as a finite number, or as a string of digits, which many servers send. */
const Seconds = Schema.Union([Schema.Finite, Digits]).check(Schema.isGreaterThanOrEqualTo(0));

const maybe = <S extends Schema.Constraint>(schema: S) => Schema.optionalKey(Schema.NullOr(schema));

/** A successful answer (RFC 6749 §5.1). The token is 1 to 16,384 characters of 0x21 to 0x7E. */
const Success = Schema.Struct({
  access_token: Schema.String.check(Schema.isPattern(/^[\x21-\x7e]{1,16384}$/)),
  token_type: maybe(Schema.String),
  expires_in: maybe(Seconds),
  scope: maybe(Schema.String.check(Schema.isPattern(/^[\x20-\x7e]{0,4096}$/))),
  refresh_token: Schema.optionalKey(Schema.Unknown),
});

const decodeSuccess = Schema.decodeUnknownResult(Success);

/** Reads the answer to a token request. `now` is in epoch milliseconds, for a `Retry-After` that is a date. */
export const token = (
  { tokenType, extra }: Dialect,
  answer: Answer,
  request: TokenRequest,
  now: number,
): Result.Result<Granted, TokenError.Reason> => {
  if (answer.status < 200 || answer.status > 299) {
    return Result.fail(refusal(answer, request, now));
  }
  if (answer.status !== 200) {
    return Result.fail(
      malformed(`its status is ${answer.status}, where RFC 6749 §5.1 has 200`, answer.status),
    );
  }
  const parsed = json.parse(answer);
  if (typeof parsed === "string") return Result.fail(unreadable(parsed, answer.status));
  // Some servers report errors with status 200; a token beside an error is not to be trusted. Others
  // send an empty error in every answer and mean nothing by it.
  const error: unknown = Reflect.get(parsed, "error");
  if (error != null && error !== "") return Result.fail(refused(answer, parsed, request, now));
  const decoded = decodeSuccess(parsed);
  if (Result.isFailure(decoded)) return Result.fail(notAllowed(decoded.failure, answer.status));
  const { success } = decoded;
  if (tokenType !== "any" && !isTokenType(tokenType, success.token_type)) {
    return Result.fail(notAllowed("token_type", answer.status));
  }
  // An empty struct would let the whole answer pass.
  const further =
    extra === undefined ? Result.succeed({}) : Schema.decodeUnknownResult(extra)(parsed);
  if (Result.isFailure(further)) return Result.fail(notAllowed(further.failure, answer.status));
  return Result.succeed({
    value: Redacted.make(success.access_token),
    scope: success.scope ?? undefined,
    lifetime: success.expires_in == null ? undefined : Math.floor(success.expires_in * 1000),
    // Some servers send an empty one, which must not cost us the access token.
    refreshToken:
      typeof success.refresh_token === "string" &&
      /^[\x20-\x7e]{1,16384}$/.test(success.refresh_token)
        ? Redacted.make(success.refresh_token)
        : undefined,
    extra: further.success,
  });
};

const isTokenType = (allowed: ReadonlyArray<string>, given: string | null | undefined): boolean => {
  const type = given?.replace(/ +$/, "").toLowerCase();
  return allowed.some((one) => one.toLowerCase() === type);
};

const notAllowed = (error: Schema.SchemaError | string, status: number) =>
  malformed(
    `${typeof error === "string" ? error : json.member(error)} is missing or not what RFC 6749 §5.1 allows`,
    status,
  );

const malformed = (problem: string, status: number) =>
  new TokenError.ResponseMalformed({ problem, status });

/**
 * Returns the reason for a body that is not a JSON object. A body that stops before its end is
 * transient: a broken connection leaves it when the length was not announced.
 */
export const unreadable = (problem: json.Problem, status: number): TokenError.Reason =>
  problem === "truncated"
    ? new TokenError.ServerUnavailable({ problem: "truncated", status })
    : malformed(`it is ${problem}`, status);

/** Recognises a redirect, which is never followed. Browsers turn it into status 0. */
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
    // "null" is also the origin of a `data:` URL.
    ...(target === "null" ? {} : { origin: target }),
  });
};

/** Recognises answers after which the same request may succeed, by status and error code. */
export const unavailable = (
  answer: Answer,
  now: number,
  error?: string,
): TokenError.ServerUnavailable | undefined => {
  const { status } = answer;
  const isTransient =
    status === 408 ||
    status === 425 ||
    status === 429 ||
    (status >= 500 && status !== 501 && status !== 505 && status !== 511) ||
    // A 401 is about the credentials, whatever its code: trying it again can lock an account.
    (status !== 401 && (error === "server_error" || error === "temporarily_unavailable"));
  if (!isTransient) return undefined;
  const wait = httpDate.retryAfter(answer.headers, now);
  return new TokenError.ServerUnavailable({
    problem: "status",
    status,
    ...(error === undefined ? {} : { error }),
    ...(wait === undefined ? {} : { retryAfter: wait }),
  });
};

/** Returns the reason for an answer without a token: a redirect, a passing fault or a refusal. */
export const refusal = (answer: Answer, request: TokenRequest, now: number): TokenError.Reason =>
  redirection(answer, request.url) ?? refused(answer, json.parseAny(answer), request, now);

const refused = (
  answer: Answer,
  body: object | json.Problem,
  request: TokenRequest,
  now: number,
): TokenError.Reason => {
  // Gateways send a `message` in place of `error_description`.
  const field = (name: string): unknown =>
    typeof body === "string" ? undefined : Reflect.get(body, name);
  const error = errorCode(request, field("error"));
  const description = describe(request, field("error_description") ?? field("message"));
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

/** Returns a registered code even if it repeats a short secret, and any other code only if it repeats none. */
const errorCode = (request: TokenRequest, error: unknown): string | undefined =>
  typeof error === "string" &&
  /^[\w.:/-]{1,64}$/.test(error) &&
  (registeredCodes.has(error) || !wire.mentions(request, error))
    ? error
    : undefined;

/** Codes of RFC 6749 §5.2, RFC 7009 §2.2.1 and RFC 8707 §2. */
const registeredCodes = new Set(
  `
  invalid_request invalid_client invalid_grant unauthorized_client unsupported_grant_type
  invalid_scope server_error temporarily_unavailable unsupported_token_type invalid_target
  `
    .trim()
    .split(/\s+/),
);

/**
 * Returns at most 200 characters in one line. Drops text that could hide a part of the request: other
 * characters than printable ASCII, or a secret that line ends or the cut divide.
 */
const describe = (request: TokenRequest, text: unknown): string | undefined => {
  if (typeof text !== "string") return undefined;
  const beginning = text.slice(0, 300);
  const line = beginning.replaceAll(/[\r\n\t]+/g, " ");
  return /^[\x20-\x7e]+$/.test(line) &&
    !wire.mentions(request, beginning) &&
    !wire.mentions(request, beginning.replaceAll(/\s*[\r\n\t]\s*/g, ""))
    ? line.slice(0, 200).trim() || undefined
    : undefined;
};
