/**
 * Checks that a token endpoint makes before it issues a token.
 *
 * @since 0.1.0
 */
import * as HttpServerResponse from "effect/http/HttpServerResponse";
import * as Redacted from "effect/Redacted";
import * as ReceivedRequest from "./ReceivedRequest.ts";
import type * as TlsListener from "./TlsListener.ts";

/**
 * A token request with its decoded form.
 *
 * @since 0.1.0
 */
export interface TokenRequest {
  readonly received: ReceivedRequest.ReceivedRequest;
  readonly form: URLSearchParams;
  /** The client's certificate, and whether the emulator's authority issued it and it is valid now. */
  readonly peer: TlsListener.Peer;
}

/**
 * Returns the answer of a refusal, or `undefined` if the request passes.
 *
 * @since 0.1.0
 */
export type Check = (request: TokenRequest) => HttpServerResponse.HttpServerResponse | undefined;

/**
 * Makes an error answer of a token endpoint (RFC 6749 §5.2), status 400 by default.
 *
 * @since 0.1.0
 */
export const error = (
  code: string,
  description: string,
  options: { readonly status?: number; readonly headers?: Record<string, string> } = {},
): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.jsonUnsafe(
    { error: code, error_description: description },
    { status: options.status ?? 400, headers: { "cache-control": "no-store", ...options.headers } },
  );

/**
 * Requires a form POST without repeated fields (RFC 6749 §3.2).
 *
 * @since 0.1.0
 */
export const form: Check = ({ received, form }) => {
  if (received.method !== "POST") {
    return error("invalid_request", "the token endpoint takes POST", {
      status: 405,
      headers: { allow: "POST" },
    });
  }
  const contentType = ReceivedRequest.header(received, "content-type") ?? "";
  if (!/^application\/x-www-form-urlencoded *(;|$)/i.test(contentType)) {
    return error("invalid_request", "the body must be application/x-www-form-urlencoded");
  }
  if (new URLSearchParams(received.path.split("?")[1]).size > 0) {
    return error("invalid_request", "parameters belong in the body");
  }
  const repeated = [...form.keys()].find((name) => form.getAll(name).length > 1);
  return repeated === undefined ? undefined : error("invalid_request", `${repeated} is repeated`);
};

/**
 * Requires a grant type.
 *
 * @since 0.1.0
 */
export const grantType =
  (expected: "client_credentials" | "password"): Check =>
  ({ form }) => {
    const actual = form.get("grant_type");
    if (actual === null) return error("invalid_request", "grant_type is missing");
    return actual === expected
      ? undefined
      : error("unsupported_grant_type", `grant_type must be ${expected}`);
  };

/**
 * Requires a form field with this name and value, both case-sensitive.
 *
 * @since 0.1.0
 */
export const field =
  (
    name: string,
    expected: string | Redacted.Redacted,
    refusal: HttpServerResponse.HttpServerResponse = error(
      "invalid_request",
      `${name} is missing or wrong`,
    ),
  ): Check =>
  ({ form }) =>
    form.get(name) === (Redacted.isRedacted(expected) ? Redacted.value(expected) : expected)
      ? undefined
      : refusal;

/**
 * Refuses requests with an `Authorization` header.
 *
 * @since 0.1.0
 */
export const noAuthorization: Check = ({ received }) =>
  ReceivedRequest.header(received, "authorization") === undefined
    ? undefined
    : error("invalid_request", "this client does not authenticate with an Authorization header");

/**
 * Requires HTTP Basic with the plain Base64 of `id:secret` (RFC 7617).
 *
 * It refuses halves that are form-encoded first (RFC 6749 §2.3.1).
 *
 * @since 0.1.0
 */
export const basic = (
  credentials: { readonly clientId: string; readonly clientSecret: Redacted.Redacted },
  refusal: HttpServerResponse.HttpServerResponse = error(
    "invalid_client",
    "client authentication failed",
    {
      status: 401,
      headers: { "www-authenticate": "Basic" },
    },
  ),
): Check => {
  const expected = Buffer.from(
    `${credentials.clientId}:${Redacted.value(credentials.clientSecret)}`,
    "utf8",
  );
  return ({ received }) => {
    const encoded = /^basic +([A-Za-z0-9+/]+=*)$/i.exec(
      ReceivedRequest.header(received, "authorization") ?? "",
    )?.[1];
    return encoded !== undefined && Buffer.from(encoded, "base64").equals(expected)
      ? undefined
      : refusal;
  };
};

/**
 * Requires a trusted client certificate with this common name (RFC 8705 §2.1).
 *
 * A renewed certificate with the same name passes too.
 *
 * @since 0.1.0
 */
export const clientCertificate =
  (commonName: string): Check =>
  ({ peer }) => {
    if (peer.certificate === undefined)
      return certificateRefusal("a client certificate is required");
    if (!peer.trusted) return certificateRefusal("the client certificate is not trusted");
    return peer.certificate.subject.split("\n").includes(`CN=${commonName}`)
      ? undefined
      : certificateRefusal("the client certificate is not the registered one");
  };

const certificateRefusal = (description: string) =>
  error("invalid_client", description, { status: 401 });
