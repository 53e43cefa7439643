/** Makes a vendor at run time from its definition, whose types do not matter here. */
import * as Effect from "effect/Effect";
import type * as Scope from "effect/Scope";
import * as Text from "effect/String";
import type { Provider, TestOptions } from "../Definition.ts";
import type * as Options from "../Options.ts";
import * as TokenError from "../TokenError.ts";
import * as chain from "./chain.ts";
import type { Definition, Environment, Values } from "./erased.ts";
import * as options from "./options.ts";
import { commonFields } from "./commonOptions.ts";
import { fake } from "./fake.ts";

type Made = Effect.Effect<Provider<any, any>, TokenError.TokenError, any>;

export interface Vendor {
  readonly facts: {
    readonly name: string;
    readonly configPrefix: string;
    readonly options: Options.Fields;
    readonly environments: Readonly<Record<string, Environment>>;
  };
  readonly make: (input: object) => Made;
  readonly makeConfig: (
    overrides?: object,
    settings?: { readonly prefix?: string | undefined },
  ) => Made;
  readonly makeTest: (
    options?: TestOptions<any, any>,
  ) => Effect.Effect<Provider<any, any>, never, Scope.Scope>;
  readonly optionsTable: string;
}

export const make = (definition: Definition): Vendor => {
  const { name } = definition;
  const prefix = definition.configPrefix ?? Text.constantCase(name);
  const fields: Options.Fields = {
    ...commonFields(Object.keys(definition.environments)),
    ...definition.options,
  };
  const build = (values: Readonly<Record<string, unknown>>) =>
    // The schemas have just checked this.
    chain.make(definition, fields, values as Values);
  return {
    facts: {
      name,
      configPrefix: prefix,
      options: definition.options,
      environments: definition.environments,
    },
    make: (input) =>
      options
        .check(fields, { ...input })
        .pipe(Effect.flatMap(build), TokenError.withProvider(name)),
    makeConfig: (overrides = {}, settings = {}) =>
      Effect.gen(function* () {
        const from = settings.prefix ?? prefix;
        const read = yield* options.load(fields, from, { ...overrides });
        const values = yield* Effect.mapError(
          options.check(fields, read.values, {
            problems: read.problems,
            keyOf: (option) =>
              Object.hasOwn(overrides, option) ? undefined : options.keyOf(from, option),
          }),
          ({ problems: [first, ...others] }) =>
            new TokenError.OptionInvalid({ problems: [explain(first), ...others.map(explain)] }),
        );
        for (const { key, meant } of read.misspelt) {
          yield* Effect.logWarning(`${name}: ${key} is set and not read; did you mean ${meant}?`);
        }
        return yield* build(values);

        function explain(problem: typeof TokenError.OptionProblem.Type) {
          const misspelt = read.misspelt.find(({ meant }) => meant === problem.key);
          return misspelt === undefined
            ? problem
            : { ...problem, problem: `${problem.problem}; ${misspelt.key} is set and not read` };
        }
      }).pipe(TokenError.withProvider(name)),
    makeTest: (test = {}) => fake(definition, test),
    optionsTable: options.table(fields, prefix),
  };
};
