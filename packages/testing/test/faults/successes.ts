/** Answers of status 200 that are malformed, or nearly so. */
import * as TokenServer from "@x/testing/TokenServer";
import {
  answer,
  canary,
  type Case,
  malformed,
  object,
  quote,
  short,
  truncated,
  valid,
  type Verdict,
} from "./cases.ts";

/** A member with each of these JSON texts for its value. */
const member = (name: string, verdict: Verdict, values: ReadonlyArray<string | undefined>) =>
  values.map((value) =>
    answer(
      `${name} ${value === undefined ? "left out" : short(value)}`,
      verdict,
      object({ [name]: value }),
    ),
  );

const wrongTypes = [
  "true",
  "false",
  "[]",
  "{}",
  '["canary-of-the-body"]',
  '{"a":"canary-of-the-body"}',
];

const visible = String.fromCharCode(...Array.from({ length: 94 }, (_, at) => 0x21 + at));

const values: ReadonlyArray<Case> = [
  ...member("access_token", "token", [
    ...["a", "!", "~", visible, "a.b-c_d~e+f/g==", "a".repeat(16_384)].map(quote),
    '"\\u0061bc"',
  ]),
  ...member("access_token", malformed, [
    undefined,
    "null",
    "0",
    "42",
    "1e400",
    ...wrongTypes,
    ...["", " ", `${canary} `, ` ${canary}`, `${canary} x`, `${canary}\tx`].map(quote),
    ...[`${canary}\r\nx-evil: 1`, `${canary}\n`, `${canary}\0`, `${canary}\u007f`].map(quote),
    ...[`${canary}é`, `${canary}€`, `${canary}\u2028`, `${canary}\u{1f600}`].map(quote),
    '"canary-of-the-body\\ud800"',
    quote("a".repeat(16_385)),
    quote("a".repeat(250_000)),
  ]),
  ...member("token_type", "token", ["Bearer", "bearer", "BEARER", "bEaReR", "Bearer "].map(quote)),
  ...member("token_type", malformed, [
    undefined,
    "null",
    "0",
    "1",
    ...wrongTypes,
    ...["", " ", "DPoP", "dpop", "mac", "MAC", "N_A", "Basic", "Bearertoken", "Bear er"].map(quote),
    ...["Bearer\n", "Bearer, DPoP", "DPoP Bearer", "Bearer\0", "Веarer", "Token", canary].map(
      quote,
    ),
  ]),
  ...member("expires_in", "token", [
    undefined,
    "null",
    "0",
    "-0",
    "1",
    "0.5",
    "3600.9",
    "1e3",
    "36E2",
    "9e15",
    "9007199254740993",
    "1e308",
    ...["0", "3600", "0003600", "86401", "99999999999999999999"].map(quote),
  ]),
  ...member("expires_in", malformed, [
    "-1",
    "-0.5",
    "-1e400",
    "1e400",
    "-3600",
    ...wrongTypes,
    "[3600]",
    ...["", " ", " 3600", "3600 ", " 3600 ", "-1", "-0", "+3600", "3600.5", "3,600", "3600s"].map(
      quote,
    ),
    ...["abc", "300abc", "0x10", "1e3", "NaN", "Infinity", "null", "true", "PT1H", "1h"].map(quote),
    ...["٣٦٠٠", "３６００", "3600\n", "3600\0", "9".repeat(400), canary].map(quote),
  ]),
  ...member("scope", "token", [
    undefined,
    "null",
    ...["", "read", "read write", "write read", "a:b/c", visible].map(quote),
  ]),
  ...member("scope", malformed, [
    "0",
    "1",
    ...wrongTypes,
    ...[`${canary}é`, `${canary}\n`, `${canary}\t`, `${canary}\0`, `${canary}\u007f`].map(quote),
  ]),
  ...member("refresh_token", "token", ["null", "0", "[]", quote(""), quote(canary)]),
  ...member("id_token", "token", ["null", "0", "{}", quote(canary)]),
  ...member("constructor", "token", ["null", '{"prototype":{"error":"canary"}}']),
  ...member("toString", "token", ["null", "1"]),
  ...member("__proto__", "token", [
    "null",
    '{"error":"canary-of-the-body"}',
    '{"access_token":"canary-of-the-body"}',
  ]),
  answer(
    "a token that only __proto__ has",
    malformed,
    object({ access_token: undefined, ["__proto__"]: '{"access_token":"canary-of-the-body"}' }),
  ),
  answer("all that is needed in __proto__", malformed, `{"__proto__":${valid}}`),
];

const nested = (depth: number, open: string, close: string) =>
  open.repeat(depth) + quote(canary) + close.repeat(depth);

/** Two members of one name, of which the last counts, as in `JSON.parse`. */
const twice = (verdict: Verdict, name: string, first: string, second: string, key = quote(name)) =>
  answer(
    `${name} twice, as ${short(first)} and ${short(second)}${key === quote(name) ? "" : `, once as ${key}`}`,
    verdict,
    `${object({ [name]: first }).slice(0, -1)},${key}:${second}}`,
  );

const texts: ReadonlyArray<Case> = [
  answer("white space around", "token", ` \r\n\t${valid}\r\n\t `),
  answer("a byte order mark", "token", `\ufeff${valid}`),
  answer("two byte order marks", "token", `\ufeff\ufeff${valid}`),
  answer(
    "members in another order",
    "token",
    `{"token_type":"bearer","hint":"${canary}","access_token":"t"}`,
  ),
  answer("objects eight deep in the object", "token", object({ extra: nested(8, '{"a":', "}") })),
  answer("lists 100 deep", "token", object({ extra: nested(100, "[", "]") })),
  answer("brackets in a text", "token", object({ extra: quote("[{".repeat(20)) })),
  answer("quotes in a text", "token", object({ extra: quote('\\"{\\'.repeat(20)) })),
  answer("a text of 200,000 characters", "token", object({ extra: quote("\\".repeat(100_000)) })),
  answer(
    "20,000 members",
    "token",
    object(Object.fromEntries(Array.from({ length: 20_000 }, (_, at) => [`m${at}`, "1"]))),
  ),
  twice("token", "access_token", quote("a"), quote("b")),
  twice(malformed, "access_token", quote("a"), "null"),
  twice("token", "access_token", "null", quote("a"), '"access\\u005ftoken"'),
  twice(malformed, "token_type", quote("Bearer"), quote("DPoP")),
  twice("token", "token_type", quote("DPoP"), quote("Bearer")),
  twice("token", "expires_in", "1", "3600"),
  twice(malformed, "expires_in", "3600", "-1", '"expires_i\\u006E"'),
  twice("token", "scope", quote("a"), quote("b")),
  answer("error twice", "CredentialsRejected", `{"error":"${canary}","error":"invalid_client"}`),
  ...["null", "true", "42", quote(canary), "[]", `[${valid}]`, `[${quote(canary)}]`, "{}"].map(
    (text) => answer(`${short(text)} as the whole`, malformed, text),
  ),
  ...(
    [
      ["a bracket behind", `${valid}}`],
      ["another object behind", valid + valid],
      ["NUL before", `\0${valid}`],
      ["a letter before", `x${valid}`],
      ["a guard against scripts", `)]}',\n${valid}`],
      ["a call around", `cb(${valid})`],
      ["a comma after the last member", `${valid.slice(0, -1)},}`],
      ["a comment", `/* ${canary} */${valid}`],
      ["single quotes", valid.replaceAll('"', "'")],
      ["names without quotes", `{access_token:"${canary}",token_type:"Bearer"}`],
      ["NaN", object({ expires_in: "NaN" })],
      ["a number that begins with 0", object({ expires_in: "0600" })],
      ["a number that begins with +", object({ expires_in: "+600" })],
      ["a line break in a text", object({ access_token: `"${canary}\n"` })],
      ["an unknown escape", object({ access_token: `"${canary}\\x41"` })],
      ["a bare token", canary],
      ["a form", `access_token=${canary}&token_type=bearer`],
      ["XML", `<?xml version="1.0"?><access_token>${canary}</access_token>`],
      ["a page", `<!DOCTYPE html><title>${canary}</title>`],
    ] as const
  ).map(([name, text]) => answer(name, malformed, text)),
  ...[
    "",
    " ",
    "\r\n",
    "{",
    `{"${canary}`,
    ...[10, 20, 30, 40, 50].map((at) => valid.slice(0, at)),
  ].map((text) => answer(`the beginning ${quote(text)}`, truncated, text)),
];

const types: ReadonlyArray<Case> = [
  ...[
    "application/json; charset=utf-8",
    "application/json;charset=UTF-8",
    "application/json ; charset=x",
    "APPLICATION/JSON",
    "Application/Json;odd",
    "application/vnd.acme.v1+json",
    "application/oauth+json; charset=utf-8",
  ].map((type) => answer(`content-type ${type}`, "token", valid, 200, { "content-type": type })),
  ...[
    "text/html",
    "text/plain",
    "text/json",
    "application/jwt",
    "application/xml",
    "application/javascript",
    "application/json5",
    "application/jsonx",
    "application/x-json",
    "application/json-seq",
    "application/json+xml",
    "application/json, text/html",
    "text/html; a=application/json",
    "application/octet-stream",
    "application/x-www-form-urlencoded",
    "json",
  ].map((type) => answer(`content-type ${type}`, malformed, valid, 200, { "content-type": type })),
  answer("no content-type", malformed, valid, 200, {}),
  answer("two content-types", malformed, valid, 200, {
    "content-type": ["application/json", "text/html"],
  }),
  answer("an empty page", truncated, "", 200, { "content-type": "text/html" }),
];

const utf16 = (text: string, bigEndian: boolean) => {
  const bytes = Buffer.from(text, "utf16le");
  return bigEndian ? bytes.swap16() : bytes;
};

const withBytes = (...bytes: ReadonlyArray<number>) =>
  Buffer.concat([Buffer.from(object().slice(0, -2)), Buffer.from(bytes), Buffer.from('"}')]);

const encodings: ReadonlyArray<Case> = [
  answer("UTF-16, big end first", malformed, utf16(valid, true)),
  answer("UTF-16 with its mark", malformed, utf16(`\ufeff${valid}`, false)),
  answer("text of other languages", "token", object({ extra: quote("žluťoučký 日本語 🦊") })),
  answer("half a surrogate pair, escaped", "token", object({ extra: '"\\ud800"' })),
  ...(
    [
      ["Latin-1", [0xe9]],
      ["0xff", [0xff]],
      ["a continuation alone", [0x80]],
      ["an overlong NUL", [0xc0, 0x80]],
      ["an overlong slash", [0xe0, 0x80, 0xaf]],
      ["half a surrogate pair", [0xed, 0xa0, 0x80]],
      ["beyond Unicode", [0xf4, 0x90, 0x80, 0x80]],
      ["half a character", [0xe2, 0x82]],
    ] as const
  ).map(([name, bytes]) => answer(`${name} in a text`, malformed, withBytes(...bytes))),
  {
    name: "gzip that nobody asked for",
    verdict: malformed,
    answer: TokenServer.gzipBomb(1),
  },
];

export const successes: ReadonlyArray<Case> = [...values, ...texts, ...types, ...encodings];
