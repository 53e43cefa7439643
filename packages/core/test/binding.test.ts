import { assert, describe, it } from "@effect/vitest";
import * as Base64Url from "effect/encoding/Base64Url";
import * as Effect from "effect/Effect";
import * as Redacted from "effect/Redacted";
import { acquire, acquisition, json, server } from "./scripted.ts";

describe("acquisition, over mutual TLS,", () => {
  const jwt = (claims: unknown) =>
    [
      "e30",
      Base64Url.encode(typeof claims === "string" ? claims : JSON.stringify(claims)),
      "s",
    ].join(".");
  const over = (value: string) => {
    const to = server(() => json({ access_token: value, token_type: "Bearer", expires_in: 60 }));
    return acquire(
      acquisition(to, {
        connection: Effect.succeed({
          httpClient: to.httpClient,
          thumbprint: "mine",
          source: "certificate client.crt",
        }),
      }),
    );
  };

  it.effect("refuses a token that is bound to another certificate", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(over(jwt({ cnf: { "x5t#S256": "another" } })));
      assert.deepInclude(error.reason, { _tag: "ServerUntrusted", problem: "binding" });
      assert.match(error.message, /bound to another certificate.*proxy/);
    }),
  );

  const fine = {
    "bound to ours": jwt({ cnf: { "x5t#S256": "mine" } }),
    "bound to nothing": jwt({ sub: "x" }),
    "bound in another way": jwt({ cnf: { jkt: "x" } }),
    "not a JWT": "opaque",
    "with dots and no JSON": jwt("canary"),
    "with dots and no base64": "a.!.c",
  };
  for (const [name, value] of Object.entries(fine)) {
    it.effect(`takes a token that is ${name}`, () =>
      Effect.gen(function* () {
        const issued = yield* over(value);
        assert.strictEqual(Redacted.value(issued.value), value);
        assert.strictEqual(issued.thumbprint, "mine");
      }),
    );
  }
});
