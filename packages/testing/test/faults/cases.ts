/** Answers of a token endpoint and the result that a caller must get. */
import * as TokenServer from "@x/testing/TokenServer";

/** The result that a caller gets. */
export type Verdict =
  | "token"
  | "CredentialsRejected"
  | "RequestRejected"
  | "ResponseMalformed"
  | "ServerUnavailable status"
  | "ServerUnavailable truncated"
  | "ServerUntrusted redirect";

export interface Case {
  readonly name: string;
  readonly answer: TokenServer.Answer;
  readonly verdict: Verdict;
}

/** Text in every body that must not appear in an error. */
export const canary = "canary-of-the-body";

export const malformed = "ResponseMalformed";
export const truncated = "ServerUnavailable truncated";

export const json = { "content-type": "application/json" };

export const answer = (
  name: string,
  verdict: Verdict,
  body: string | Uint8Array,
  status = 200,
  headers: Readonly<Record<string, string | ReadonlyArray<string>>> = json,
): Case => ({ name, verdict, answer: TokenServer.respond(body, { status, headers }) });

export const quote = (value: unknown) => JSON.stringify(value);
/** Shortens a text for a test name. */
export const short = (text: string) =>
  text.length > 70 ? `${text.slice(0, 40)}… (${text.length} characters)` : text;

const members: Readonly<Record<string, string>> = {
  access_token: quote("token"),
  token_type: quote("Bearer"),
  expires_in: "3600",
  hint: quote(canary),
};

/** Makes a valid answer with changed members, given as JSON texts; `undefined` removes one. */
export const object = (changes: Readonly<Record<string, string | undefined>> = {}): string =>
  `{${Object.entries({ ...members, ...changes })
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${quote(name)}:${value}`)
    .join(",")}}`;

export const valid = object();
