/** The texts of the reasons: what happened, and what to do about it. */
import * as Predicate from "effect/Predicate";

const said = (reason: {
  readonly status: number;
  readonly error?: string;
  readonly description?: string;
}) =>
  [`HTTP ${reason.status}`, reason.error, reason.description && `"${reason.description}"`]
    .filter(Predicate.isTruthy)
    .join(" ");

export const credentialsRejected = (reason: {
  readonly status: number;
  readonly error?: string;
  readonly description?: string;
  readonly clockSkew?: number;
}): string =>
  `the authorization server refused the credentials (${said(reason)}); check the client id and the secret, password, key or certificate that goes with it, and that they belong to this environment${skewed(reason.clockSkew)}`;

const skewed = (millis: number | undefined) =>
  millis === undefined
    ? ""
    : `; our clock is ${Math.round(Math.abs(millis) / 1000)} s ${millis > 0 ? "behind" : "ahead of"} the server's, which can make it refuse assertions: synchronise it`;

export const requestRejected = (reason: {
  readonly status: number;
  readonly error?: string;
  readonly description?: string;
}): string =>
  `the authorization server rejected the request (${said(reason)}); check scope, audience, token URL and what the account is allowed to do`;

export const serverUnavailable = (reason: {
  readonly problem: "dns" | "connection" | "timeout" | "truncated" | "status";
  readonly code?: string;
  readonly status?: number;
  readonly error?: string;
  readonly retryAfter?: number;
}): string => {
  const code = reason.code === undefined ? "" : ` (${reason.code})`;
  switch (reason.problem) {
    case "dns":
      return `the host name could not be resolved${code}; check the host and the resolver`;
    case "connection":
      return `the connection failed${code}; check that the host and port can be reached and, over mutual TLS, that the server accepts this certificate`;
    case "timeout":
      return "no answer in time; the server or the network is slow or down";
    case "truncated":
      return `the answer was cut off${code}`;
    case "status": {
      const wait =
        reason.retryAfter === undefined
          ? ""
          : `, asked to wait ${Math.ceil(reason.retryAfter / 1000)} s`;
      return `the server is unavailable (HTTP ${[reason.status, reason.error].filter(Predicate.isNotUndefined).join(" ")}${wait})`;
    }
  }
};

export const untrustedProblems = [
  "certificate",
  "redirect",
  "issuer",
  "origin",
  "plain-http",
  "alias-missing",
  "binding",
  "address",
] as const;

export const certificateProblems = [
  "missing",
  "unreadable",
  "passphrase",
  "mismatch",
  "expired",
  "not-yet-valid",
  "legacy-pfx",
  "refused",
] as const;

export const serverUntrusted = (reason: {
  readonly problem: (typeof untrustedProblems)[number];
  readonly code?: string;
  readonly origin?: string;
}): string => {
  const origin = reason.origin === undefined ? "" : ` ${reason.origin}`;
  switch (reason.problem) {
    case "certificate":
      return `the server's certificate is not trusted${reason.code === undefined ? "" : ` (${reason.code})`}; add the issuing CA if it is a private one, or check the host name`;
    case "redirect":
      return `the server redirects to${origin || " another place"}; credentials are never sent along: configure the final URL`;
    case "issuer":
      return "the discovery document names another issuer than the configured one (RFC 8414 §3.3); check the issuer, to the last character";
    case "origin":
      return `${reason.origin ?? "another origin"} is not an origin of this vendor, so no credential is sent to it; add it to the options if it is`;
    case "plain-http":
      return `${reason.origin ?? "the URL"} is plain http; use https`;
    case "binding":
      return "the token is bound to another certificate than the one that we show (RFC 8705 §3); a proxy on the way shows its own or strips ours, or the token came from another endpoint than the mutual-TLS alias";
    case "address":
      return "the host has no address that the HttpClient may connect to; check the issuer or URL and the name's DNS records, and allow the address if it is right";
    case "alias-missing":
      return "the discovery document has no mtls_endpoint_aliases entry for this endpoint (RFC 8705 §5), so the certificate would not be asked for";
  }
};

export const optionInvalid = (
  problems: ReadonlyArray<{
    readonly option: string;
    readonly problem: string;
    readonly key?: string;
  }>,
): string => {
  const each = problems.map(({ option, problem, key }) => `${key ?? option} ${problem}`);
  const noun = problems[0]?.key === undefined ? "option" : "key";
  return each.length === 1
    ? `${noun} ${each[0]}`
    : `${each.length} ${noun}s cannot work: ${each.join("; ")}`;
};
