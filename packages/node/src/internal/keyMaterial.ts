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

/** The passphrase in clear, without a file's BOM and last line ends; an empty one counts as none. */
export const readPassphrase = (
  passphrase: Passphrase,
): Effect.Effect<string | undefined, TokenError.CertificateUnusable> =>
  passphrase === undefined || Redacted.isRedacted(passphrase)
    ? Effect.succeed((passphrase && Redacted.value(passphrase)) || undefined)
    : Effect.map(
        readBytes("passphrase", passphrase.file),
        ({ bytes }) =>
          bytes
            .toString("utf8")
            .replace(/^\uFEFF/, "")
            .replace(/[\r\n]+$/, "") || undefined,
      );

/** What has to hold something. */
export const read = (
  option: string,
  file: File,
): Effect.Effect<Material, TokenError.CertificateUnusable> =>
  Effect.filterOrFail(
    readBytes(option, file),
    ({ bytes }) => bytes.toString("latin1").trim() !== "",
    ({ source }) => unusable("unreadable", source, "it is empty; write it again"),
  );

const readBytes = Effect.fnUntraced(function* (
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
  if (utf16Marks.has(bytes.toString("hex", 0, 2))) {
    return yield* unusable("unreadable", source, "it is text in UTF-16; save it as UTF-8");
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
  const isDer = material.bytes[0] === derSequence && !text.includes("-----BEGIN");
  const blocks: ReadonlyArray<string | Buffer> = isDer
    ? [material.bytes]
    : (text.match(certificateBlock) ?? []);
  // A file that is still being written may end between the certificate and the rest of its chain.
  if (!isDer && (cutOff.test(text) || certificateBegin.test(text.replaceAll(pemBlock, "")))) {
    return yield* damaged();
  }
  const parsed = yield* Effect.forEach(blocks, (block) =>
    attempt(() => new Crypto.X509Certificate(block), damaged),
  );
  const [first, ...others] = parsed;
  if (first === undefined) {
    const [, label] = otherCertificateBegin.exec(text) ?? [];
    const advice =
      label !== undefined
        ? `it is labelled ${label}, and not CERTIFICATE; convert it with openssl x509 -in old.pem -out new.pem`
        : privateKeyBegin.test(text)
          ? "it holds a private key and no certificate; check whether the two options are swapped"
          : "it is not a certificate; give an X.509 certificate in PEM";
    return yield* unusable("unreadable", material.source, advice);
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
const utf16Marks: ReadonlySet<string> = new Set(["fffe", "feff"]);
const pemBlock = /-----BEGIN ([A-Z0-9 ]+)-----[^]+?-----END \1-----/g;
// The beginning of a line of PEM that does not end; comments may have dashes too, and end their lines.
const cutOff = /(?:^|[\r\n])(?:-{1,4}|-----(?:B[A-Z0-9 ]*-{0,4})?)$/;
const certificateBegin = /-----BEGIN CERTIFICATE-----/;
const otherCertificateBegin = /-----BEGIN ((?:TRUSTED|X509) CERTIFICATE)-----/;
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
