import { assert, describe, it } from "@effect/vitest";
import type * as TokenError from "@x/core/TokenError";
import * as TokenRequest from "@x/core/TokenRequest";
import * as Headers from "effect/http/Headers";
import * as Redacted from "effect/Redacted";
import * as Result from "effect/Result";
import * as Schema from "effect/Schema";
import * as decoding from "../src/internal/decode.ts";
import { everyText } from "./scripted.ts";

const request = TokenRequest.make("https://login.acme.test/token", {
  client_secret: Redacted.make("canary-secret-of-ours"),
});

const decode = (
  body: string | Uint8Array,
  options: {
    readonly status?: number;
    readonly headers?: Readonly<Record<string, string>>;
    readonly now?: number;
    readonly tokenType?: ReadonlyArray<string> | "any";
    readonly extra?: Schema.ConstraintDecoder<unknown>;
  } = {},
) =>
  decoding.token(
    { tokenType: options.tokenType ?? ["Bearer"], extra: options.extra },
    {
      status: options.status ?? 200,
      headers: Headers.fromInput({ "content-type": "application/json", ...options.headers }),
      body: typeof body === "string" ? new TextEncoder().encode(body) : body,
    },
    request,
    options.now ?? 0,
  );

const reasonOf = (result: ReturnType<typeof decode>): TokenError.Reason => {
  assert.isTrue(Result.isFailure(result), "it was accepted");
  return Result.getOrThrow(Result.flip(result));
};

const valid = { access_token: "canary-token", token_type: "Bearer", expires_in: 3600 };
/** The JSON of a valid answer with one member written as given; `undefined` leaves it out. */
const withMember = (name: string, text: string | undefined): string => {
  const { [name as keyof typeof valid]: _, ...others } = valid;
  const members = Object.entries(others).map(([key, value]) => `"${key}":${JSON.stringify(value)}`);
  return `{${[...members, ...(text === undefined ? [] : [`"${name}":${text}`])].join(",")}}`;
};

describe("decode.token, of an answer with a token,", () => {
  const lifetimes: ReadonlyArray<readonly [text: string | undefined, millis: number | undefined]> =
    [
      ["3600", 3_600_000],
      ['"3600"', 3_600_000],
      ["3600.9", 3_600_900],
      ["0.4", 400],
      ["1e15", 1e18],
      ["3.6e3", 3_600_000],
      ["0", 0],
      ['"0"', 0],
      ["9e15", 9e18],
      ['"99999999999999999999"', 1e23],
      ["null", undefined],
      [undefined, undefined],
    ];
  for (const [text, millis] of lifetimes) {
    it(`takes expires_in ${text ?? "absent"}`, () => {
      const grant = Result.getOrThrow(decode(withMember("expires_in", text)));
      assert.strictEqual(grant.lifetime, millis);
      assert.strictEqual(Redacted.value(grant.value), "canary-token");
      assert.notInclude(everyText(grant), "canary");
    });
  }

  const others: ReadonlyArray<readonly [name: string, body: string]> = [
    ["token_type bearer", withMember("token_type", '"bearer"')],
    ["token_type BEARER", withMember("token_type", '"BEARER"')],
    ['token_type "Bearer "', withMember("token_type", '"Bearer "')],
    ["a token of one character", withMember("access_token", '"!"')],
    ["a token of 16 KiB", withMember("access_token", `"${"~".repeat(16_384)}"`)],
    ["members that it does not know", withMember("grant_type", '{"deep":[[[1]]]}')],
    ["a byte order mark", `\ufeff${withMember("expires_in", "1")}`],
    ["white space around", ` \r\n${withMember("expires_in", "1")}\n\n`],
  ];
  for (const [name, body] of others) {
    it(`takes ${name}`, () => {
      assert.isTrue(Result.isSuccess(decode(body)));
    });
  }

  for (const type of [
    "application/json",
    "application/json;charset=utf-8",
    "APPLICATION/JSON ; charset=x",
    "application/vnd.acme+json",
  ]) {
    it(`takes content-type ${type}`, () => {
      const answer = decode(JSON.stringify(valid), { headers: { "content-type": type } });
      assert.isTrue(Result.isSuccess(answer));
    });
  }

  const scopes: ReadonlyArray<readonly [text: string | undefined, scope: string | undefined]> = [
    ['"a b"', "a b"],
    ['""', ""],
    ["null", undefined],
    [undefined, undefined],
  ];
  for (const [text, scope] of scopes) {
    it(`takes scope ${text ?? "absent"}`, () => {
      assert.strictEqual(Result.getOrThrow(decode(withMember("scope", text))).scope, scope);
    });
  }
});

describe("decode.token, of an answer without a usable token,", () => {
  const members: ReadonlyArray<readonly [name: string, texts: ReadonlyArray<string | undefined>]> =
    [
      [
        "expires_in",
        [
          '"300abc"',
          '" 3600 "',
          '"1e3"',
          '"0x10"',
          '"-1"',
          '"3600.5"',
          '""',
          '"NaN"',
          '"Infinity"',
          '"\u0663\u0666"',
          "true",
          "[]",
          "[3600]",
          "{}",
          "-1",
          "-0.5",
          "1e400",
          '"999999999999999999999"',
        ],
      ],
      [
        "token_type",
        ['"DPoP"', '"mac"', '"N_A"', '"Bearer x"', '"NotBearer"', '""', "1", "null", undefined],
      ],
      [
        "access_token",
        [
          '""',
          '" "',
          '"a b"',
          '"canary\\r\\nx: y"',
          '"canary\\u0000"',
          '"canary\u00e9"',
          '"canary\\u007f"',
          `"${"c".repeat(16_385)}"`,
          "1",
          "null",
          "[]",
          undefined,
        ],
      ],
      ["scope", ['["a"]', "1", '"a\\nb"', `"${"s".repeat(4097)}"`]],
    ];
  for (const [name, texts] of members) {
    for (const text of texts) {
      it(`refuses ${name} ${text?.slice(0, 24) ?? "absent"}`, () => {
        const reason = reasonOf(decode(withMember(name, text)));
        assert.strictEqual(reason._tag, "ResponseMalformed");
        assert.include(reason.message, name);
        assert.notInclude(everyText(reason), "canary");
      });
    }
  }

  const bodies: ReadonlyArray<readonly [name: string, body: string | Uint8Array, says: RegExp]> = [
    ["null", "null", /not a JSON object/],
    ["an array", "[]", /not a JSON object/],
    ["a string", '"canary"', /not a JSON object/],
    ["a bare token", "canary-token", /not JSON/],
    ["a page", "<html>canary-token</html>", /not JSON/],
    ["bytes behind the object", `${JSON.stringify(valid)}canary}`, /not JSON/],
    ["invalid UTF-8", Uint8Array.of(0x7b, 0xff, 0x7d), /not JSON/],
    [
      "UTF-16",
      new Uint8Array(Buffer.from(`\ufeff${JSON.stringify(valid)}`, "utf16le")),
      /not JSON/,
    ],
    // Read with a regular expression that backtracks, this body takes minutes.
    ["256 KiB of blanks before a letter", `${" ".repeat(256 * 1024 - 1)}x`, /not JSON/],
    ["256 KiB of nesting", "[".repeat(256 * 1024), /not JSON/],
  ];
  for (const [name, body, says] of bodies) {
    it(`refuses ${name}`, () => {
      const reason = reasonOf(decode(body));
      assert.strictEqual(reason._tag, "ResponseMalformed");
      assert.match(reason.message, says);
      assert.notInclude(everyText(reason), "canary");
    });
  }

  for (const type of ["text/html", "text/plain", "application/jwt", "application/jsonp", ""]) {
    it(`refuses content-type "${type}" whatever the body is`, () => {
      const reason = reasonOf(decode(JSON.stringify(valid), { headers: { "content-type": type } }));
      assert.strictEqual(reason._tag, "ResponseMalformed");
      assert.match(reason.message, /content-type/);
    });
  }

  it("calls an answer that ends early transient", () => {
    const whole = JSON.stringify(valid);
    for (let end = 0; end < whole.length; end++) {
      const reason = reasonOf(decode(whole.slice(0, end)));
      assert.isTrue(
        reason._tag === "ServerUnavailable" && reason.problem === "truncated",
        `${end}`,
      );
      assert.notInclude(everyText(reason), "canary");
    }
  });

  it("calls an empty answer without content-type transient", () => {
    const reason = reasonOf(decode("", { headers: { "content-type": "" } }));
    assert.isTrue(reason._tag === "ServerUnavailable" && reason.problem === "truncated");
  });

  for (const status of [201, 202, 203, 204, 206]) {
    it(`refuses a token with status ${status}`, () => {
      const reason = reasonOf(decode(JSON.stringify(valid), { status }));
      assert.strictEqual(reason._tag, "ResponseMalformed");
      assert.include(everyText(reason), String(status));
      assert.notInclude(everyText(reason), "canary");
    });
  }

  it("takes a token beside an empty error", () => {
    for (const error of [null, ""]) {
      assert.isTrue(Result.isSuccess(decode(JSON.stringify({ ...valid, error }))));
    }
  });

  it("refuses a token beside an error", () => {
    const reason = reasonOf(decode(JSON.stringify({ ...valid, error: "invalid_scope" })));
    assert.strictEqual(reason._tag, "RequestRejected");
    assert.notInclude(everyText(reason), "canary");
    const odd = reasonOf(decode(JSON.stringify({ ...valid, error: { canary: "canary" } })));
    assert.strictEqual(odd._tag, "RequestRejected");
    assert.notInclude(everyText(odd), "canary");
  });

  it("recognises refused credentials in an answer with status 200", () => {
    const reason = reasonOf(decode('{"error":"invalid_grant"}'));
    assert.strictEqual(reason._tag, "CredentialsRejected");
  });
});

describe("decode.token, in a dialect,", () => {
  it("takes the token types that a definition allows, in any case", () => {
    const body = withMember("token_type", '"bearertoken"');
    assert.isTrue(Result.isFailure(decode(body)));
    assert.isTrue(Result.isSuccess(decode(body, { tokenType: ["Bearer", "BearerToken"] })));
  });

  it("looks at no token type where a definition allows any", () => {
    for (const text of ['"Application Access Token"', "null", undefined]) {
      assert.isTrue(Result.isSuccess(decode(withMember("token_type", text), { tokenType: "any" })));
    }
  });

  it("reads further members by their schema", () => {
    const extra = Schema.Struct({ instance_url: Schema.String });
    const body = JSON.stringify({ ...valid, instance_url: "https://eu.acme.test" });
    assert.deepStrictEqual(Result.getOrThrow(decode(body, { extra })).extra, {
      instance_url: "https://eu.acme.test",
    });
    const reason = reasonOf(decode(JSON.stringify(valid), { extra }));
    assert.strictEqual(reason._tag, "ResponseMalformed");
    assert.include(reason.message, "instance_url");
  });

  it("keeps a refresh token redacted", () => {
    const granted = Result.getOrThrow(
      decode(JSON.stringify({ ...valid, refresh_token: "canary-refresh" })),
    );
    assert.strictEqual(
      granted.refreshToken && Redacted.value(granted.refreshToken),
      "canary-refresh",
    );
    assert.notInclude(everyText(granted), "canary");
  });
});
