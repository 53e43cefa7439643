/** Checks the values of options. A problem never quotes the value. */
import * as Predicate from "effect/Predicate";
import * as Redacted from "effect/Redacted";
import * as Result from "effect/Result";
import * as Schema from "effect/Schema";
import type * as SchemaAST from "effect/SchemaAST";
import type { Method } from "../ClientAuth.ts";
import type { Secret } from "../Secret.ts";
import * as urls from "./url.ts";

type Problem = (text: string) => string | undefined;

export const lineProblem: Problem = (text) =>
  text.trim() === ""
    ? "is empty"
    : /\p{Cc}/u.test(text)
      ? "contains control characters"
      : undefined;

export const urlProblem: Problem = (text) =>
  lineProblem(text) ??
  (text === text.trim() ? undefined : "begins or ends with a blank") ??
  Result.match(urls.parse(text, { allowLoopbackHttp: true }), {
    onFailure: (problem) =>
      problem._tag === "PlainHttp" ? "is plain http; use https" : problem.problem,
    onSuccess: () => undefined,
  });

/** The problem of a URL without `unsafeAllowLoopbackHttp`. */
export const plainHttpProblem: Problem = (text) =>
  new URL(text).protocol === "http:"
    ? "is plain http; use https, or unsafeAllowLoopbackHttp in tests"
    : undefined;

const labelProblem: Problem = (text) =>
  /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i.test(text)
    ? undefined
    : "is not a label of a host name: letters, digits and hyphens";

const baseUrlProblem: Problem = (text) =>
  urlProblem(text) ??
  (/[?#]/.test(text)
    ? "contains a query or a fragment, behind which no path can follow"
    : undefined);

// The URL parser takes a pattern for a name, too.
export const hostProblem: Problem = (text) =>
  lineProblem(text) ??
  (!text.includes("*") &&
  URL.canParse(`https://${text}`) &&
  new URL(`https://${text}`).hostname === text.toLowerCase()
    ? undefined
    : "has an entry that is not a host name alone, such as auth.example.com");

const check = <T>(problem: (value: T) => string | undefined, kind: string): SchemaAST.Check<T> =>
  Schema.makeFilter(problem, { [kindAnnotation]: kind });

/** Names the annotation that marks URLs, to which `unsafeAllowLoopbackHttp` applies. */
export const kindAnnotation = "~@x/core/kind";

export const line = check(lineProblem, "text");
export const label = check(labelProblem, "text");
export const url = check(urlProblem, "url");
export const baseUrl = check(baseUrlProblem, "url");

/** Checks every entry of a list. */
export const each = (problem: Problem): SchemaAST.Check<ReadonlyArray<string>> =>
  check(
    (texts) => texts.map(problem).find(Predicate.isNotUndefined),
    problem === urlProblem ? "url" : "list",
  );

const secret = (problem: Problem): SchemaAST.Check<Redacted.Redacted | Secret> =>
  check(
    (value) => (Redacted.isRedacted(value) ? problem(Redacted.value(value)) : undefined),
    "secret",
  );

export const secretLine = secret(lineProblem);
export const secretText = secret((text) => (text.trim() === "" ? "is empty" : undefined));

export const isMethod = (value: unknown): value is Method<any> =>
  Predicate.hasProperty(value, "of") && typeof value.of === "function";
