/** Checks URLs before a credential can go there. */
import * as Result from "effect/Result";

/** What is wrong with a URL. */
export type UrlProblem =
  | { readonly _tag: "PlainHttp"; readonly origin: string }
  | { readonly _tag: "Invalid"; readonly problem: string };

const invalid = (problem: string) => Result.fail<UrlProblem>({ _tag: "Invalid", problem });

// Parameters that carry a credential, by the names of RFC 6749, RFC 6750 and RFC 7523.
const credentialNames =
  /^(access_token|client_secret|client_assertion|password|refresh_token|assertion|code|api_?key|token|secret)$/i;

/** Parses an absolute https URL without user info, credentials and fragment. It takes http on loopback only, if allowed. */
export const parse = (
  text: string,
  options: { readonly allowLoopbackHttp: boolean },
): Result.Result<URL, UrlProblem> => {
  if (!URL.canParse(text)) return invalid("is not an absolute URL");
  const url = new URL(text);
  if (url.username !== "" || url.password !== "") {
    return invalid("contains user info; credentials have options of their own");
  }
  if (Array.from(url.searchParams.keys()).some((name) => credentialNames.test(name))) {
    return invalid("contains a credential in its query; credentials have options of their own");
  }
  if (url.hash !== "") return invalid("contains a fragment");
  if (url.protocol === "https:") return Result.succeed(url);
  if (url.protocol !== "http:") return invalid("is not an https URL");
  return options.allowLoopbackHttp && isLoopback(url.hostname)
    ? Result.succeed(url)
    : Result.fail<UrlProblem>({ _tag: "PlainHttp", origin: url.origin });
};

const isLoopback = (hostname: string): boolean =>
  hostname === "localhost" || hostname === "[::1]" || /^127(\.\d{1,3}){3}$/.test(hostname);
