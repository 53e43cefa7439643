/**
 * The header that carries the token to the API.
 *
 * @since 0.1.0
 */

/**
 * A header and what it says.
 *
 * @since 0.1.0
 */
export interface Authorization {
  /** Name of the header, in lower case. */
  readonly header: string;
  /** The header's value for a token. */
  readonly value: (token: string) => string;
}

/**
 * `Authorization: <scheme> <token>`.
 *
 * @since 0.1.0
 */
export const scheme = (name: string): Authorization => ({
  header: "authorization",
  value: (token) => `${name} ${token}`,
});

/**
 * `Authorization: Bearer <token>` (RFC 6750 §2.1).
 *
 * @since 0.1.0
 */
export const bearer: Authorization = scheme("Bearer");

/**
 * The token alone in a header of the vendor's own.
 *
 * The client's responses print the request without this header. A log of requests inside your own
 * `HttpClient` shows it, unless `CurrentRedactedNames` of `effect/http/Headers` names it.
 *
 * @since 0.1.0
 */
export const header = (name: string): Authorization => ({
  header: name.toLowerCase(),
  value: (token) => token,
});
