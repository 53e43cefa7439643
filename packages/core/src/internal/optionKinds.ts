/** Schemas of options whose values are not text, with the way from the text of `Config`. */
import * as Redacted from "effect/Redacted";
import * as Schema from "effect/Schema";
import type * as SchemaAST from "effect/SchemaAST";
import * as SchemaTransformation from "effect/SchemaTransformation";
import * as Secrets from "../Secret.ts";

/** Makes a list of texts, which `Config` separates by commas. */
export const list = <S extends Schema.Constraint>(
  check: SchemaAST.Check<ReadonlyArray<string>>,
): S =>
  Schema.make(
    Schema.String.pipe(
      Schema.decodeTo(
        Schema.declare(isTexts, { expected: "a list of texts" }).check(check),
        SchemaTransformation.transform<ReadonlyArray<string>, string>({
          decode: (text) =>
            text
              .split(",")
              .map((part) => part.trim())
              .filter((part) => part !== ""),
          encode: (texts) => texts.join(","),
        }),
      ),
    ).ast,
  );

const isTexts = (value: unknown): value is ReadonlyArray<string> =>
  Array.isArray(value) && value.every((one) => typeof one === "string");

/** Makes a secret, which `Config` gives as text. */
export const secret = <S extends Schema.Constraint>(
  check: SchemaAST.Check<Redacted.Redacted | Secrets.Secret>,
): S =>
  Schema.make(
    Schema.String.pipe(
      Schema.decodeTo(
        Schema.declare(isSecret, { expected: "Redacted or a Secret" }).check(check),
        SchemaTransformation.transform<Redacted.Redacted | Secrets.Secret, string>({
          decode: (text) => Redacted.make(text),
          encode: () => "<redacted>",
        }),
      ),
    ).ast,
  );

const isSecret = (value: unknown): value is Redacted.Redacted | Secrets.Secret =>
  Secrets.isSecret(value) ||
  (Redacted.isRedacted(value) && typeof Redacted.value(value) === "string");
