/**
 * Signing keys for `private_key_jwt` from files, in any form and encrypted or not.
 *
 * @since 0.1.0
 */
import type * as Secret from "@x/core/Secret";
import * as Effect from "effect/Effect";
import * as Redacted from "effect/Redacted";
import type * as Input from "./Input.ts";
import * as Inputs from "./internal/inputs.ts";
import * as PrivateKey from "./internal/privateKey.ts";
import * as SecretFile from "./internal/secretFile.ts";

/**
 * Makes a secret from a private key and hands it out as PKCS#8 PEM.
 *
 * The key is PEM (PKCS#8, PKCS#1 or SEC1), DER or a JWK, encrypted or not. Each use reads the files
 * again if they have changed. Fails with `CredentialUnavailable` when a file is missing or unreadable,
 * holds no signing key, or the passphrase does not open it. An RSA key has to be an rsaEncryption key,
 * also for `PS256`: WebCrypto does not read id-RSASSA-PSS.
 *
 * @example
 * const key = NodePrivateKey.make({ key: { file: "signing.key" }, passphrase })
 *
 * @since 0.1.0
 */
export const make = (options: {
  readonly key: Input.Input;
  readonly passphrase?: Input.Passphrase | undefined;
}): Secret.Secret => {
  const { key, passphrase } = options;
  return SecretFile.make(
    passphrase === undefined ? [key] : [key, passphrase],
    Inputs.readPassphrase(passphrase).pipe(
      SecretFile.orUnavailable("passphrase of the signing key", passphrase),
      Effect.flatMap((opened) =>
        SecretFile.orUnavailable("signing key", key)(readForSigning(key, opened)),
      ),
    ),
  );
};

const readForSigning = (
  input: Input.Input,
  passphrase: string | undefined,
): Effect.Effect<Redacted.Redacted, Inputs.Unusable> =>
  Inputs.read("privateKey", input).pipe(
    Effect.flatMap((material) =>
      Effect.filterOrFail(
        PrivateKey.read(material, passphrase),
        (key) => key.asymmetricKeyType !== "rsa-pss",
        () =>
          Inputs.unusable(
            "unreadable",
            material.source,
            "it is an id-RSASSA-PSS key, which WebCrypto does not read; make an rsaEncryption key with openssl genpkey -algorithm RSA, which also signs PS256",
          ),
      ),
    ),
    Effect.map((key) => Redacted.make(PrivateKey.toPem(key))),
  );
