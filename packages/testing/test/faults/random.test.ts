import { assert, describe, it } from "@effect/vitest";
import * as TokenServer from "@x/testing/TokenServer";
import * as Arbitrary from "effect/Arbitrary";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Redacted from "effect/Redacted";
import * as Schema from "effect/Schema";
import { acme, everyText, impatient, secret } from "./acme.ts";
import { type Answer, granted } from "./grammar.ts";

/** Fixed seed, so every run checks the same values. */
const seed = 20_261_121;

const reasons = new Set([
  "CredentialsRejected",
  "RequestRejected",
  "ServerUnavailable",
  "ResponseMalformed",
  "ServerUntrusted",
]);

const once = impatient({ attempts: 1 });

/** Fails unless a provider accepts a valid answer or reports a typed error. */
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
    assert.isUndefined(expected, "refused, and should not have been");
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

/** Member names of random answers. */
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

// Sequential, so the time limit of a test covers only its own runs: under 1 s each on an idle machine.
const limits = { concurrent: false, timeout: 240_000 };

describe("a provider with random answers", limits, () => {
  it.live("types every answer of random bytes", () =>
    check(
      Arbitrary.schema(Schema.Struct({ ...head, bytes })),
      (value) => answered(value, Uint8Array.from(value.bytes)),
      400,
    ),
  );

  it.live("types every answer of random text", () =>
    check(
      Arbitrary.schema(Schema.Struct({ ...head, text: Schema.String })),
      (value) => answered(value, value.text),
      200,
    ),
  );

  it.live("types every answer of pieces of JSON in any order", () =>
    check(
      Arbitrary.schema(Schema.Struct({ ...head, pieces: Schema.Array(fragment) })),
      (value) => answered(value, value.pieces.join("")),
      600,
    ),
  );

  it.live("types every answer of any JSON", () =>
    check(
      Arbitrary.schema(Schema.Struct({ ...head, json: Schema.Json })),
      (value) => answered(value, JSON.stringify(value.json)),
      200,
    ),
  );

  it.live("takes a token with random members after it only if they are valid", () =>
    Effect.gen(function* () {
      const accepted = yield* check(
        Arbitrary.schema(Schema.Struct({ ...head, has: Schema.Boolean, members })),
        (value) => {
          const needed = value.has ? ['"access_token":"token"', '"token_type":"bearer"'] : [];
          const odd = value.members.map((member) => `${member.name}:${quoted(member.value)}`);
          return answered(value, `{${[...needed, ...odd].join(",")}}`);
        },
        600,
      );
      assert.isAtLeast(accepted, 20);
    }),
  );

  it.live("takes a valid answer with up to three changed bytes only if it stays valid", () =>
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
        600,
      );
      assert.isAtLeast(accepted, 20);
    }),
  );
});
