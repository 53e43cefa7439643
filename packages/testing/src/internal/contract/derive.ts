/** Config keys and their values, derived from a vendor's definition and from options. */
import type * as Options from "@x/core/Options";
import * as Predicate from "effect/Predicate";
import * as Redacted from "effect/Redacted";
import * as Result from "effect/Result";
import * as Schema from "effect/Schema";
import * as Text from "effect/String";

/** Returns the key of an option: `ACME_CLIENT_ID` for `clientId`. */
export const keyOf = (prefix: string, option: string): string =>
  `${prefix}_${Text.configCase(option)}`;

/**
 * Divides options into environment variables and overrides.
 *
 * Overrides are the options that no text can give, such as a signing key.
 */
export const config = <O extends object>(fields: Options.Fields, options: O) => {
  const texts: Record<string, string> = {};
  const overrides: Partial<O> = {};
  for (const option in options) {
    const value = options[option];
    const text = textOf(value);
    if (value === undefined) continue;
    if (text !== undefined && isReadable(fields[option], text)) texts[option] = text;
    else overrides[option] = value;
  }
  return {
    overrides,
    environment: (prefix: string): Readonly<Record<string, string>> =>
      Object.fromEntries(
        Object.entries(texts).map(([option, text]) => [keyOf(prefix, option), text]),
      ),
  };
};

const textOf = (value: unknown): string | undefined => {
  if (typeof value === "string" || typeof value === "boolean") return String(value);
  if (Redacted.isRedacted(value)) return String(Redacted.value(value));
  if (Array.isArray(value)) return value.join(",");
  return Predicate.hasProperty(value, "name") ? String(value.name) : undefined;
};

/** Whether an option can be read from a text; the options of every vendor have no field here. */
const isReadable = (field: Options.Fields[string] | undefined, text: string): boolean =>
  field === undefined ||
  Result.isSuccess(Schema.decodeUnknownResult(Schema.toCodecStringTree(field))(text));

/** A row of a vendor's table of keys. */
export interface Row {
  readonly key: string;
  readonly option: string;
  readonly required: boolean;
}

/** Reads the table that a vendor's README shows. */
export const rows = (table: string): ReadonlyArray<Row> =>
  table.split("\n").flatMap((line) => {
    const cells = /^\| `([A-Z0-9_]+)` \| `(\w+)` \| (yes|no) \|/.exec(line);
    return cells === null
      ? []
      : [{ key: cells[1] ?? "", option: cells[2] ?? "", required: cells[3] === "yes" }];
  });
