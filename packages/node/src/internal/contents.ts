/** The contents of a certificate. `NodeMutualTls` re-exports these types: the code behind it needs them too. */
import type * as Input from "../Input.ts";

/**
 * Gives a certificate and its private key.
 *
 * @since 0.1.0
 */
export interface PemContents {
  /** PEM: the client's own certificate first, then intermediate certificates if there are any. */
  readonly certificate: Input.Input;
  /** PEM (PKCS#8, PKCS#1 or SEC1), DER or a JWK, encrypted or not; may be the same file. */
  readonly privateKey: Input.Input;
  /** Opens the private key. */
  readonly passphrase?: Input.Passphrase | undefined;
  /** Adds authorities, as `TransportOptions` do. */
  readonly certificateAuthorities?: ReadonlyArray<Input.Input> | undefined;
}

/**
 * Gives a PFX (PKCS#12, RFC 7292) with a certificate and its private key.
 *
 * @since 0.1.0
 */
export interface PfxContents {
  readonly pfx: Input.Input;
  /** Opens the PFX. */
  readonly passphrase?: Input.Passphrase | undefined;
  /** Adds authorities, as `TransportOptions` do. */
  readonly certificateAuthorities?: ReadonlyArray<Input.Input> | undefined;
}

export type Contents = PemContents | PfxContents;
