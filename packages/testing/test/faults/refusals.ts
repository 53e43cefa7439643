/** Answers of other statuses, and errors of all shapes. */
import { secret } from "./acme.ts";
import {
  answer,
  canary,
  type Case,
  json,
  malformed,
  object,
  quote,
  short,
  valid,
  type Verdict,
} from "./cases.ts";

const bodies = [
  ["a valid token", valid, json],
  ["nothing", "", json],
  ["a page", `<title>${canary}</title>`, { "content-type": "text/html" }],
] as const;

const statuses: ReadonlyArray<readonly [status: number, verdict: Verdict]> = [
  ...[201, 202, 203, 206, 207, 226, 299].map((status) => [status, malformed] as const),
  ...[300, 301, 302, 303, 305, 307, 308, 399].map(
    (status) => [status, "ServerUntrusted redirect"] as const,
  ),
  [401, "CredentialsRejected"],
  ...[
    400, 402, 403, 404, 405, 406, 407, 409, 410, 411, 413, 414, 415, 418, 421, 422, 426, 428, 431,
    451, 499,
  ].map((status) => [status, "RequestRejected"] as const),
  ...[408, 425, 429, 500, 502, 503, 504, 507, 520, 521, 522, 523, 524, 525, 526, 527, 530, 599].map(
    (status) => [status, "ServerUnavailable status"] as const,
  ),
  ...[501, 505, 511].map((status) => [status, "RequestRejected"] as const),
];

const byStatus = statuses.flatMap(([status, verdict]) =>
  bodies.map(([what, body, headers]) =>
    answer(`${status} with ${what}`, verdict, body, status, headers),
  ),
);

const codes: ReadonlyArray<readonly [error: string, verdict: Verdict]> = [
  ...["invalid_client", "invalid_grant"].map(
    (code) => [quote(code), "CredentialsRejected"] as const,
  ),
  ...["server_error", "temporarily_unavailable"].map(
    (code) => [quote(code), "ServerUnavailable status"] as const,
  ),
  ...[
    "invalid_request",
    "invalid_scope",
    "unauthorized_client",
    "unsupported_grant_type",
    "access_denied",
    "slow_down",
  ].map((code) => [quote(code), "RequestRejected"] as const),
  ...[
    "null",
    "0",
    "[]",
    "{}",
    '["invalid_client"]',
    '{"code":"invalid_client"}',
    quote(""),
    quote(" "),
  ].map((code) => [code, "RequestRejected"] as const),
  ...[
    "INVALID_CLIENT",
    "invalid_client\n",
    "invalid client",
    `${canary} é`,
    `${canary}<b>`,
    secret,
    "x".repeat(65),
  ].map((code) => [quote(code), "RequestRejected"] as const),
];

/** What some servers send in every answer and mean nothing by. */
const nothing = new Set(["null", quote("")]);

const errors = codes.flatMap(([code, verdict]) => [
  answer(
    `200 with a token and error ${short(code)}`,
    nothing.has(code) ? "token" : verdict,
    object({ error: code }),
  ),
  ...[400, 403, 404].map((status) =>
    answer(`${status} with error ${short(code)}`, verdict, object({ error: code }), status),
  ),
  answer(`401 with error ${short(code)}`, "CredentialsRejected", object({ error: code }), 401),
  answer(`503 with error ${short(code)}`, "ServerUnavailable status", object({ error: code }), 503),
]);

const descriptions = [
  "null",
  "1",
  "[]",
  "{}",
  quote([canary]),
  quote({ a: canary }),
  quote("said-by-the-vendor\r\n"),
  quote("said-by-the-vendor é"),
  quote("said-by-the-vendor\0"),
  quote(`${canary} ${secret}`),
  quote(`${canary} ${Buffer.from(secret).toString("base64")}`),
  quote(`${canary} ${encodeURIComponent(secret)} client_secret`),
].flatMap((text) =>
  ["error_description", "message", "error_uri", "Message"].map((name) =>
    answer(`400 with ${name} ${short(text)}`, "RequestRejected", object({ [name]: text }), 400),
  ),
);

export const refusals: ReadonlyArray<Case> = [...byStatus, ...errors, ...descriptions];
