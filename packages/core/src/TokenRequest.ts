/**
 * The token request as a plain value, before anything is sent.
 *
 * @since 0.1.0
 */
import * as Base64 from "effect/encoding/Base64";
import * as Redacted from "effect/Redacted";
import * as Result from "effect/Result";

/**
 * A value of a form field or header; secrets are `Redacted` until the request is sent.
 *
 * @since 0.1.0
 */
export type Value = string | Redacted.Redacted;

/**
 * A POST of `application/x-www-form-urlencoded` fields (RFC 6749 §4).
 *
 * @since 0.1.0
 */
export interface TokenRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, Value>>;
  /** Form fields in the order in which they are sent. */
  readonly params: ReadonlyArray<readonly [name: string, value: Value]>;
}

/**
 * Form fields by name; `undefined` ones are left out.
 *
 * @since 0.1.0
 */
export type Params = Readonly<Record<string, Value | undefined>>;

/**
 * Adds form fields behind those that are there; a field that is there already is replaced in place,
 * because RFC 6749 §3.2 allows each only once.
 *
 * @since 0.1.0
 */
export const withParams = (self: TokenRequest, params: Params): TokenRequest => {
  const fields = new Map(self.params);
  for (const [name, value] of Object.entries(params)) {
    if (value !== undefined) fields.set(name, value);
  }
  return { ...self, params: Array.from(fields) };
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
 * The grants of clients that act for themselves: client credentials (RFC 6749 §4.4) and resource
 * owner password credentials (§4.3.2).
 *
 * @since 0.1.0
 */
export type GrantType = "client_credentials" | "password";

/**
 * A request with a grant type and its fields.
 *
 * @since 0.1.0
 */
export const make = (url: string, grantType: GrantType, params: Params = {}): TokenRequest =>
  withParams({ url, headers: {}, params: [["grant_type", grantType]] }, params);

/**
 * The text of a field: only for the sender and for tests.
 *
 * @since 0.1.0
 */
export const plain = (value: Value): string =>
  Redacted.isRedacted(value) ? Redacted.value(value) : value;

/**
 * The body as it goes over the wire (`application/x-www-form-urlencoded`, RFC 6749 appendix B).
 *
 * @since 0.1.0
 */
export const body = (self: TokenRequest): string =>
  new URLSearchParams(self.params.map(([name, value]) => [name, plain(value)])).toString();

/**
 * One value in `application/x-www-form-urlencoded` (RFC 6749 appendix B).
 *
 * @since 0.1.0
 */
export const formEncode = (text: string): string =>
  new URLSearchParams({ "": text }).toString().slice(1);

/**
 * Whether a text repeats a secret of this request, as servers do that echo what they were sent:
 * any eight characters in a row of a secret, as it is, percent- or form-encoded, or in Base64.
 *
 * @since 0.1.0
 */
export const mentions = (self: TokenRequest, text: string): boolean =>
  [...self.params.map(([, value]) => value), ...Object.values(self.headers)]
    .filter((value) => typeof value !== "string")
    .flatMap((value) => encodings(Redacted.value(value)))
    .some((secret) => windows(secret).some((window) => text.includes(window)));

/** All runs of eight characters; a shorter text is one run. */
const windows = (text: string): ReadonlyArray<string> =>
  text.length <= 8
    ? [text].filter((run) => run !== "")
    : Array.from({ length: text.length - 7 }, (_, at) => text.slice(at, at + 8));

const encodings = (secret: string): ReadonlyArray<string> => {
  const basic = /^Basic (.+)$/.exec(secret)?.[1];
  const texts = basic === undefined ? [secret] : [basic, ...basicSecret(basic)];
  return texts.flatMap((text) => [
    text,
    // `encodeURIComponent` throws at half a surrogate pair.
    encodeURIComponent(text.toWellFormed()),
    formEncode(text),
    Base64.encode(text),
  ]);
};

/** The secret in a Basic header, as it was sent and as it is when that was form-encoded. */
const basicSecret = (credentials: string): ReadonlyArray<string> =>
  Result.match(Base64.decodeString(credentials), {
    onFailure: () => [],
    onSuccess: (pair) => {
      const secret = pair.slice(pair.indexOf(":") + 1);
      return [secret, formDecode(secret)];
    },
  });

const formDecode = (text: string): string => new URLSearchParams(`=${text}`).get("") ?? "";
