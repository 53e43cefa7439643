/**
 * The token request as a plain value, before anything is sent.
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect";
import type { Headers } from "effect/http/Headers";
import type * as Redacted from "effect/Redacted";
import type * as TokenError from "./TokenError.ts";

/**
 * A value of a field or header; secrets are `Redacted` until the request is sent.
 *
 * @since 0.1.0
 */
export type Value = string | Redacted.Redacted;

/**
 * Fields by name. An array repeats its field, as `resource` may be (RFC 8707 §2); `undefined` leaves it out.
 *
 * @since 0.1.0
 */
export type Params = Readonly<Record<string, Value | ReadonlyArray<Value> | undefined>>;

/**
 * Where a request goes, and what it may say about its receiver.
 *
 * @since 0.1.0
 */
export interface Endpoint {
  readonly url: string;
  /** The token endpoint, also for a request to another endpoint. */
  readonly tokenUrl: string;
  /** The configured issuer; `undefined` where only a token URL is configured. */
  readonly issuer: string | undefined;
}

/**
 * A POST to an endpoint of the authorization server (RFC 6749 §3.2).
 *
 * @since 0.1.0
 */
export interface TokenRequest {
  readonly url: string;
  /** `application/x-www-form-urlencoded` as RFC 6749 says, or JSON as some vendors ask. */
  readonly body: "form" | "json";
  readonly headers: Readonly<Record<string, Value>>;
  /** Fields in the order in which they are sent. */
  readonly params: ReadonlyArray<readonly [name: string, value: Value]>;
  /** Asked in their order about each answer, until one has learnt something. */
  readonly learners: ReadonlyArray<Learner>;
}

/**
 * What an answer says to a learner.
 *
 * @since 0.1.0
 */
export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  /** Epoch milliseconds, by our clock, of the moment when the answer had come. */
  readonly at: number;
  /** Why there is no token; `undefined` for an answer that was accepted. */
  readonly refusal: TokenError.Reason | undefined;
}

/**
 * Looks at an answer and says whether another request may fare better: the clock was corrected, a
 * rotated secret was read, a nonce was given. A failure replaces the refusal by a better account of it.
 *
 * @since 0.1.0
 */
export type Learner = (answered: Answered) => Effect.Effect<boolean, TokenError.Reason>;

/**
 * Makes a request without headers and learners.
 *
 * @since 0.1.0
 */
export const make = (
  url: string,
  params: Params,
  options?: { readonly body?: "form" | "json" | undefined },
): TokenRequest =>
  withParams({ url, body: options?.body ?? "form", headers: {}, params: [], learners: [] }, params);

/**
 * Adds fields behind those that are there. A field that is there already is replaced in its place,
 * because RFC 6749 §3.2 allows each only once.
 *
 * @since 0.1.0
 */
export const withParams = (self: TokenRequest, params: Params): TokenRequest => {
  const fields = new Map<string, ReadonlyArray<Value>>();
  for (const [name, value] of self.params) fields.set(name, [...(fields.get(name) ?? []), value]);
  for (const [name, value] of Object.entries(params)) {
    if (value !== undefined) fields.set(name, Array.isArray(value) ? value : [value as Value]);
  }
  return {
    ...self,
    params: [...fields].flatMap(([name, values]) => values.map((value) => [name, value] as const)),
  };
};

/**
 * Sets one header.
 *
 * @since 0.1.0
 */
export const withHeader = (self: TokenRequest, name: string, value: Value): TokenRequest => ({
  ...self,
  headers: { ...self.headers, [name]: value },
});

/**
 * Adds learners behind those that are there.
 *
 * @since 0.1.0
 */
export const learning = (
  self: TokenRequest,
  ...learners: ReadonlyArray<Learner>
): TokenRequest => ({ ...self, learners: [...self.learners, ...learners] });
