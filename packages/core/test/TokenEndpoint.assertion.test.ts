import { assert, describe, it } from "@effect/vitest";
import * as TokenRequest from "@x/core/TokenRequest";
import * as Base64Url from "effect/encoding/Base64Url";
import * as Effect from "effect/Effect";
import * as Redacted from "effect/Redacted";
import * as TestClock from "effect/testing/TestClock";
import { acquire, acquisition, json, server, token } from "./scripted.ts";

const start = Date.parse("2026-11-21T12:00:00Z");

/** A server whose clock is ahead by so many seconds, and which takes assertions of its own time only. */
const clocked = (ahead: number, options: { readonly accepts?: boolean } = {}) => {
  const date = () => new Date(start + ahead * 1000).toUTCString();
  return server(({ body }, at) => {
    const skew = Number(new URLSearchParams(body).get("skew"));
    const accepted = options.accepts !== false && Math.abs(skew / 1000 - ahead) < 5;
    return accepted
      ? token(at)
      : json({ error: "invalid_client" }, { status: 401, headers: { date: date() } });
  });
};

const assertion = (to: ReturnType<typeof server>, method = "private_key_jwt") =>
  acquisition(to, {
    clientAuthMethod: method,
    clockSkew: { millis: 0 },
    request: (clockSkew) =>
      Effect.succeed(
        TokenRequest.make("https://login.acme.test/token", "client_credentials", {
          skew: String(clockSkew),
        }),
      ),
  });

describe("TokenEndpoint.make with an assertion", () => {
  for (const ahead of [-3600, -120, -30, 30, 120, 3600]) {
    it.effect(`corrects it once for a server that is ${ahead} s ahead, and remembers`, () =>
      Effect.gen(function* () {
        yield* TestClock.setTime(start);
        const to = clocked(ahead);
        const options = assertion(to);
        yield* acquire(options);
        assert.strictEqual(to.sent.length, 2);
        yield* acquire(options);
        assert.strictEqual(to.sent.length, 3);
      }),
    );
  }

  it.effect("names the skew where the corrected one is refused too", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(start);
      const to = clocked(120, { accepts: false });
      const error = yield* Effect.flip(acquire(assertion(to)));
      assert.deepInclude(error.reason, { _tag: "CredentialsRejected", clockSkew: 120_000 });
      assert.match(error.message, /our clock is 120 s behind the server's/);
      assert.strictEqual(to.sent.length, 2);
    }),
  );

  for (const ahead of [-4, 0, 4]) {
    it.effect(`takes a refusal for one where the clocks are ${ahead} s apart`, () =>
      Effect.gen(function* () {
        yield* TestClock.setTime(start);
        const to = clocked(ahead, { accepts: false });
        const error = yield* Effect.flip(acquire(assertion(to)));
        assert.notInclude(error.message, "clock");
        assert.strictEqual(to.sent.length, 1);
      }),
    );
  }

  it.effect("does not try a secret twice, whatever the clocks say", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(start);
      const to = clocked(3600, { accepts: false });
      yield* Effect.flip(acquire(assertion(to, "client_secret_basic")));
      assert.strictEqual(to.sent.length, 1);
    }),
  );
});

describe("TokenEndpoint.make over mutual TLS", () => {
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
          notBefore: 0,
          notAfter: 1e15,
          source: "certificate client.crt",
        }),
      }),
    );
  };

  it.effect("finds a token that is bound to another certificate before it is used", () =>
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
    it.effect(`takes one that is ${name}`, () =>
      Effect.gen(function* () {
        const issued = yield* over(value);
        assert.strictEqual(Redacted.value(issued.value), value);
        assert.strictEqual(issued.thumbprint, "mine");
      }),
    );
  }
});
