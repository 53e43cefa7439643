/**
 * How certificates, keys, authorities and passphrases are given: a file, bytes or secret text.
 *
 * @since 0.1.0
 */
import type * as Redacted from "effect/Redacted";

/**
 * Names a file by its path, absolute or relative to the working directory.
 *
 * @since 0.1.0
 */
export interface File {
  readonly file: string;
}

/**
 * Gives a certificate, a key or a PFX: a file, its bytes, or its text as `Redacted`.
 *
 * Text is PEM. For a private key it may be a JWK too, and for a PFX it is base64. A plain string is
 * no input, because it could be a path or contents.
 *
 * @since 0.1.0
 */
export type Input = File | Uint8Array | Redacted.Redacted;

/**
 * Gives a passphrase: text, or a file that holds it.
 *
 * A file's BOM and last line ends do not count. An empty passphrase counts as none.
 *
 * @since 0.1.0
 */
export type Passphrase = File | Redacted.Redacted;
