/**
 * What every client of this package takes: whom it trusts and where it connects to.
 *
 * @since 0.1.0
 */
import type * as Input from "./Input.ts";

/**
 * Tells whether a socket may connect to an IP address. A function that throws allows nothing.
 *
 * It is asked about each address that a host name resolves to, at every connection, and about an
 * address that stands in a URL.
 *
 * @since 0.1.0
 */
export type AllowAddress = (address: string) => boolean;

/**
 * Configures the connections of a client: `NodeHttpsClient.layer` and all layers of `NodeMutualTls`.
 *
 * @since 0.1.0
 */
export interface TransportOptions {
  /**
   * Adds certificates of private authorities, in PEM or DER, to the roots that Node trusts.
   *
   * Node's roots include the system's with `--use-system-ca`. With `--use-openssl-ca` Node cannot list
   * OpenSSL's store, so these certificates replace it.
   */
  readonly certificateAuthorities?: ReadonlyArray<Input.Input> | undefined;
  /**
   * Limits the addresses that sockets connect to; default: every address. Give
   * `NodeHttpsClient.isPublicAddress` where a caller names the host or the issuer.
   */
  readonly allowAddress?: AllowAddress | undefined;
}
