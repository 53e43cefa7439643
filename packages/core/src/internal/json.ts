/** Reads the JSON object of an answer, and says what is wrong without quoting it. */
import * as SchemaIssue from "effect/SchemaIssue";
import type { Answer } from "./post.ts";

/** What a body is instead of a JSON object. */
export type Problem =
  | "truncated"
  | "not JSON"
  | "not a JSON object"
  | "not announced as JSON (content-type)";

/** Returns the object in a body that is announced as JSON, or what the body is instead. */
export const parse = (answer: Answer): object | Problem =>
  answer.body.byteLength === 0 ||
  /^application\/([\w.-]+\+)?json\s*(;|$)/i.test(answer.headers["content-type"] ?? "")
    ? parseAny(answer)
    : "not announced as JSON (content-type)";

/** Returns the object in a body of any content type, which is enough for a refusal but not for a token. */
export const parseAny = (answer: Answer): object | Problem => {
  let text: string;
  try {
    // `stream` lets a body stop inside a character, as truncated ones do.
    text = new TextDecoder("utf-8", { fatal: true }).decode(answer.body, { stream: true }).trim();
  } catch {
    return "not JSON";
  }
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? value
      : "not a JSON object";
  } catch {
    // The parser's own message quotes the text, so it is dropped. A connection that broke leaves the
    // beginning of an object, or nothing.
    return text === "" || (text.startsWith("{") && !text.endsWith("}")) ? "truncated" : "not JSON";
  }
};

/** Names the first member that a schema error is about. */
export const member = (error: { readonly issue: SchemaIssue.Issue }): string =>
  String(formatIssue(error.issue).issues[0]?.path?.[0] ?? "a member");

const formatIssue = SchemaIssue.makeFormatterStandardSchemaV1();
