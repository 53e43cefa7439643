/**
 * A request as a test server received it.
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
  /** Headers in order of arrival, repeated ones included, with names in lower case. */
  readonly headers: ReadonlyArray<readonly [name: string, value: string]>;
  /** Body decoded as UTF-8. */
  readonly body: string;
  /** `x5t#S256` of the client certificate, trusted or not (RFC 8705 §3.1). */
  readonly certificate: string | undefined;
  /** Time of arrival in epoch milliseconds. */
  readonly at: number;
}

/**
 * Returns the first header with a name, which must be in lower case.
 *
 * @since 0.1.0
 */
export const header = (self: ReceivedRequest, name: string): string | undefined =>
  self.headers.find(([key]) => key === name)?.[1];

/**
 * Returns the token of the `Authorization: Bearer` header (RFC 6750 §2.1).
 *
 * @since 0.1.0
 */
export const bearerToken = (self: ReceivedRequest): string | undefined =>
  /^bearer +([A-Za-z0-9\-._~+/]+=*)$/i.exec(header(self, "authorization") ?? "")?.[1];
