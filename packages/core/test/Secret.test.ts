import { assert, describe, it } from "@effect/vitest";
import * as Secret from "@x/core/Secret";
import * as TokenError from "@x/core/TokenError";
import * as Effect from "effect/Effect";
import * as HttpClient from "effect/http/HttpClient";
import * as Latch from "effect/Latch";
import * as Redacted from "effect/Redacted";
import * as TestClock from "effect/testing/TestClock";
import { Acme } from "./acme.ts";
import { everyText, json, server, token } from "./scripted.ts";

/** A server that accepts these secrets, which a test may change. */
const accepting = (...secrets: Array<string>) => {
  const accepted = new Set(secrets);
  const to = server(({ body }, at) =>
    accepted.has(new URLSearchParams(body).get("client_secret") ?? "")
      ? token(at)
      : json({ error: "invalid_client" }, { status: 401 }),
  );
  return {
    accepted,
    to,
    sent: () => to.sent.map(({ body }) => new URLSearchParams(body).get("client_secret")),
  };
};

const make = (
  clientSecret: Secret.Secret | Redacted.Redacted,
  { httpClient }: ReturnType<typeof server>,
) =>
  Acme.make({ environment: "production", clientId: "id", clientSecret }).pipe(
    Effect.provideService(HttpClient.HttpClient, httpClient),
  );

describe("Secret", () => {
  it.effect("is read for each token request", () =>
    Effect.gen(function* () {
      const { to, sent } = accepting("one", "two");
      let current = "one";
      const acme = yield* make(Secret.make(Effect.sync(() => Redacted.make(current))), to);
      yield* acme.invalidate(yield* acme.get);
      current = "two";
      yield* acme.get;
      assert.deepStrictEqual(sent(), ["one", "two"]);
    }),
  );

  it.effect("tries the next value in the same acquisition, and stays with what was accepted", () =>
    Effect.gen(function* () {
      const { accepted, to, sent } = accepting("new");
      const values = ["old", "new"].map((value) => Redacted.make(value));
      const acme = yield* make(Secret.make(Effect.succeed(values)), to);
      yield* acme.invalidate(yield* acme.get);
      yield* acme.invalidate(yield* acme.get);
      assert.deepStrictEqual(sent(), ["old", "new", "new"]);
      accepted.add("old").delete("new");
      yield* TestClock.adjust("1 minute");
      yield* acme.get;
      assert.deepStrictEqual(sent().slice(3), ["new", "old"], "the vendor went back");
    }),
  );

  it.effect("is read again after a refusal, and sent again if it has changed", () =>
    Effect.gen(function* () {
      const { to, sent } = accepting("rotated");
      let reads = 0;
      const secret = Secret.make(
        Effect.sync(() => Redacted.make(reads++ === 0 ? "stale" : "rotated")),
      );
      const acme = yield* make(secret, to);
      yield* acme.get;
      assert.deepStrictEqual(sent(), ["stale", "rotated"]);
    }),
  );

  it.effect("tries each value once when all are refused", () =>
    Effect.gen(function* () {
      const { to, sent } = accepting();
      const values = ["a", "b"].map((value) => Redacted.make(value));
      const acme = yield* make(Secret.make(Effect.succeed(values)), to);
      yield* Effect.flip(acme.get);
      assert.deepStrictEqual(sent(), ["a", "b"]);
    }),
  );

  it.effect("sends one request with a refused secret that does not change", () =>
    Effect.gen(function* () {
      const { to, sent } = accepting();
      for (const secret of [Redacted.make("a"), Secret.make(Effect.succeed(Redacted.make("a")))]) {
        yield* Effect.flip(Effect.flatMap(make(secret, to), ({ get }) => get));
      }
      assert.deepStrictEqual(sent(), ["a", "a"]);
    }),
  );

  it.effect("fails with CredentialUnavailable when it cannot be read, and is tried again", () =>
    Effect.gen(function* () {
      const { to } = accepting("one");
      let isDown = true;
      const reason = new TokenError.CredentialUnavailable({
        credential: "client secret (vault)",
        problem: "the vault is sealed; unseal it",
        isTransient: true,
      });
      const acme = yield* make(
        Secret.make(
          Effect.suspend(() =>
            isDown ? Effect.fail(reason) : Effect.succeed(Redacted.make("one")),
          ),
        ),
        to,
      );
      const fiber = yield* Effect.forkChild(Effect.flip(acme.get));
      yield* TestClock.adjust("30 seconds");
      const error = yield* fiber.pollUnsafe() ?? Effect.never;
      assert.strictEqual(error.reason, reason);
      assert.isTrue(error.isTransient);
      assert.strictEqual(
        error.message,
        "Acme: the client secret (vault) could not be had: the vault is sealed; unseal it",
      );
      assert.strictEqual(to.sent.length, 0);
      isDown = false;
      yield* TestClock.adjust("2 seconds");
      assert.strictEqual(Redacted.value((yield* acme.get).value), "token-0");
    }),
  );

  it.effect("says that an empty list has no value", () =>
    Effect.gen(function* () {
      const { to } = accepting();
      const acme = yield* make(Secret.make(Effect.succeed([])), to);
      const error = yield* Effect.flip(acme.get);
      assert.match(error.message, /gave an empty list; give at least one value/);
    }),
  );

  it("shows nothing of its value", () => {
    assert.notInclude(everyText(Secret.make(Effect.succeed(Redacted.make("canary")))), "canary");
  });

  it.effect("moves on once, however many requests the old value was in", () =>
    Effect.gen(function* () {
      const arrived = yield* Latch.make();
      let waiting = 0;
      const to = server(({ body }, at) =>
        new URLSearchParams(body).get("client_secret") === "new"
          ? token(at)
          : Effect.suspend(() => {
              if (++waiting === 4) arrived.openUnsafe();
              return Effect.as(arrived.await, json({ error: "invalid_client" }, { status: 401 }));
            }),
      );
      const values = ["old", "new"].map((value) => Redacted.make(value));
      const acme = yield* make(Secret.make(Effect.succeed(values)), to);
      yield* Effect.forEach(["a", "b", "c", "d"], (scope) => acme.with({ scope }).get, {
        concurrency: "unbounded",
      });
      assert.strictEqual(to.sent.length, 8);
    }),
  );

  it.effect("leaves a refusal as it is when it cannot be read after it", () =>
    Effect.gen(function* () {
      const { to, sent } = accepting();
      let isAway = false;
      const secret = Secret.make(
        Effect.suspend(() =>
          isAway
            ? Effect.fail(
                new TokenError.CredentialUnavailable({
                  credential: "secret",
                  problem: "the vault is away",
                  isTransient: true,
                }),
              )
            : Effect.sync(() => {
                isAway = true;
                return Redacted.make("wrong");
              }),
        ),
      );
      const { reason } = yield* Effect.flip(Effect.flatMap(make(secret, to), ({ get }) => get));
      assert.strictEqual(reason._tag, "CredentialsRejected");
      assert.deepStrictEqual(sent(), ["wrong"]);
    }),
  );

  it.effect("is tried again within a second of its change, although a refusal is remembered", () =>
    Effect.gen(function* () {
      const { to, sent } = accepting("right");
      let current = "wrong";
      const acme = yield* make(Secret.make(Effect.sync(() => Redacted.make(current))), to);
      yield* Effect.flip(acme.get);
      yield* TestClock.adjust("10 seconds");
      yield* Effect.flip(acme.get);
      current = "right";
      yield* TestClock.adjust("1 second");
      yield* acme.get;
      assert.deepStrictEqual(sent(), ["wrong", "right"]);
    }),
  );

  for (const [what, given] of [
    ["an empty text", Redacted.make("")],
    ["a value that is not Redacted", "canary-of-javascript"],
  ] as const) {
    it.effect(`fails without a request for ${what}`, () =>
      Effect.gen(function* () {
        const { to, sent } = accepting();
        const acme = yield* make(Secret.make(Effect.succeed(given as never)), to);
        const error = yield* Effect.flip(acme.get);
        assert.strictEqual(error.reason._tag, "CredentialUnavailable");
        assert.include(error.message, what);
        assert.notInclude(everyText(error), "canary");
        assert.deepStrictEqual(sent(), []);
      }),
    );
  }

  it("does not show what its effect holds", () => {
    const secret = Secret.make(Effect.map(Effect.succeed("canary"), Redacted.make));
    assert.notInclude(everyText(secret), "canary");
  });
});
