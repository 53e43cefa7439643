/**
 * The one error of this library: `TokenError`, which names the vendor, and its reasons.
 *
 * Reasons carry allow-listed scalars only: never a request, a response, a body, a header or the
 * error of a transport, so that an error can be logged, traced and serialised as it stands.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect";
import * as Predicate from "effect/Predicate";
import * as Schema from "effect/Schema";
import type { Failure } from "./internal/exchange.ts";

const answer = {
  /** HTTP status of the token endpoint's answer. */
  status: Schema.Int,
  /** Error code of RFC 6749 §5.2, where the answer had a well-formed one. */
  error: Schema.optionalKey(Schema.String),
  /** The vendor's `error_description`: printable ASCII, at most 200 characters, nothing of the request in it. */
  description: Schema.optionalKey(Schema.String),
};

const said = (reason: {
  readonly status: number;
  readonly error?: string;
  readonly description?: string;
}) =>
  [`HTTP ${reason.status}`, reason.error, reason.description && `"${reason.description}"`]
    .filter(Predicate.isTruthy)
    .join(" ");

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
  get isTransient(): boolean {
    return false;
  }
  override get message() {
    return `the authorization server refused the credentials (${said(this)}); check the client id and the secret, password, key or certificate that goes with it, and that they belong to this environment${skewed(this.clockSkew)}`;
  }
}

const skewed = (millis: number | undefined) =>
  millis === undefined
    ? ""
    : `; our clock is ${Math.round(Math.abs(millis) / 1000)} s ${millis > 0 ? "behind" : "ahead of"} the server's, which can make it refuse assertions: synchronise it`;

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
  get isTransient(): boolean {
    return false;
  }
  override get message() {
    return `the authorization server rejected the request (${said(this)}); check scope, audience, token URL and what the account is allowed to do`;
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
  get isTransient(): boolean {
    return true;
  }
  override get message() {
    const code = this.code === undefined ? "" : ` (${this.code})`;
    switch (this.problem) {
      case "dns":
        return `the host name could not be resolved${code}; check the host and the resolver`;
      case "connection":
        return `the connection failed${code}; check that the host and port can be reached and, over mutual TLS, that the server accepts this certificate`;
      case "timeout":
        return "no answer in time; the server or the network is slow or down";
      case "truncated":
        return `the answer ended before its end${code}`;
      case "status": {
        const wait =
          this.retryAfter === undefined
            ? ""
            : `, asked to wait ${Math.ceil(this.retryAfter / 1000)} s`;
        return `the server is unavailable (HTTP ${[this.status, this.error].filter(Predicate.isNotUndefined).join(" ")}${wait})`;
      }
    }
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
  get isTransient(): boolean {
    return false;
  }
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
  problem: Schema.Literals([
    "certificate",
    "redirect",
    "issuer",
    "origin",
    "plain-http",
    "alias-missing",
    "binding",
    "address",
  ]),
  /** The code of the TLS library, such as `CERT_HAS_EXPIRED`. */
  code: Schema.optionalKey(Schema.String),
  /** Scheme, host and port of the other side; never a path or a query. */
  origin: Schema.optionalKey(Schema.String),
}) {
  get isTransient(): boolean {
    return false;
  }
  override get message() {
    const origin = this.origin === undefined ? "" : ` ${this.origin}`;
    switch (this.problem) {
      case "certificate":
        return `the server's certificate is not trusted${this.code === undefined ? "" : ` (${this.code})`}; add the issuing CA if it is a private one, or check the host name`;
      case "redirect":
        return `the server redirects to${origin || " another place"}; credentials are never sent along: configure the final URL`;
      case "issuer":
        return "the discovery document names another issuer than the configured one (RFC 8414 §3.3); check the issuer, to the last character";
      case "origin":
        return `${this.origin ?? "another origin"} is not an origin of this vendor, so no credential is sent to it; add it to the options if it is`;
      case "plain-http":
        return `${this.origin ?? "the URL"} is plain http; use https`;
      case "binding":
        return "the token is bound to another certificate than the one that we show (RFC 8705 §3); a proxy on the way shows its own or strips ours, or the token came from another endpoint than the mutual-TLS alias";
      case "address":
        return "the host has no address that the HttpClient may connect to; check the issuer or URL and the name's DNS records, and allow the address if it is right";
      case "alias-missing":
        return "the discovery document has no mtls_endpoint_aliases entry for this endpoint (RFC 8705 §5), so the certificate would not be asked for";
    }
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
    problem: Schema.Literals([
      "missing",
      "unreadable",
      "passphrase",
      "mismatch",
      "expired",
      "not-yet-valid",
      "legacy-pfx",
      "refused",
    ]),
    /** Which option, and the path that it names: never contents. */
    source: Schema.String,
    /** What to do about it. */
    advice: Schema.String,
  },
) {
  get isTransient(): boolean {
    return false;
  }
  override get message() {
    return `the client certificate is unusable: ${this.source}: ${this.advice}`;
  }
}

/**
 * The API answered 401 to a token that had just been fetched. No further token is fetched on its
 * account for 30 s.
 *
 * @since 0.1.0
 */
export class TokenRefused extends Schema.TaggedError<TokenRefused>()("TokenRefused", {
  status: Schema.Int,
}) {
  get isTransient(): boolean {
    return false;
  }
  override get message() {
    return `the API refused a token that had just been fetched (HTTP ${this.status}); check that the environment, audience and scope of the token fit this API`;
  }
}

/**
 * An option cannot work. Found when the layer is built, before any request; only what a signer of
 * the user's own does wrong is found at its first signature.
 *
 * @since 0.1.0
 */
export class OptionInvalid extends Schema.TaggedError<OptionInvalid>()("OptionInvalid", {
  /** Name of the option, such as `clientId`. */
  option: Schema.String,
  /** What is wrong and what it should be; never the value. */
  problem: Schema.String,
}) {
  get isTransient(): boolean {
    return false;
  }
  override get message() {
    return `option ${this.option} ${this.problem}`;
  }
}

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

/**
 * @since 0.1.0
 */
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
    return this.reason.isTransient;
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
 * Names the vendor in an effect's reasons.
 *
 * @since 0.1.0
 */
export const withProvider =
  (provider: string) =>
  <A, R>(self: Effect.Effect<A, Reason, R>): Effect.Effect<A, TokenError, R> =>
    Effect.mapError(self, (reason) => new TokenError({ provider, reason }));

/**
 * The reason behind an exchange that brought no answer.
 *
 * @internal
 */
export const reasonOf = (failure: Failure, certificate?: string): Reason => {
  switch (failure._tag) {
    case "Timeout":
      return new ServerUnavailable({ problem: "timeout" });
    case "Redirected":
      return new ServerUntrusted({ problem: "redirect", origin: failure.origin });
    case "TooLarge":
      return new ResponseMalformed({ problem: `it is larger than ${failure.limit} bytes` });
    case "Truncated":
      return new ServerUnavailable({ problem: "truncated", ...codeOf(failure.codes[0]) });
    case "Transport": {
      const untrusted = failure.codes.find((code) => serverCertificateCodes.has(code));
      if (untrusted !== undefined) {
        return new ServerUntrusted({ problem: "certificate", code: untrusted });
      }
      if (failure.codes.includes("ERR_IP_BLOCKED")) {
        return new ServerUntrusted({ problem: "address" });
      }
      const alert = failure.codes
        .map((code) => certificateAlert.exec(code)?.[1])
        .find(Predicate.isNotUndefined);
      if (alert !== undefined && certificate !== undefined) {
        return new CertificateUnusable({
          problem: "refused",
          source: certificate,
          advice: `the server refused it: ${alert.toLowerCase().replaceAll("_", " ")}; check that it is the one registered for this environment`,
        });
      }
      const dns = failure.codes.find((code) => code === "ENOTFOUND" || code.startsWith("EAI_"));
      return new ServerUnavailable(
        dns === undefined
          ? { problem: "connection", ...codeOf(failure.codes[0]) }
          : { problem: "dns", code: dns },
      );
    }
  }
};

const codeOf = (code: string | undefined) => (code === undefined ? {} : { code });

// X509_verify_cert's results as Node names them, and its own check of the host name.
const serverCertificateCodes = new Set([
  "CERT_CHAIN_TOO_LONG",
  "CERT_HAS_EXPIRED",
  "CERT_NOT_YET_VALID",
  "CERT_REJECTED",
  "CERT_REVOKED",
  "CERT_SIGNATURE_FAILURE",
  "CERT_UNTRUSTED",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "ERR_TLS_CERT_ALTNAME_INVALID",
  "HOSTNAME_MISMATCH",
  "INVALID_CA",
  "INVALID_PURPOSE",
  "PATH_LENGTH_EXCEEDED",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_DECRYPT_CERT_SIGNATURE",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
]);

// The alerts of RFC 8446 §6.2 with which a server refuses a client's certificate.
const certificateAlert =
  /_ALERT_(UNKNOWN_CA|BAD_CERTIFICATE|UNSUPPORTED_CERTIFICATE|CERTIFICATE_REVOKED|CERTIFICATE_EXPIRED|CERTIFICATE_UNKNOWN|CERTIFICATE_REQUIRED|ACCESS_DENIED|HANDSHAKE_FAILURE)$/;
