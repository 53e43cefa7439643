/**
 * Signing keys for `private_key_jwt` from files, also encrypted ones, which WebCrypto does not read.
 *
 * @since 0.1.0
 */
import * as PrivateKeyJwt from "@x/core/PrivateKeyJwt";
import * as TokenError from "@x/core/TokenError";
import * as Effect from "effect/Effect";
import * as Redacted from "effect/Redacted";
import * as Crypto from "node:crypto";
import * as Fs from "node:fs/promises";
import * as Paths from "./internal/paths.ts";

/**
 * A private key in a file, or in memory.
 *
 * @since 0.1.0
 */
export interface Options {
  /**
   * A path, or the contents as bytes: PEM in PKCS#8, PKCS#1 or SEC1, encrypted or not. An RSA key is an
   * rsaEncryption one, for PS256 too, and not id-RSASSA-PSS.
   */
  readonly privateKey: string | Uint8Array;
  readonly passphrase?: Redacted.Redacted | undefined;
  /** @default "PS256" */
  readonly algorithm?: PrivateKeyJwt.Algorithm | undefined;
  readonly keyId?: string | undefined;
}

/**
 * A signer on such a key, for `PrivateKeyJwt.make`.
 *
 * Fails with `OptionInvalid` for a key that cannot be read, decrypted or used with the algorithm.
 *
 * @example
 * const clientAuth = PrivateKeyJwt.make({
 *   signer: NodePrivateKey.signer({ privateKey: "signing.key", passphrase, keyId: "2026-11" })
 * })
 *
 * @since 0.1.0
 */
export const signer = Effect.fnUntraced(function* (
  options: Options,
): Effect.fn.Return<PrivateKeyJwt.Signer, TokenError.OptionInvalid> {
  const { privateKey, passphrase, algorithm, keyId } = options;
  const pem =
    typeof privateKey === "string"
      ? yield* Effect.tryPromise({
          try: () => Fs.readFile(privateKey),
          catch: () =>
            unusable(
              Paths.mayBeContents(privateKey)
                ? "(contents in place of a path) cannot be read; give the path of a file, or the contents as bytes"
                : `${privateKey} cannot be read; check the path and its mode`,
            ),
        })
      : privateKey;
  const source = typeof privateKey === "string" ? privateKey : "(in memory)";
  const key = yield* Effect.try({
    try: () =>
      Crypto.createPrivateKey({
        key: Buffer.from(pem),
        ...(passphrase === undefined ? {} : { passphrase: Redacted.value(passphrase) }),
      }),
    catch: () =>
      unusable(`${source} is not a private key in PEM, or the passphrase does not open it`),
  });
  // WebCrypto reads no such key.
  if (key.asymmetricKeyType === "rsa-pss") {
    return yield* unusable(
      `${source} has to be an rsaEncryption key, not id-RSASSA-PSS; make one with openssl genpkey -algorithm RSA, which does for PS256 too`,
    );
  }
  return yield* PrivateKeyJwt.signer({
    key: Redacted.make(key.export({ type: "pkcs8", format: "pem" }).toString()),
    algorithm,
    keyId,
  });
});

const unusable = (problem: string) =>
  new TokenError.OptionInvalid({ option: "clientAuth.key", problem });
