/** Checks a vendor's options, reads them from `Config`, tells accounts apart, and lists the keys. */
import * as Config from "effect/Config";
import * as ConfigProvider from "effect/ConfigProvider";
import * as Effect from "effect/Effect";
import * as Predicate from "effect/Predicate";
import * as Redacted from "effect/Redacted";
import * as Result from "effect/Result";
import * as Schema from "effect/Schema";
import * as SchemaIssue from "effect/SchemaIssue";
import * as Text from "effect/String";
import type { Method } from "../ClientAuth.ts";
import type * as Options from "../Options.ts";
import * as Secret from "../Secret.ts";
import * as TokenError from "../TokenError.ts";
import type { Identity } from "../TokenStore.ts";
import { isMethod, kindAnnotation, plainHttpProblem } from "./optionChecks.ts";
import { nearest } from "./nearest.ts";

type Field = Options.Fields[string];
type Problem = typeof TokenError.OptionProblem.Type;
type Values = Readonly<Record<string, unknown>>;

/** Returns the schema of an option without its optionality and default. */
const inner = (field: Field): Field => {
  const { context } = field.ast;
  const wrapped = "schema" in field ? field.schema : undefined;
  const isWrapper = context?.isOptional === true || context?.constructorDefault !== undefined;
  if (!isWrapper || !isField(wrapped)) return field;
  const [member]: ReadonlyArray<unknown> =
    "members" in wrapped && Array.isArray(wrapped.members) ? wrapped.members : [];
  return context?.isOptional === true && isField(member) ? inner(member) : inner(wrapped);
};

const isField = (value: unknown): value is Field => Schema.isSchema(value);

const isRequired = ({ ast: { context } }: Field): boolean =>
  context?.isOptional !== true && context?.constructorDefault === undefined;

/** Returns the `Config` key of an option. */
export const keyOf = (prefix: string, option: string): string =>
  `${prefix}_${Text.configCase(option)}`;

/** Tests whether `Config` has a key for an option: a policy has none. */
const isConfigurable = (field: Field): boolean =>
  inner(field).ast.encoding !== undefined || isPlain(inner(field));

const isPlain = (field: Field): boolean => field.ast._tag !== "Declaration";

const format = SchemaIssue.makeFormatterStandardSchemaV1({
  leafHook: (issue) => {
    if (issue._tag === "InvalidType") {
      const expected = issue.ast.annotations?.["expected"];
      return `is not ${typeof expected === "string" ? expected : `a ${issue.ast._tag.toLowerCase()}`}`;
    }
    return issue._tag === "InvalidValue"
      ? String(issue.annotations?.["message"] ?? "cannot work")
      : "cannot work";
  },
});

/** Returns the first problem without the value, which schemas of the user may quote behind "got". */
const describe = (issue: SchemaIssue.Issue): string =>
  (format(issue).issues[0]?.message ?? "cannot work").replace(
    /^Expected (.*?)(, got .*)?$/s,
    (_, expected: string) => `is not ${expected.replaceAll('"', "").replaceAll(" | ", " or ")}`,
  );

/** Returns what is wrong with a value that code gave. */
const problemOf = (field: Field, value: unknown): string | undefined =>
  Result.match(Schema.decodeUnknownResult(Schema.toType(inner(field)))(value), {
    onFailure: ({ issue }) => describe(issue),
    onSuccess: () => undefined,
  });

const isUrl = (field: Field): boolean =>
  Schema.resolveAnnotations(inner(field))?.[kindAnnotation] === "url";

/**
 * Checks what a caller gave. Fails with all problems at once. `config` brings the problems of reading,
 * and the key that an option was read from.
 */
export const check = (
  fields: Options.Fields,
  input: Values,
  config?: {
    readonly keyOf: (option: string) => string | undefined;
    readonly problems: ReadonlyArray<Problem>;
  },
): Effect.Effect<Values, TokenError.OptionInvalid> =>
  Effect.suspend(() => {
    const problems: Array<Problem> = [...(config?.problems ?? [])];
    const report = (option: string, problem: string) => {
      if (problems.some((one) => one.option === option)) return;
      const key = config?.keyOf(option);
      problems.push({ option, problem, ...(key === undefined ? {} : { key }) });
    };
    const values: Record<string, unknown> = {};
    for (const [option, field] of Object.entries(fields)) {
      const value = Object.hasOwn(input, option) ? input[option] : undefined;
      if (value !== undefined) {
        const problem = problemOf(field, value);
        if (problem === undefined) values[option] = value;
        else report(option, problem);
      } else if (isRequired(field)) {
        report(option, "is missing");
      } else {
        const fallback = defaultOf(field);
        if (fallback !== undefined) values[option] = fallback;
      }
    }
    for (const [option, value] of Object.entries(input)) {
      if (value === undefined || Object.hasOwn(fields, option)) continue;
      const meant = nearest(option, Object.keys(fields));
      report(option, `is not an option${meant === undefined ? "" : `; did you mean ${meant}?`}`);
    }
    if (values["unsafeAllowLoopbackHttp"] !== true) {
      for (const [option, value] of Object.entries(values)) {
        const field = fields[option];
        if (field === undefined || !isUrl(field)) continue;
        const urls: ReadonlyArray<unknown> = [value].flat();
        const problem = urls
          .map((one) => plainHttpProblem(String(one)))
          .find(Predicate.isNotUndefined);
        if (problem !== undefined) report(option, problem);
      }
    }
    const [first, ...others] = problems;
    return first === undefined
      ? Effect.succeed(values)
      : Effect.fail(new TokenError.OptionInvalid({ problems: [first, ...others] }));
  });

/** Checks the values that a call chooses: only options that the definition lets it choose. */
export const checkChoice = (
  fields: Options.Fields,
  perCall: ReadonlyArray<PropertyKey>,
  keys: Values,
  chosen: Values,
): Effect.Effect<Values, TokenError.OptionInvalid> => {
  const other = Object.keys(keys).find((option) => !perCall.includes(option));
  return other === undefined
    ? check(fields, chosen)
    : Effect.fail(TokenError.optionInvalid(other, "cannot be chosen for each call"));
};

const defaultOf = (field: Field): unknown => {
  if (field.ast.context?.constructorDefault === undefined) return undefined;
  const fields: Options.Fields = { value: field };
  return Schema.Struct(fields).make({})["value"];
};

/** Reads the options from `Config`: values, problems, and keys that were probably misspelt. */
export const load = Effect.fnUntraced(function* (
  fields: Options.Fields,
  prefix: string,
  overrides: Values,
) {
  const provider = yield* ConfigProvider.ConfigProvider;
  const values: Record<string, unknown> = {};
  const problems: Array<Problem> = [];
  for (const [option, override] of Object.entries(overrides)) {
    if (!Config.isConfig(override)) {
      values[option] = override;
      continue;
    }
    const read = yield* Effect.result(override.parse(provider));
    if (Result.isSuccess(read)) values[option] = read.success;
    else problems.push({ option, problem: `cannot be read: ${read.failure.message}` });
  }
  for (const [option, field] of Object.entries(fields)) {
    if (overrides[option] !== undefined || !isConfigurable(field)) continue;
    const key = keyOf(prefix, option);
    const node = yield* Effect.result(provider.load([key]));
    if (Result.isFailure(node)) {
      problems.push({ option, key, problem: `cannot be read: ${node.failure.message}` });
      continue;
    }
    const text = node.success?.value ?? configDefault(field);
    if (text === undefined || text === "") continue;
    const decoded = Schema.decodeUnknownResult(Schema.toCodecStringTree(inner(field)))(text);
    if (Result.isSuccess(decoded)) values[option] = decoded.success;
    else {
      problems.push({ option, key, problem: describe(decoded.failure.issue) });
    }
  }
  const known = Object.keys(fields).map((option) => keyOf(prefix, option));
  const misspelt = (yield* keysUnder(provider, prefix)).flatMap((key) => {
    const meant = known.includes(key) ? undefined : nearest(key, known);
    return meant === undefined ? [] : [{ key, meant }];
  });
  return { values, problems, misspelt };
});

const configDefault = (field: Field): string | undefined => {
  const schema = inner(field);
  return "configDefault" in schema && typeof schema.configDefault === "string"
    ? schema.configDefault
    : undefined;
};

/** Returns the keys that are set and begin with a prefix, if the source can list them. */
const keysUnder = Effect.fnUntraced(function* (
  provider: ConfigProvider.ConfigProvider,
  prefix: string,
): Effect.fn.Return<ReadonlyArray<string>> {
  const found: Array<string> = [];
  const visit = (path: ReadonlyArray<string>, depth: number): Effect.Effect<void> =>
    Effect.flatMap(
      Effect.orElseSucceed(provider.load(path), () => undefined),
      (node) => {
        const key = path.join("_");
        if (node?.value !== undefined && key.startsWith(`${prefix}_`)) found.push(key);
        if (node?._tag !== "Record" || depth > 8) return Effect.void;
        const next = [...node.keys].filter((child) => {
          const below = [...path, child].join("_");
          return below.startsWith(`${prefix}_`) || `${prefix}_`.startsWith(`${below}_`);
        });
        return Effect.forEach(next, (child) => visit([...path, child], depth + 1), {
          discard: true,
        });
      },
    );
  yield* visit([], 0);
  return found;
});

/** Returns what tells an account's tokens from another's: each option by its value, secrets as they are now. */
export const identity = Effect.fnUntraced(function* (
  fields: Options.Fields,
  values: Values,
): Effect.fn.Return<Identity, TokenError.Reason> {
  const entries: Array<Identity[number]> = [];
  for (const option of Object.keys(fields).toSorted()) {
    const value = values[option];
    if (value === undefined || option === "refresh") continue;
    if (Redacted.isRedacted(value)) {
      entries.push([option, Redacted.make(String(Redacted.value(value)))]);
    } else if (Secret.isSecret(value)) {
      const [current] = yield* value.read;
      if (current !== undefined) entries.push([option, current]);
    } else if (isMethod(value)) {
      const method: Method<any> = value;
      entries.push([option, `${method.name} ${yield* method.fingerprint}`]);
    } else {
      entries.push([option, typeof value === "string" ? value : JSON.stringify(value)]);
    }
  }
  return entries;
});

/** Returns the README's table of keys, in Markdown. */
export const table = (fields: Options.Fields, prefix: string): string => {
  const rows = Object.entries(fields)
    .filter(([, field]) => isConfigurable(field))
    .map(([option, field]) => {
      const description = Schema.resolveAnnotations(field)?.description ?? "";
      const required = isRequired(field) && configDefault(field) === undefined ? "yes" : "no";
      return `| \`${keyOf(prefix, option)}\` | \`${option}\` | ${required} | ${description} |`;
    });
  return ["| key | option | required | what |", "| --- | --- | --- | --- |", ...rows].join("\n");
};
