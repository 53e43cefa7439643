/**
 * The one error of this library: `TokenError`, which names the vendor, and its reasons.
 *
 * Reasons carry allow-listed scalars only: never a request, a response, a body, a header or the
 * error of a transport, so that an error can be logged, traced and serialised.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect";
import * as Predicate from "effect/Predicate";
import * as Schema from "effect/Schema";
import * as messages from "./internal/messages.ts";

const answer = {
  /** HTTP status of the token endpoint's answer. */
  status: Schema.Int,
  /** Error code of RFC 6749 §5.2, where the answer had a well-formed one. */
  error: Schema.optionalKey(Schema.String),
  /** The vendor's `error_description`: printable ASCII, at most 200 characters, nothing of the request in it. */
  description: Schema.optionalKey(Schema.String),
};

/**
 * The vendor does not accept these credentials: `invalid_client`, `invalid_grant`, or any 401 from
 * the token endpoint (RFC 6749 §5.2).
 *
 * @since 0.1.0
 */
export class CredentialsRejected extends Schema.TaggedError<CredentialsRejected>()(
  "CredentialsRejected",
  {
    ...answer,
    /** Milliseconds by which the server's `Date` is ahead of our clock, where assertions depend on it. */
    clockSkew: Schema.optionalKey(Schema.Finite),
  },
) {
  override get message() {
    return messages.credentialsRejected(this);
  }
}

/**
 * The vendor understood the credentials but not this request: `invalid_scope`,
 * `unauthorized_client`, `unsupported_grant_type`, 403 and the other 4xx (RFC 6749 §5.2).
 *
 * @since 0.1.0
 */
export class RequestRejected extends Schema.TaggedError<RequestRejected>()(
  "RequestRejected",
  answer,
) {
  override get message() {
    return messages.requestRejected(this);
  }
}

/**
 * No usable answer for now: no connection, a time-out, a truncated answer, 408, 425, 429 or 5xx.
 * The only transient reason.
 *
 * @since 0.1.0
 */
export class ServerUnavailable extends Schema.TaggedError<ServerUnavailable>()(
  "ServerUnavailable",
  {
    /** What happened, from a closed set. */
    problem: Schema.Literals(["dns", "connection", "timeout", "truncated", "status"]),
    /** The operating system's or HTTP client's code, such as `ECONNREFUSED`. */
    code: Schema.optionalKey(Schema.String),
    status: Schema.optionalKey(Schema.Int),
    error: Schema.optionalKey(Schema.String),
    /** How long the server asks us to wait (`Retry-After`, RFC 9110 §10.2.3), in milliseconds. */
    retryAfter: Schema.optionalKey(Schema.Finite),
  },
) {
  override get message() {
    return messages.serverUnavailable(this);
  }
}

/**
 * An answer that is not a valid token response or discovery document. Nothing of the answer is kept.
 *
 * @since 0.1.0
 */
export class ResponseMalformed extends Schema.TaggedError<ResponseMalformed>()(
  "ResponseMalformed",
  {
    /** What is wrong, in our words: never text from the answer. */
    problem: Schema.String,
    status: Schema.optionalKey(Schema.Int),
  },
) {
  override get message() {
    return `the answer is not usable: ${this.problem}; check that the URL is the token endpoint (or issuer) and not a proxy's or login page`;
  }
}

/**
 * We will not talk to this server: its certificate, a redirect, an issuer or origin mismatch, plain
 * http, or an address that the `HttpClient` must not connect to.
 *
 * @since 0.1.0
 */
export class ServerUntrusted extends Schema.TaggedError<ServerUntrusted>()("ServerUntrusted", {
  problem: Schema.Literals(messages.untrustedProblems),
  /** The code of the TLS library, such as `CERT_HAS_EXPIRED`. */
  code: Schema.optionalKey(Schema.String),
  /** Scheme, host and port of the other side; never a path or a query. */
  origin: Schema.optionalKey(Schema.String),
}) {
  override get message() {
    return messages.serverUntrusted(this);
  }
}

/**
 * Our own client certificate cannot be used: missing, unreadable, wrong passphrase, key mismatch,
 * expired, not yet valid, a PFX with retired ciphers, or refused by the server in the handshake.
 *
 * @since 0.1.0
 */
export class CertificateUnusable extends Schema.TaggedError<CertificateUnusable>()(
  "CertificateUnusable",
  {
    problem: Schema.Literals(messages.certificateProblems),
    /** Which option, and the path that it names: never contents. */
    source: Schema.String,
    /** What to do about it. */
    advice: Schema.String,
  },
) {
  override get message() {
    return `the client certificate is unusable: ${this.source}: ${this.advice}`;
  }
}

/**
 * The API answered 401, and no other token helped: the next one was refused too, or none was fetched
 * because two were replaced at once and one every 30 s since.
 *
 * @since 0.1.0
 */
export class TokenRefused extends Schema.TaggedError<TokenRefused>()("TokenRefused", {
  status: Schema.Int,
}) {
  override get message() {
    return `the API refused the token (HTTP ${this.status}), and no other token helped; check that the environment, audience and scope of the token fit this API`;
  }
}

/**
 * One problem with one option.
 *
 * @since 0.1.0
 */
export const OptionProblem = Schema.Struct({
  /** Name of the option, such as `clientId`. */
  option: Schema.String,
  /** What is wrong and what it should be; never the value. */
  problem: Schema.String,
  /** The `Config` key that the option was read from, such as `ACME_CLIENT_ID`. */
  key: Schema.optionalKey(Schema.String),
});

/**
 * Options cannot work. All problems stand in one error, which comes before any request.
 *
 * @since 0.1.0
 */
export class OptionInvalid extends Schema.TaggedError<OptionInvalid>()("OptionInvalid", {
  problems: Schema.NonEmptyArray(OptionProblem),
}) {
  override get message() {
    return messages.optionInvalid(this.problems);
  }
}

/**
 * Makes the reason for one option that cannot work.
 *
 * @since 0.1.0
 */
export const optionInvalid = (option: string, problem: string): OptionInvalid =>
  new OptionInvalid({ problems: [{ option, problem }] });

/**
 * A credential could not be had: the KMS, the secret manager, the file or the subject token that it
 * comes from failed. Nothing was sent.
 *
 * @since 0.1.0
 */
export class CredentialUnavailable extends Schema.TaggedError<CredentialUnavailable>()(
  "CredentialUnavailable",
  {
    /** What is missing and where it comes from, such as `signing key (AWS KMS)`: never contents. */
    credential: Schema.String,
    /** What happened and what to do: never contents. */
    problem: Schema.String,
    /** Whether the same call may succeed later without anybody changing anything. */
    isTransient: Schema.Boolean,
  },
) {
  override get message() {
    return `the ${this.credential} could not be had: ${this.problem}`;
  }
}

/**
 * Everything that can be wrong.
 *
 * @since 0.1.0
 */
export const Reason = Schema.Union([
  CredentialsRejected,
  RequestRejected,
  ServerUnavailable,
  ResponseMalformed,
  ServerUntrusted,
  CertificateUnusable,
  TokenRefused,
  OptionInvalid,
  CredentialUnavailable,
]);

/** @since 0.1.0 */
export type Reason = typeof Reason.Type;

/**
 * The error of every operation: which vendor, and why.
 *
 * Recover by reason with `Effect.catchReason("TokenError", "ServerUnavailable", …)`.
 *
 * @since 0.1.0
 */
export class TokenError extends Schema.TaggedError<TokenError>()("TokenError", {
  /** The vendor's name, as its definition gives it. */
  provider: Schema.String,
  reason: Reason,
}) {
  override get message() {
    return `${this.provider}: ${this.reason.message}`;
  }
  /** Whether the same call may succeed later without anybody changing anything. */
  get isTransient(): boolean {
    return isTransient(this.reason);
  }
  /** Milliseconds that the server asked us to wait, if it did. */
  get retryAfter(): number | undefined {
    return "retryAfter" in this.reason ? this.reason.retryAfter : undefined;
  }
  override toJSON(): unknown {
    return {
      _tag: this._tag,
      provider: this.provider,
      message: this.message,
      reason: { ...this.reason },
    };
  }
}

/**
 * Tests whether the same call may succeed later without anybody changing anything.
 *
 * @since 0.1.0
 */
export const isTransient = (reason: Reason): boolean =>
  reason._tag === "ServerUnavailable" ||
  (reason._tag === "CredentialUnavailable" && reason.isTransient);

/**
 * Names the vendor in an effect's reasons.
 *
 * @since 0.1.0
 */
export const withProvider =
  (provider: string) =>
  <A, R>(self: Effect.Effect<A, Reason, R>): Effect.Effect<A, TokenError, R> =>
    Effect.mapError(self, (reason) => new TokenError({ provider, reason }));

/**
 * Finds the `TokenError` behind the error of a `plainHttpClient`, which has an `HttpClientError`
 * with the `TokenError` as its cause.
 *
 * @since 0.1.0
 */
export const causeOf = (error: unknown): TokenError | undefined => {
  let cause = error;
  for (let depth = 0; depth < 8 && Predicate.isObject(cause); depth++) {
    if (cause instanceof TokenError) return cause;
    cause = "reason" in cause ? cause.reason : "cause" in cause ? cause.cause : undefined;
  }
  return undefined;
};
