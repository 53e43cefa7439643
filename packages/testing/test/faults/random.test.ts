import { assert, describe, it } from "@effect/vitest";
import * as TokenServer from "@x/testing/TokenServer";
import * as Arbitrary from "effect/Arbitrary";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Redacted from "effect/Redacted";
import * as Schema from "effect/Schema";
import { acme, everyText, impatient, secret } from "./acme.ts";

/** A failure prints the token that replays it. */
const seed = 20_261_121;

interface Answer {
  readonly status: number;
  readonly contentType: string | undefined;
  readonly body: Uint8Array;
}

const isPrintable = (text: string, from: number) =>
  [...text].every((character) => {
    const code = character.codePointAt(0) ?? 0;
    return code >= from && code <= 0x7e;
  });

/** The names of an object's members, escapes resolved, and how deep its JSON text goes. */
const structureOf = (text: string) => {
  const names: Array<string> = [];
  let depth = 0;
  let deepest = 0;
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at);
    if (character === "{" || character === "[") depth++;
    deepest = Math.max(deepest, depth);
    if (character === "}" || character === "]") depth--;
    if (character !== '"') continue;
    let end = at + 1;
    while (text.charAt(end) !== '"') end += text.charAt(end) === "\\" ? 2 : 1;
    const rest = text.slice(end + 1).trimStart();
    if (depth === 1 && rest.startsWith(":")) names.push(JSON.parse(text.slice(at, end + 1)));
    at = end;
  }
  const isTwice = (name: string) => names.filter((other) => other === name).length > 1;
  return { deepest, isTwice, names };
};

/** The object in a body, if it is one that RFC 8259 and this library's README allow. */
const objectIn = ({ body, contentType }: Answer): Readonly<Record<string, unknown>> | undefined => {
  const [type = ""] = (contentType ?? "").split(";");
  if (!/^application\/(json|[a-z0-9._-]+\+json)$/.test(type.trim().toLowerCase())) return undefined;
  const text = Buffer.from(body).toString("utf8");
  // Bytes that are not UTF-8 come back as others.
  if (!Buffer.from(text).equals(Buffer.from(body))) return undefined;
  try {
    const json = text.startsWith("\ufeff") ? text.slice(1) : text;
    const value: unknown = JSON.parse(json);
    if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
    const { deepest, isTwice } = structureOf(json);
    const used = ["access_token", "token_type", "expires_in", "scope", "error"];
    if (deepest > 8 || used.some(isTwice)) return undefined;
    return Object.fromEntries(Object.entries(value));
  } catch {
    return undefined;
  }
};

/** RFC 6749 §5.1, written from its text and not from the code under test. */
const granted = (answer: Answer): string | undefined => {
  if (answer.status !== 200) return undefined;
  const object = objectIn(answer);
  if (object === undefined) return undefined;
  // An error that is null or empty says nothing; servers send it in every answer.
  if ("error" in object && object["error"] !== null && object["error"] !== "") return undefined;
  const { access_token: token, expires_in: expires, scope, token_type: type } = object;
  if (typeof token !== "string" || token.length < 1 || token.length > 16_384) return undefined;
  if (!isPrintable(token, 0x21)) return undefined;
  if (typeof type !== "string" || type.replace(/ +$/, "").toLowerCase() !== "bearer")
    return undefined;
  if (scope !== undefined && scope !== null) {
    if (typeof scope !== "string" || scope.length > 4096 || !isPrintable(scope, 0x20))
      return undefined;
  }
  if (expires !== undefined && expires !== null) {
    const isNumber = typeof expires === "number" && Number.isFinite(expires) && expires >= 0;
    const isDigits = typeof expires === "string" && /^[0-9]{1,20}$/.test(expires);
    if (!isNumber && !isDigits) return undefined;
  }
  return token;
};

/** RFC 8259 §4 leaves open what becomes of an object that names a member twice. */
const repeatsUnused = (answer: Answer): boolean => {
  if (objectIn(answer) === undefined) return false;
  const { isTwice, names } = structureOf(Buffer.from(answer.body).toString("utf8"));
  return names.some(isTwice);
};

const reasons = new Set([
  "CredentialsRejected",
  "RequestRejected",
  "ServerUnavailable",
  "ResponseMalformed",
  "ServerUntrusted",
]);

const once = impatient({ attempts: 1 });

/** Whether a provider makes of this answer what it must. */
const holds = (answer: Answer) =>
  Effect.gen(function* () {
    const { forgetRequests, requestCount, setScript } = yield* TokenServer.TokenServer;
    yield* forgetRequests;
    yield* setScript([
      TokenServer.respond(answer.body, {
        status: answer.status,
        headers: answer.contentType === undefined ? {} : { "content-type": answer.contentType },
      }),
    ]);
    const { get } = yield* acme({ refresh: once });
    const exit = yield* Effect.exit(get);
    assert.isFalse(Exit.hasDies(exit), "a defect");
    assert.strictEqual(yield* requestCount, 1);
    const expected = granted(answer);
    if (Exit.isSuccess(exit)) {
      assert.strictEqual(Redacted.value(exit.value.value), expected);
      const lifetime = exit.value.expiresAt - exit.value.issuedAt;
      assert.isTrue(lifetime >= 0 && lifetime <= 86_400_000);
      return true;
    }
    if (!repeatsUnused(answer)) assert.isUndefined(expected, "refused, and should not have been");
    const error = yield* Effect.flip(exit);
    assert.strictEqual(error._tag, "TokenError");
    assert.isTrue(reasons.has(error.reason._tag), error.reason._tag);
    assert.notInclude(everyText(error), secret);
    return true;
  }).pipe(Effect.scoped);

const check = <A>(
  arbitrary: Arbitrary.Arbitrary<A>,
  toAnswer: (value: A) => Answer,
  runs: number,
) =>
  Effect.gen(function* () {
    let accepted = 0;
    const result = yield* Arbitrary.checkEffect(
      arbitrary,
      (value) =>
        Effect.suspend(() => {
          const answer = toAnswer(value);
          if (granted(answer) !== undefined) accepted++;
          return holds(answer);
        }).pipe(Effect.catchCause((cause) => Effect.fail(cause))),
      { runs, seed, maxShrinks: 200 },
    );
    assert.isUndefined(Arbitrary.formatCheckFailure(result));
    return accepted;
  }).pipe(Effect.provide(TokenServer.layerHttpClient([TokenServer.token()])));

const oneOf = <const Values extends ReadonlyArray<string | number>>(values: Values) =>
  Schema.Literals(values);

const status = Schema.Union([
  Schema.Literal(200),
  Schema.Literal(200),
  Schema.Int.check(Schema.isBetween({ minimum: 200, maximum: 599 })),
]);

const contentType = oneOf([
  "application/json",
  "application/json",
  "application/json",
  "application/json; charset=utf-8",
  "application/vnd.a+json",
  "APPLICATION/JSON",
  "text/html",
  "application/jwt",
  "",
]);

const bytes = Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 255 })));

/** Texts of which answers are made: names, values, and what stands between them. */
const name = oneOf([
  '"access_token"',
  '"access_token"',
  '"token_type"',
  '"expires_in"',
  '"scope"',
  '"error"',
  '"error_description"',
  '"message"',
  '"access\\u005ftoken"',
  '"__proto__"',
  '"constructor"',
  '""',
]);

const text = oneOf([
  '"Bearer"',
  '"bearer"',
  '"DPoP"',
  '"token"',
  '"a b"',
  '"a\\r\\nb"',
  '"é"',
  '""',
  '"3600"',
  '"-1"',
  '"1e3"',
  '"invalid_client"',
  '"server_error"',
  "0",
  "3600",
  "-1",
  "1e400",
  "null",
  "true",
  "[]",
  "{}",
  '[{"a":"}"}]',
  '{"access_token":"inner"}',
]);

const fragment = Schema.Union([
  name,
  text,
  oneOf(["{", "}", "[", "]", ",", ":", '"', "\\", " ", "\n", "\ufeff", "\0", "{", "}", ",", ":"]),
]);

const members = Schema.Array(
  Schema.Struct({ name, value: Schema.Union([text, text, Schema.String]) }),
);

const quoted = (value: string) => {
  try {
    JSON.parse(value);
    return value;
  } catch {
    return JSON.stringify(value);
  }
};

const head = { status, contentType };
const answered = (
  value: { readonly status: number; readonly contentType: string },
  body: string | Uint8Array,
): Answer => ({
  status: value.status,
  contentType: value.contentType === "" ? undefined : value.contentType,
  body: typeof body === "string" ? Buffer.from(body) : body,
});

describe("whatever a token endpoint answers, a provider takes what is valid and types the rest", () => {
  it.live("bytes", () =>
    check(
      Arbitrary.schema(Schema.Struct({ ...head, bytes })),
      (value) => answered(value, Uint8Array.from(value.bytes)),
      2_000,
    ),
  );

  it.live("text", () =>
    check(
      Arbitrary.schema(Schema.Struct({ ...head, text: Schema.String })),
      (value) => answered(value, value.text),
      1_000,
    ),
  );

  it.live("pieces of JSON in any order", () =>
    check(
      Arbitrary.schema(Schema.Struct({ ...head, pieces: Schema.Array(fragment) })),
      (value) => answered(value, value.pieces.join("")),
      3_000,
    ),
  );

  it.live("any JSON", () =>
    check(
      Arbitrary.schema(Schema.Struct({ ...head, json: Schema.Json })),
      (value) => answered(value, JSON.stringify(value.json)),
      1_000,
    ),
  );

  it.live("objects of odd members behind those that are needed", () =>
    Effect.gen(function* () {
      const accepted = yield* check(
        Arbitrary.schema(Schema.Struct({ ...head, has: Schema.Boolean, members })),
        (value) => {
          const needed = value.has ? ['"access_token":"token"', '"token_type":"bearer"'] : [];
          const odd = value.members.map((member) => `${member.name}:${quoted(member.value)}`);
          return answered(value, `{${[...needed, ...odd].join(",")}}`);
        },
        3_000,
      );
      assert.isAtLeast(accepted, 100);
    }),
  );

  it.live("a valid answer with some of its bytes changed", () =>
    Effect.gen(function* () {
      const change = Schema.Struct({
        at: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 90 })),
        by: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 255 })),
      });
      const accepted = yield* check(
        Arbitrary.schema(Schema.Struct({ changes: Schema.Array(change) })),
        ({ changes }) => {
          const body = Buffer.from(
            '{"access_token":"token.of-the_script~","token_type":"Bearer","expires_in":3600}',
          );
          for (const { at, by } of changes.slice(0, 3)) body[at % body.length] = by;
          return { status: 200, contentType: "application/json", body };
        },
        3_000,
      );
      assert.isAtLeast(accepted, 100);
    }),
  );
});
