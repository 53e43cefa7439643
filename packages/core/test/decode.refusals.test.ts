import { assert, describe, it } from "@effect/vitest";
import * as TokenError from "@x/core/TokenError";
import * as TokenRequest from "@x/core/TokenRequest";
import * as Headers from "effect/http/Headers";
import * as Redacted from "effect/Redacted";
import * as Result from "effect/Result";
import * as decode from "../src/internal/decode.ts";
import { formEncode } from "../src/internal/wire.ts";
import { everyText } from "./scripted.ts";

const dialect = { tokenType: ["Bearer"], extra: undefined };

const secret = "canary-secret+of/ours";
const request = TokenRequest.make("https://login.acme.test/token", {
  password: Redacted.make(secret),
});

const refuse = (
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
  now = 0,
): TokenError.Reason =>
  Result.getOrThrow(
    Result.flip(
      decode.token(
        dialect,
        {
          status,
          headers: Headers.fromInput({ "content-type": "application/json", ...headers }),
          body: new TextEncoder().encode(typeof body === "string" ? body : JSON.stringify(body)),
        },
        request,
        now,
      ),
    ),
  );

const description = (fields: object): string | undefined => {
  const reason = refuse(400, fields);
  assert.strictEqual(reason._tag, "RequestRejected");
  return "description" in reason ? reason.description : undefined;
};

const target = (location: string | undefined) => {
  const reason = refuse(302, {}, location === undefined ? {} : { location });
  assert.notInclude(everyText(reason), "canary");
  return reason._tag === "ServerUntrusted" ? reason.origin : "no redirect";
};

type Tag = TokenError.Reason["_tag"];

describe("decode.token, of a refusal,", () => {
  const cases: ReadonlyArray<
    readonly [tag: Tag, statuses: ReadonlyArray<number>, errors: ReadonlyArray<string | undefined>]
  > = [
    [
      "RequestRejected",
      [400],
      [
        "invalid_request",
        "unsupported_grant_type",
        "invalid_scope",
        "unauthorized_client",
        undefined,
      ],
    ],
    [
      "RequestRejected",
      [402, 403, 404, 405, 410, 413, 415, 418, 422],
      [undefined, "access_denied"],
    ],
    ["RequestRejected", [501, 505, 511], [undefined]],
    ["CredentialsRejected", [400, 401, 403], ["invalid_client", "invalid_grant"]],
    [
      "CredentialsRejected",
      [401],
      [undefined, "invalid_scope", "server_error", "temporarily_unavailable", "odd"],
    ],
    ["ServerUnavailable", [408, 425, 429], [undefined, "invalid_request", "slow_down"]],
    [
      "ServerUnavailable",
      [500, 502, 503, 504, 520, 522, 524],
      [undefined, "invalid_client", "invalid_grant", "server_error"],
    ],
    ["ServerUnavailable", [200, 400], ["server_error", "temporarily_unavailable"]],
    ["ServerUntrusted", [300, 301, 302, 303, 304, 307, 308, 0], [undefined, "invalid_client"]],
  ];
  for (const [tag, statuses, errors] of cases) {
    for (const status of statuses) {
      for (const error of errors) {
        it(`calls ${status} ${error ?? "without a code"} ${tag}`, () => {
          const reason = refuse(status, error === undefined ? {} : { error });
          assert.strictEqual(reason._tag, tag);
          assert.strictEqual(TokenError.isTransient(reason), tag === "ServerUnavailable");
          if (tag !== "ServerUntrusted") {
            assert.strictEqual("error" in reason ? reason.error : undefined, error);
          }
        });
      }
    }
  }

  for (const body of ["", "<html>", "[]", "null", "canary", '{"error":'] as const) {
    it(`goes by the status where the body is ${body || "empty"}`, () => {
      for (const [status, tag] of [
        [400, "RequestRejected"],
        [401, "CredentialsRejected"],
        [503, "ServerUnavailable"],
      ] as const) {
        const reason = refuse(status, body, { "content-type": "text/html" });
        assert.strictEqual(reason._tag, tag);
        assert.notInclude(everyText(reason), "canary");
      }
    });
  }
});

describe("decode.token, of a description,", () => {
  it("quotes an error_description or a gateway's message", () => {
    assert.strictEqual(description({ error_description: "Unknown scope." }), "Unknown scope.");
    assert.strictEqual(description({ message: "Forbidden" }), "Forbidden");
    assert.strictEqual(description({ error_description: "a", message: "b" }), "a");
  });

  it("quotes at most 200 characters", () => {
    assert.strictEqual(description({ error_description: "d".repeat(200_000) }), "d".repeat(200));
  });

  it("quotes a description of several lines in one", () => {
    const error_description =
      "AADSTS700016: no such app.\r\nTrace ID: 1\r\n\tCorrelation ID: 2\r\n";
    assert.strictEqual(
      description({ error_description }),
      "AADSTS700016: no such app. Trace ID: 1 Correlation ID: 2",
    );
  });

  it("quotes printable ASCII alone", () => {
    for (const odd of [
      "\u001b[31mred",
      "a\u0000b",
      "Ung\u00fcltig",
      "\n",
      "",
      1,
      null,
      {},
      ["a"],
    ]) {
      assert.isUndefined(description({ error_description: odd }));
    }
  });

  it("quotes no secret in pieces", () => {
    for (const echo of [
      secret.replace(/(.{9})/, "$1\n"),
      secret.replaceAll(/(.{5})/g, "$1\r\n"),
      [...secret].join("\t"),
      [...secret].join("\u200b"),
      [...secret].join("\u0000"),
    ]) {
      assert.isUndefined(description({ error_description: `You sent ${echo}` }), echo);
    }
  });

  it("quotes no secret in any encoding", () => {
    for (const echo of [
      secret,
      encodeURIComponent(secret),
      formEncode(secret),
      btoa(secret),
      `${"d".repeat(190)}${secret}`,
    ]) {
      assert.isUndefined(description({ error_description: `You sent ${echo}` }), echo);
    }
  });

  it("quotes no error code that repeats a secret, is long or is odd", () => {
    for (const error of ["canary-secret", "e".repeat(65), "a b", "a\nb", "", 7, { canary: 1 }]) {
      const reason = refuse(400, { error });
      assert.isFalse("error" in reason, String(error));
      assert.notInclude(everyText(reason), "canary");
    }
  });

  it("quotes the origin alone of a redirect's target", () => {
    assert.strictEqual(
      target("https://u:canary@evil.test/canary?canary=1#canary"),
      "https://evil.test",
    );
    assert.strictEqual(target("//evil.test:444/canary"), "https://evil.test:444");
    assert.strictEqual(target("/canary"), "https://login.acme.test");
    for (const nowhere of [undefined, "", "https://", "data:text/plain,canary"]) {
      assert.isUndefined(target(nowhere), nowhere);
    }
  });
});

describe("decode.token, of refused credentials,", () => {
  const refuseTo = (password: string, contentType: string, body: string) =>
    Result.getOrThrow(
      Result.flip(
        decode.token(
          dialect,
          {
            status: 400,
            headers: Headers.fromInput({ "content-type": contentType }),
            body: new TextEncoder().encode(body),
          },
          TokenRequest.make("https://login.acme.test/token", {
            password: Redacted.make(password),
          }),
          0,
        ),
      ),
    );

  for (const password of ["client", "grant", "id", "invalid_"]) {
    it(`recognises them where the password is ${password}`, () => {
      for (const code of ["invalid_client", "invalid_grant"]) {
        const reason = refuseTo(password, "application/json", JSON.stringify({ error: code }));
        assert.isTrue(reason._tag === "CredentialsRejected" && reason.error === code);
      }
      const odd = refuseTo(password, "application/json", `{"error":"x_${password}"}`);
      assert.isFalse("error" in odd);
    });
  }

  it("quotes no pass phrase that a line end divides", () => {
    for (const echo of ["four gr\neen horses", "four gr\r\n  een horses", "four green\nhorses"]) {
      const body = JSON.stringify({ error: "x", error_description: `Not "${echo}"` });
      assert.isFalse("description" in refuseTo("four green horses", "application/json", body));
    }
  });

  for (const type of ["text/plain", "text/html; charset=utf-8", "", "application/octet-stream"]) {
    it(`recognises them by the code of a body that is announced as "${type}"`, () => {
      const reason = refuseTo("secret", type, '{"error":"invalid_grant"}');
      assert.isTrue(reason._tag === "CredentialsRejected" && reason.error === "invalid_grant");
      assert.strictEqual(refuseTo("secret", type, "<html>")._tag, "RequestRejected");
    });
  }
});

describe("decode.token, of Retry-After,", () => {
  const now = Date.UTC(2026, 10, 21, 12);
  const cases: ReadonlyArray<readonly [header: string, millis: number | undefined]> = [
    ["5", 5000],
    ["0", 0],
    [" 7 ", 7000],
    ["999999999", 999_999_999_000],
    ["Sat, 21 Nov 2026 12:00:30 GMT", 30_000],
    ["Sat, 21 Nov 2026 11:00:00 GMT", 0],
    ["-1", undefined],
    ["1.5", undefined],
    ["abc", undefined],
    ["", undefined],
    ["5, 6", undefined],
  ];
  for (const [header, millis] of cases) {
    it(`reads "${header}"`, () => {
      for (const reason of [
        refuse(503, {}, { "retry-after": header }, now),
        refuse(200, { error: "server_error" }, { "retry-after": header }, now),
      ]) {
        const { retryAfter } = new TokenError.TokenError({ provider: "Acme", reason });
        assert.strictEqual(reason._tag, "ServerUnavailable");
        assert.strictEqual(retryAfter, millis);
      }
    });
  }

  it("reads a date by the server's clock", () => {
    const reason = refuse(
      503,
      {},
      { "retry-after": "Sat, 21 Nov 2026 14:00:01 GMT", date: "Sat, 21 Nov 2026 14:00:00 GMT" },
      now,
    );
    assert.strictEqual("retryAfter" in reason && reason.retryAfter, 1000);
  });

  it("reads more digits than a number can hold", () => {
    const reason = refuse(503, {}, { "retry-after": "9".repeat(400) });
    assert.strictEqual(reason._tag, "ServerUnavailable");
    const { retryAfter = 0 } = new TokenError.TokenError({ provider: "Acme", reason });
    assert.isAbove(retryAfter, 24 * 3_600_000);
    assert.match(reason.message, /asked to wait \d/);
  });
});
