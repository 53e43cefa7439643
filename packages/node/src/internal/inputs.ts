import * as TokenError from "@x/core/TokenError";
import * as Data from "effect/Data";
import * as Effect from "effect/Effect";
import * as Redacted from "effect/Redacted";
import * as Fs from "node:fs/promises";
import type * as Input from "../Input.ts";

/** An input as it was read. It may hold a secret in clear. */
export interface Material {
  /** The option and the path, for messages. */
  readonly source: string;
  readonly bytes: Buffer;
}

/** Says why an input cannot be used. The caller turns it into an error of its own. */
export class Unusable extends Data.TaggedError("Unusable")<{
  readonly problem: TokenError.CertificateUnusable["problem"];
  /** The option and the path: never contents. */
  readonly source: string;
  readonly advice: string;
  readonly isTransient: boolean;
}> {}

export const unusable = (
  problem: Unusable["problem"],
  source: string,
  advice: string,
  isTransient = false,
): Unusable => new Unusable({ problem, source, advice, isTransient });

/** Turns an unusable input into the `TokenError` of a layer. */
export const withProvider =
  (provider: string) =>
  <A, R>(self: Effect.Effect<A, Unusable, R>): Effect.Effect<A, TokenError.TokenError, R> =>
    Effect.mapError(
      self,
      ({ problem, source, advice }) =>
        new TokenError.TokenError({
          provider,
          reason: new TokenError.CertificateUnusable({ problem, source, advice }),
        }),
    );

/** Runs code of `node:crypto` or `node:tls`. Its error goes no further than `judge`, as it may quote input. */
export const attempt = <A>(
  evaluate: () => A,
  judge: (code: string, error: unknown) => Unusable,
): Effect.Effect<A, Unusable> =>
  Effect.try({ try: evaluate, catch: (error) => judge(codeOf(error), error) });

/** Returns the code of an error of Node, or `""`. */
export const codeOf = (error: unknown): string =>
  error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";

/** Reads an input. Fails when it is empty. Text is decoded as the encoding says. */
export const read = (
  option: string,
  input: Input.Input,
  encoding: "utf8" | "base64" = "utf8",
): Effect.Effect<Material, Unusable> =>
  Effect.filterOrFail(
    readBytes(option, input, encoding),
    ({ bytes }) => text(bytes).trim() !== "",
    ({ source }) => unusable("unreadable", source, "it is empty; write it again"),
  );

/** Reads a passphrase. An empty one counts as none. */
export const readPassphrase = (
  input: Input.Passphrase | undefined,
): Effect.Effect<string | undefined, Unusable> =>
  input === undefined
    ? Effect.succeed(undefined)
    : Redacted.isRedacted(input)
      ? Effect.succeed(Redacted.value(input) || undefined)
      : Effect.map(readBytes("passphrase", input, "utf8"), ({ bytes }) => text(bytes) || undefined);

/** Decodes UTF-8 text, without its BOM and the line ends at its end. */
export const text = (bytes: Buffer): string =>
  bytes
    .toString("utf8")
    .replace(/^\uFEFF/, "")
    .replace(/[\r\n]+$/, "");

export const isFile = (input: Input.Input): input is Input.File =>
  !Redacted.isRedacted(input) && !(input instanceof Uint8Array);

/** Returns the path of an input, or what to call an input without one. Never contents. */
export const placeOf = (input: Input.Input): string => {
  if (!isFile(input)) return "in memory";
  return pathProblem(input.file) === undefined ? input.file : "no path";
};

/** Says why a string cannot be a path, so that a mistake is told without printing a key. */
export const pathProblem = (path: string): string | undefined => {
  if (path.trim() === "") return "the path is empty; give the path of a file";
  return contents.test(path)
    ? "it holds contents in place of a path; write them to a file and give its path"
    : undefined;
};

/** PEM, a JWK, or base64 of DER ("M"), PEM ("LS0t") or a JWK ("eyJ"). A path has none of these marks. */
const contents = /-----BEGIN|[\r\n]|^\s*\{|^(?:M|LS0t|eyJ)[A-Za-z0-9+/=]{60}/;

const readBytes = Effect.fnUntraced(function* (
  option: string,
  input: Input.Input,
  encoding: "utf8" | "base64",
): Effect.fn.Return<Material, Unusable> {
  const problem = isFile(input) ? pathProblem(input.file) : undefined;
  const source = `${option} ${isFile(input) && problem === undefined ? input.file : `(${placeOf(input)})`}`;
  if (problem !== undefined) return yield* unusable("unreadable", source, problem);
  const bytes = isFile(input)
    ? yield* Effect.tryPromise({
        try: (signal) => Fs.readFile(input.file, { signal }),
        catch: (error) => fileProblem(source, codeOf(error)),
      })
    : input instanceof Uint8Array
      ? Buffer.from(input)
      : Buffer.from(Redacted.value(input), encoding);
  return utf16Marks.has(bytes.toString("hex", 0, 2))
    ? yield* unusable("unreadable", source, "it is text in UTF-16; save it as UTF-8")
    : { source, bytes };
});

/** The byte order marks of UTF-16, in hex. */
const utf16Marks: ReadonlySet<string> = new Set(["fffe", "feff"]);

const fileProblem = (source: string, code: string): Unusable => {
  switch (code) {
    case "ENOENT":
    case "ENOTDIR":
      return unusable(
        "missing",
        source,
        "there is no such file; check the path, which is relative to the working directory",
      );
    case "EACCES":
    case "EPERM":
      return unusable(
        "unreadable",
        source,
        "this process may not read it; change the owner or the mode of the file",
      );
    case "EISDIR":
      return unusable("unreadable", source, "it is a directory; give the path of the file in it");
    default:
      return unusable(
        "unreadable",
        source,
        `it cannot be read${code === "" ? "" : ` (${code})`}; check the path and the file system`,
        !wrongPath.has(code),
      );
  }
};

/** These codes blame the path. All others, such as `EIO` and `EMFILE`, may pass by themselves. */
const wrongPath: ReadonlySet<string> = new Set(["ELOOP", "ENAMETOOLONG", "ERR_INVALID_ARG_VALUE"]);
