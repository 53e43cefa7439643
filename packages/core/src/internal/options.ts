/** What every provider's options must satisfy before anything is built from them. */
import * as Redacted from "effect/Redacted";
import * as Result from "effect/Result";
import * as url from "./url.ts";

/** Which option, and what is wrong with it. */
export type Problem = url.UrlProblem & { readonly option: string };

const urls = new Set(["tokenUrl", "apiUrl", "issuer"]);

const bases = new Set(["apiUrl", "issuer"]);

/** The first option that cannot work: missing or empty, with control characters, or an unsafe URL. */
export const firstProblem = (
  options: object,
  required: ReadonlyArray<string>,
  allowLoopbackHttp: boolean,
): Problem | undefined => {
  const values: ReadonlyArray<[string, unknown]> = Object.entries(options);
  for (const option of required) {
    if (!values.some(([name, value]) => name === option && value !== undefined)) {
      return invalid(option, "is missing");
    }
  }
  for (const [option, value] of values) {
    for (const one of Array.isArray(value) ? value : [value]) {
      const text: unknown = Redacted.isRedacted(one) ? Redacted.value(one) : one;
      if (typeof text !== "string") continue;
      if (text.trim() === "") return invalid(option, "is empty");
      if (/\p{Cc}/u.test(text)) return invalid(option, "contains control characters");
      if (option === "endpointHosts" && !isHostName(text)) {
        return invalid(
          option,
          "has an entry that is not a host name alone, such as auth.example.com",
        );
      }
      if (urls.has(option) || option === "apiOrigins") {
        const parsed = url.parse(text, { allowLoopbackHttp });
        if (Result.isFailure(parsed)) return { ...parsed.failure, option };
        if (bases.has(option) && /[?#]/.test(text)) {
          return invalid(option, "contains a query or a fragment, behind which no path can follow");
        }
      }
    }
  }
  return undefined;
};

// The URL parser takes a pattern for a name, too.
const isHostName = (text: string): boolean =>
  !text.includes("*") &&
  URL.canParse(`https://${text}`) &&
  new URL(`https://${text}`).hostname === text.toLowerCase();

const invalid = (option: string, problem: string): Problem => ({
  _tag: "Invalid",
  option,
  problem,
});
