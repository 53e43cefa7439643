/**
 * Secrets from files, such as those that Kubernetes mounts. A replaced file needs no restart.
 *
 * @since 0.1.0
 */
import * as Secret from "@x/core/Secret";
import * as Effect from "effect/Effect";
import * as Redacted from "effect/Redacted";
import * as Inputs from "./internal/inputs.ts";
import * as SecretFile from "./internal/secretFile.ts";

/**
 * Makes a secret from a text file. Each use reads the file again if it has changed.
 *
 * A BOM at the start and line ends at the end are not part of the secret. Fails with
 * `CredentialUnavailable` when the file is missing, unreadable, empty or not UTF-8.
 *
 * @example
 * const clientSecret = NodeSecret.file("/run/secrets/acme-client-secret")
 *
 * @since 0.1.0
 */
export const file = (path: string): Secret.Secret => {
  const input = { file: path };
  return SecretFile.make(
    [input],
    Inputs.read("secret", input).pipe(
      Effect.map(({ bytes }) => Redacted.make(Inputs.text(bytes))),
      SecretFile.orUnavailable("secret", input),
    ),
  );
};
