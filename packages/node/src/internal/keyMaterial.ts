import * as TokenError from "@x/core/TokenError";
import * as Effect from "effect/Effect";
import * as Redacted from "effect/Redacted";
import * as Crypto from "node:crypto";
import * as Fs from "node:fs/promises";
import * as Paths from "./paths.ts";

/** A path, or the contents. */
export type File = string | Uint8Array;

/** In memory, or the file that holds it. */
export type Passphrase = Redacted.Redacted | { readonly file: string } | undefined;

/** What a file held, and what to call it in messages. */
export interface Material {
  readonly source: string;
  readonly bytes: Buffer;
}

export type Problem = TokenError.CertificateUnusable["problem"];

export const unusable = (
  problem: Problem,
  source: string,
  advice: string,
): TokenError.CertificateUnusable =>
  new TokenError.CertificateUnusable({ problem, source, advice });

/** Runs code of `node:crypto` or `node:tls`; its error is judged and dropped, as it may quote input. */
export const attempt = <A>(
  evaluate: () => A,
  judge: (error: {
    readonly code: string;
    readonly message: string;
  }) => TokenError.CertificateUnusable,
): Effect.Effect<A, TokenError.CertificateUnusable> =>
  Effect.try({
    try: evaluate,
    catch: (error) =>
      judge({ code: codeOf(error), message: error instanceof Error ? error.message : "" }),
  });

/** The passphrase in clear, without the line end of a file; an empty one counts as none. */
export const readPassphrase = (
  passphrase: Passphrase,
): Effect.Effect<string | undefined, TokenError.CertificateUnusable> =>
  passphrase === undefined || Redacted.isRedacted(passphrase)
    ? Effect.succeed((passphrase && Redacted.value(passphrase)) || undefined)
    : Effect.map(read("passphrase", passphrase.file), ({ bytes }) =>
        bytes.toString("utf8").replace(/\r?\n$/, ""),
      );

export const read = Effect.fnUntraced(function* (
  option: string,
  file: File,
): Effect.fn.Return<Material, TokenError.CertificateUnusable> {
  const source = typeof file === "string" ? `${option} ${file}` : `${option} (in memory)`;
  const bytes =
    typeof file === "string"
      ? yield* Effect.tryPromise({
          try: (signal) => Fs.readFile(file, { signal }),
          catch: (error) =>
            Paths.mayBeContents(file) ? contentsGiven(option) : fileProblem(source, codeOf(error)),
        })
      : Buffer.from(file);
  if (bytes.toString("latin1").trim() === "") {
    return yield* unusable("unreadable", source, "it is empty; write it again");
  }
  return { source, bytes };
});

/** All certificates of a PEM file, or the one of a DER file, in the file's order. */
export const certificates = Effect.fnUntraced(function* (
  material: Material,
): Effect.fn.Return<
  readonly [Crypto.X509Certificate, ...ReadonlyArray<Crypto.X509Certificate>],
  TokenError.CertificateUnusable
> {
  const damaged = () =>
    unusable(
      "unreadable",
      material.source,
      "it holds a certificate that is cut off or damaged; copy it again",
    );
  const text = material.bytes.toString("latin1");
  const blocks: ReadonlyArray<string | Buffer> =
    material.bytes[0] === derSequence ? [material.bytes] : (text.match(certificateBlock) ?? []);
  // A file that is still being written may end between the certificate and the rest of its chain.
  if (material.bytes[0] !== derSequence && cutOff.test(text.replaceAll(pemBlock, ""))) {
    return yield* damaged();
  }
  const parsed = yield* Effect.forEach(blocks, (block) =>
    attempt(() => new Crypto.X509Certificate(block), damaged),
  );
  const [first, ...others] = parsed;
  if (first === undefined) {
    return yield* unusable(
      "unreadable",
      material.source,
      privateKeyBegin.test(text)
        ? "it holds a private key and no certificate; check whether the two options are swapped"
        : "it is not a certificate; give an X.509 certificate in PEM",
    );
  }
  return [first, ...others];
});

/** The first private key of a PEM file: its block as it stands, and opened. */
export const privateKey = Effect.fnUntraced(function* (
  material: Material,
  passphrase: string | undefined,
): Effect.fn.Return<
  { readonly pem: string; readonly key: Crypto.KeyObject },
  TokenError.CertificateUnusable
> {
  const text = material.bytes.toString("latin1");
  const [pem, label] = privateKeyBlock.exec(text) ?? [];
  if (pem === undefined || label === undefined) {
    const advice = privateKeyBegin.test(text)
      ? "it holds a private key that is cut off; copy it again"
      : certificateBegin.test(text)
        ? "it holds a certificate and no private key; check whether the two options are swapped"
        : "it is not a private key; give a private key in PEM";
    return yield* unusable("unreadable", material.source, advice);
  }
  const encrypted = label.startsWith("ENCRYPTED") || legacyEncryption.test(pem);
  if (encrypted && passphrase === undefined) {
    return yield* unusable(
      "passphrase",
      material.source,
      "it is encrypted; give its passphrase in the option passphrase",
    );
  }
  const key = yield* attempt(
    () =>
      Crypto.createPrivateKey(passphrase === undefined ? { key: pem } : { key: pem, passphrase }),
    ({ code }) =>
      code === "ERR_OSSL_EVP_UNSUPPORTED"
        ? unusable(
            "unreadable",
            material.source,
            "it is encrypted with a retired cipher; encrypt it anew with openssl pkcs8 -topk8",
          )
        : encrypted
          ? unusable(
              "passphrase",
              material.source,
              "the passphrase does not open it; give the one that it was encrypted with",
            )
          : unusable(
              "unreadable",
              material.source,
              "it holds a damaged private key; copy it again",
            ),
  );
  return { pem, key };
});

const derSequence = 0x30;
const pemBlock = /-----BEGIN ([A-Z0-9 ]+)-----[^]+?-----END \1-----/g;
const cutOff = /-----BEGIN CERTIFICATE|(?:^|\n)-{1,5}[A-Z ]*-{0,5}\s*$/;
const certificateBegin = /-----BEGIN CERTIFICATE-----/;
const certificateBlock = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;
const privateKeyBegin = /-----BEGIN [A-Z ]*PRIVATE KEY-----/;
const privateKeyBlock = /-----BEGIN ([A-Z ]*PRIVATE KEY)-----[^]+?-----END \1-----/;
const legacyEncryption = /^Proc-Type: *4,ENCRYPTED/m;

const codeOf = (error: unknown): string =>
  error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";

const contentsGiven = (option: string): TokenError.CertificateUnusable =>
  unusable(
    "unreadable",
    `${option} (contents in place of a path)`,
    "a string is taken for a path, and there is no such file; write the contents to a file and give its path, or give them as bytes: new TextEncoder().encode(pem)",
  );

const fileProblem = (source: string, code: string): TokenError.CertificateUnusable => {
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
        `it cannot be read${code === "" ? "" : ` (${code})`}; check the path`,
      );
  }
};
