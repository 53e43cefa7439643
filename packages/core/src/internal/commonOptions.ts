/** The options that every vendor has, at run time. */
import * as Schema from "effect/Schema";
import * as Options from "../Options.ts";
import type { RefreshPolicy } from "../RefreshPolicy.ts";

export const commonFields = (environments: ReadonlyArray<string>): Options.Common<string> => ({
  environment: Options.oneOf(...environments).annotate({
    description: environments.map((name) => `\`${name}\``).join(" or "),
  }),
  tokenUrl: Options.optional(Options.Url).annotate({
    description: "token endpoint, in place of the environment's",
  }),
  apiUrl: Options.optional(Options.BaseUrl).annotate({
    description: "base URL of the API, in place of the environment's",
  }),
  apiOrigins: Options.optional(Options.Origins).annotate({
    description: "further origins that API calls may go to, separated by commas",
  }),
  refresh: Options.optional(
    Schema.declare(isPolicy, { expected: "a RefreshPolicy; make one with RefreshPolicy.make" }),
  ),
  requireGrantedScope: Options.Flag.annotate({
    description: "fails where the vendor grants less scope than was asked for",
  }),
  unsafeAllowLoopbackHttp: Options.Flag.annotate({
    description: "accepts `http:` on loopback addresses, for tests only",
  }),
});

const isPolicy = (value: unknown): value is RefreshPolicy =>
  typeof value === "object" && value !== null && "acquisition" in value && "margin" in value;
