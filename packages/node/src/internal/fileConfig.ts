import * as TokenError from "@x/core/TokenError";
import * as ConfigProvider from "effect/ConfigProvider";
import * as Effect from "effect/Effect";
import * as Redacted from "effect/Redacted";
import * as Result from "effect/Result";
import type * as Input from "../Input.ts";
import type { Contents } from "./contents.ts";
import * as Inputs from "./inputs.ts";

/** Reads the paths of a PEM pair or a PFX. An empty value counts as absent. All problems stand in one error. */
export const read = Effect.fnUntraced(function* (
  prefix: string,
): Effect.fn.Return<Contents, TokenError.OptionInvalid> {
  const provider = yield* ConfigProvider.ConfigProvider;
  const problems: Array<typeof TokenError.OptionProblem.Type> = [];
  const report = (option: Option, problem: string) => {
    problems.push({ option, key: keyOf(prefix, option), problem });
  };
  const text = Effect.fnUntraced(function* (option: Option) {
    const node = yield* Effect.result(provider.load([keyOf(prefix, option)]));
    if (Result.isSuccess(node)) return node.success?.value ?? "";
    report(option, `cannot be read: ${node.failure.message}`);
    return "";
  });
  const files = Effect.fnUntraced(function* (option: Option, separator?: string) {
    const value = yield* text(option);
    const paths =
      separator === undefined ? [value] : value.split(separator).map((path) => path.trim());
    return paths.flatMap((file): ReadonlyArray<Input.File> => {
      if (file === "") return [];
      const problem = Inputs.pathProblem(file);
      // The value may be a secret, so the problem names the key alone.
      if (problem !== undefined) report(option, `cannot be used: ${problem}`);
      return [{ file }];
    });
  });

  const [certificate] = yield* files("certificate");
  const [privateKey] = yield* files("privateKey");
  const [pfx] = yield* files("pfx");
  const passphraseText = yield* text("passphrase");
  const [passphraseFile] = yield* files("passphraseFile");
  const certificateAuthorities = yield* files("certificateAuthorities", ",");

  if (passphraseFile !== undefined && passphraseText !== "") {
    report("passphraseFile", `is set beside ${prefix}_PASSPHRASE; remove one of them`);
  }
  const shared = {
    passphrase:
      passphraseFile ?? (passphraseText === "" ? undefined : Redacted.make(passphraseText)),
    certificateAuthorities,
  };
  const pair = `${prefix}_CERTIFICATE and ${prefix}_PRIVATE_KEY`;
  let contents: Contents | undefined;
  if (pfx !== undefined) {
    contents = { pfx, ...shared };
    if (certificate !== undefined || privateKey !== undefined) {
      report("pfx", `is set beside a PEM pair; set ${prefix}_PFX, or ${pair}`);
    }
  } else if (certificate !== undefined && privateKey !== undefined) {
    contents = { certificate, privateKey, ...shared };
  } else if (certificate !== undefined) {
    report("privateKey", `is missing; it belongs to ${prefix}_CERTIFICATE`);
  } else if (privateKey !== undefined) {
    report("certificate", `is missing; it belongs to ${prefix}_PRIVATE_KEY`);
  } else {
    report("certificate", `is missing; set ${pair}, or ${prefix}_PFX`);
  }
  const [first, ...others] = problems;
  if (first !== undefined) {
    return yield* new TokenError.OptionInvalid({ problems: [first, ...others] });
  }
  // Without a certificate there is a problem.
  return contents!;
});

const suffixes = {
  certificate: "CERTIFICATE",
  privateKey: "PRIVATE_KEY",
  pfx: "PFX",
  passphrase: "PASSPHRASE",
  passphraseFile: "PASSPHRASE_FILE",
  certificateAuthorities: "CERTIFICATE_AUTHORITIES",
} as const;

type Option = keyof typeof suffixes;

const keyOf = (prefix: string, option: Option) => `${prefix}_${suffixes[option]}`;
