/**
 * What a server of this package received, as it came over the wire.
 *
 * @since 0.1.0
 */

/**
 * One request.
 *
 * @since 0.1.0
 */
export interface ReceivedRequest {
  readonly method: string;
  /** Request target with its query. */
  readonly path: string;
  /** In order of arrival, repeated ones included; names in lower case. */
  readonly headers: ReadonlyArray<readonly [name: string, value: string]>;
  /** The bytes read as UTF-8. */
  readonly body: string;
  /** `x5t#S256` of the certificate that the client showed, trusted or not (RFC 8705 §3.1). */
  readonly certificate: string | undefined;
  /** Epoch milliseconds. */
  readonly at: number;
}

/**
 * Returns the first header of that name, which is given in lower case.
 *
 * @since 0.1.0
 */
export const header = (self: ReceivedRequest, name: string): string | undefined =>
  self.headers.find(([key]) => key === name)?.[1];
