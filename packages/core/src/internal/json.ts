/** Reading a JSON object from an answer, strictly, and saying what is wrong without quoting it. */
import * as SchemaIssue from "effect/SchemaIssue";
import type { Answer } from "./exchange.ts";

/** What a body is instead of a JSON object. */
export type Problem =
  | "truncated"
  | "not JSON"
  | "not a JSON object"
  | "a JSON object that names a member twice"
  | "JSON that is nested too deep"
  | "not UTF-8"
  | "not announced as JSON (content-type)";

/** The object in a body that is announced as JSON, or what is there instead. */
export const parse = (answer: Answer): object | Problem => {
  if (!/^application\/([\w.-]+\+)?json\s*(;|$)/i.test(answer.headers["content-type"] ?? "")) {
    return answer.body.byteLength === 0 ? "truncated" : "not announced as JSON (content-type)";
  }
  return parseAny(answer);
};

/** The same of a body that is announced as anything: enough for a refusal, and not for a grant. */
export const parseAny = (answer: Answer): object | Problem => {
  const text = decodeUtf8(answer.body, false);
  if (text === undefined) {
    // A body can end in the middle of a character.
    const begun = decodeUtf8(answer.body, true);
    return begun !== undefined && parseJson(begun) === undefined && isBeginning(begun)
      ? "truncated"
      : "not UTF-8";
  }
  const parsed = parseJson(text);
  if (parsed === undefined) return isBeginning(text) ? "truncated" : "not JSON";
  const { value } = parsed;
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (structureProblem(text) ?? value)
    : "not a JSON object";
};

/** The parser's own message quotes the text, so it is dropped. */
const parseJson = (text: string): { readonly value: unknown } | undefined => {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
};

/** Whether a text that is no JSON would be an object if it went on: a connection that broke leaves that. */
const isBeginning = (text: string): boolean => {
  if (text.trim() === "") return true;
  if (!text.trimStart().startsWith("{")) return false;
  const closers: Array<string> = [];
  let isInString = false;
  for (const [token] of text.matchAll(/\\.|["{}[\]]/gs)) {
    if (token === '"') isInString = !isInString;
    else if (isInString || token.startsWith("\\")) continue;
    else if (token === "{") closers.push("}");
    else if (token === "[") closers.push("]");
    else closers.pop();
  }
  const rest = closers.toReversed().join("");
  const ends = isInString ? endsOfString : endsOfValue;
  return rest !== "" && ends.some((end) => parseJson(`${text}${end}${rest}`) !== undefined);
};

// How a text can go on that stops inside a string (which may be a name), an escape, a literal, a
// number, or between two of them.
const endsOfString = ["", "n", "0", "00", "000", "0000"].flatMap((escape) => [
  `${escape}"`,
  `${escape}":0`,
]);
const endsOfValue = [
  "",
  "0",
  ":0",
  '"":0',
  "rue",
  "ue",
  "e",
  "alse",
  "lse",
  "se",
  "ull",
  "ll",
  "l",
];

/**
 * What the parser lets pass: it keeps the last of two members with one name, where a proxy or a log
 * may keep the first (RFC 8259 §4). Only for text that is valid JSON.
 */
const structureProblem = (text: string): Problem | undefined => {
  const names = new Set<string>();
  let depth = 0;
  let last = "";
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[[\]{}:]/g)) {
    if (token === "{" || token === "[") depth++;
    else if (token === "}" || token === "]") depth--;
    else if (token === ":" && depth === 1) {
      const name: string = JSON.parse(last);
      if (names.has(name)) return "a JSON object that names a member twice";
      names.add(name);
    }
    if (depth > 8) return "JSON that is nested too deep";
    last = token;
  }
  return undefined;
};

const decodeUtf8 = (bytes: Uint8Array, stream: boolean): string | undefined => {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream });
  } catch {
    return undefined;
  }
};

/** The first member that a schema error is about; its name is one of the schema's own. */
export const member = (error: { readonly issue: SchemaIssue.Issue }): string =>
  String(formatIssue(error.issue).issues[0]?.path?.[0] ?? "a member");

const formatIssue = SchemaIssue.makeFormatterStandardSchemaV1();
