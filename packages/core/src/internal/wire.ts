/** Encodes requests, and finds their secrets in what comes back. */
import * as Base64 from "effect/encoding/Base64";
import * as Base64Url from "effect/encoding/Base64Url";
import * as Hex from "effect/encoding/Hex";
import * as HttpBody from "effect/http/HttpBody";
import * as HttpClientRequest from "effect/http/HttpClientRequest";
import * as Record from "effect/Record";
import * as Redacted from "effect/Redacted";
import * as Result from "effect/Result";
import type { TokenRequest, Value } from "../TokenRequest.ts";

/** Returns the text of a value, for the sender alone. */
export const plain = (value: Value): string =>
  Redacted.isRedacted(value) ? Redacted.value(value) : value;

/** Encodes the body: form-encoded (RFC 6749 appendix B), or JSON, where repeated fields become an array. */
export const body = (request: TokenRequest): string => {
  const fields = request.params.map(([name, value]) => [name, plain(value)]);
  if (request.body === "form") return new URLSearchParams(fields).toString();
  const members: { [name: string]: string | Array<string> } = {};
  for (const [name = "", value = ""] of fields) {
    const before = members[name];
    members[name] =
      before === undefined ? value : [...(Array.isArray(before) ? before : [before]), value];
  }
  return JSON.stringify(members);
};

export const toHttp = (request: TokenRequest): HttpClientRequest.HttpClientRequest =>
  HttpClientRequest.post(request.url, {
    headers: {
      accept: "application/json",
      "accept-encoding": "identity",
      ...Record.map(request.headers, plain),
    },
    body: HttpBody.text(
      body(request),
      request.body === "form" ? "application/x-www-form-urlencoded" : "application/json",
    ),
  });

/** Encodes one value as `application/x-www-form-urlencoded` (RFC 6749 appendix B). */
export const formEncode = (text: string): string =>
  new URLSearchParams({ "": text }).toString().slice(1);

const formDecode = (text: string): string => new URLSearchParams(`=${text}`).get("") ?? "";

/**
 * Tests whether a text repeats a secret of this request, because some servers echo requests:
 * any eight characters in a row of a secret, in any case, as it is, in Base64 or hexadecimal, or
 * escaped for a form, a URL or HTML.
 */
export const mentions = (request: TokenRequest, text: string): boolean => {
  const lower = text.toLowerCase();
  return [...request.params.map(([, value]) => value), ...Object.values(request.headers)]
    .filter((value) => typeof value !== "string")
    .flatMap((value) => encodings(Redacted.value(value)))
    .some((secret) => windows(secret.toLowerCase()).some((window) => lower.includes(window)));
};

/** Returns all runs of eight characters; a shorter text is one run. */
const windows = (text: string): ReadonlyArray<string> =>
  text.length <= 8
    ? [text].filter((run) => run !== "")
    : Array.from({ length: text.length - 7 }, (_, at) => text.slice(at, at + 8));

const encodings = (secret: string): ReadonlyArray<string> => {
  const basic = /^Basic (.+)$/.exec(secret)?.[1];
  const texts = basic === undefined ? [secret] : [basic, ...basicSecret(basic)];
  return texts.flatMap((text) => {
    // `encodeURIComponent` throws at half a surrogate pair.
    const percent = encodeURIComponent(text.toWellFormed());
    return [
      text,
      percent,
      encodeURIComponent(percent),
      formEncode(text),
      encodeURIComponent(formEncode(text)),
      Base64.encode(text),
      Base64Url.encode(text),
      Hex.encode(text),
      ...quotes.map((quote) => htmlEscape(text, quote)),
    ];
  });
};

/** How frameworks write a quotation mark and an apostrophe in HTML. */
const quotes = [
  ['"', "'"],
  ["&quot;", "&#39;"],
  ["&#34;", "&#39;"],
  ["&quot;", "&#x27;"],
] as const;

const htmlEscape = (text: string, [double, single]: (typeof quotes)[number]): string =>
  text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', double)
    .replaceAll("'", single);

/** Returns the secret in a Basic header, as it was sent and form-decoded. */
const basicSecret = (credentials: string): ReadonlyArray<string> =>
  Result.match(Base64.decodeString(credentials), {
    onFailure: () => [],
    onSuccess: (pair) => {
      const secret = pair.slice(pair.indexOf(":") + 1);
      return [secret, formDecode(secret)];
    },
  });
