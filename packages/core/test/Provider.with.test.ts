import { assert, describe, it } from "@effect/vitest";
import * as ClientAuth from "@x/core/ClientAuth";
import * as Grant from "@x/core/Grant";
import * as Options from "@x/core/Options";
import * as Provider from "@x/core/Provider";
import * as Secret from "@x/core/Secret";
import * as Effect from "effect/Effect";
import * as HttpClient from "effect/http/HttpClient";
import * as Redacted from "effect/Redacted";
import * as TestClock from "effect/testing/TestClock";
import { generateKeyPairSync } from "node:crypto";
import { issuing, json, type Server, server, token } from "./scripted.ts";

const environments = {
  production: { tokenUrl: "https://login.users.test/token", lifetime: "1 hour" },
} as const;

/** A vendor whose grant takes time to make, because its key is imported. */
class Signed extends Provider.Service<Signed>()("with/Signed", {
  name: "Signed",
  environments,
  options: { key: Options.SecretText, scope: Options.optional(Options.Text) },
  grant: ({ key, scope }) =>
    Grant.jwtBearer({ key, algorithm: "EdDSA", issuer: "app", subject: "app", scope }),
  clientAuth: () => ClientAuth.none,
  perCall: ["scope"],
}) {}

/** A vendor that many users share. */
class Users extends Provider.Service<Users>()("with/Users", {
  name: "Users",
  environments,
  options: {
    username: Options.Text,
    password: Options.Secret,
    scope: Options.optional(Options.Text),
  },
  grant: (options) => Grant.password(options),
  clientAuth: () => ClientAuth.none,
  perCall: ["username", "password", "scope"],
}) {}

const over = ({ httpClient }: Server) => Effect.provideService(HttpClient.HttpClient, httpClient);

const users = (to: Server) =>
  Users.make({
    environment: "production",
    username: "carol",
    password: Redacted.make("secret-of-carol"),
  }).pipe(over(to));

const fieldsOf = (to: Server) =>
  to.sent.map(({ body }) => Object.fromEntries(new URLSearchParams(body)));

describe("with", () => {
  it.effect("takes a grant that is made in an effect", () =>
    Effect.gen(function* () {
      const to = issuing();
      const { privateKey } = generateKeyPairSync("ed25519");
      const key = Redacted.make(String(privateKey.export({ type: "pkcs8", format: "pem" })));
      const signed = yield* Signed.make({ environment: "production", key }).pipe(over(to));
      const chosen = signed.with({ scope: "read" });
      yield* chosen.invalidate(yield* chosen.get);
      yield* chosen.get;
      assert.deepStrictEqual(
        fieldsOf(to).map(({ scope }) => scope),
        ["read", "read"],
      );
    }),
  );

  it.effect("keeps two Secrets apart", () =>
    Effect.gen(function* () {
      const to = server(({ body }) =>
        json({
          access_token: `for-${new URLSearchParams(body).get("password")}`,
          token_type: "Bearer",
        }),
      );
      const provider = yield* users(to);
      const secretOf = (text: string) => Secret.make(Effect.succeed(Redacted.make(text)));
      const one = secretOf("one");
      const tokens = yield* Effect.forEach([one, secretOf("two"), one], (password) =>
        Effect.map(provider.with({ password }).get, ({ value }) => Redacted.value(value)),
      );
      assert.deepStrictEqual(tokens, ["for-one", "for-two", "for-one"]);
      assert.strictEqual(to.sent.length, 2);
    }),
  );

  it.effect("adds to what was chosen before", () =>
    Effect.gen(function* () {
      const to = issuing();
      const provider = yield* users(to);
      yield* provider.with({ username: "alice" }).with({ scope: "read" }).get;
      const [sent] = fieldsOf(to);
      assert.strictEqual(sent?.["username"], "alice");
      assert.strictEqual(sent?.["scope"], "read");
    }),
  );

  it.effect("blames a wrong password on its user alone, and wrong credentials on all", () =>
    Effect.gen(function* () {
      let isKnown = true;
      const to = server(({ body }, at) => {
        if (!isKnown) return json({ error: "invalid_client" }, { status: 401 });
        return new URLSearchParams(body).get("username") === "bob"
          ? json({ error: "invalid_grant" }, { status: 400 })
          : token(at);
      });
      const provider = yield* users(to);
      const bob = provider.with({ username: "bob" });
      const error = yield* Effect.flip(bob.get);
      assert.deepInclude(error.reason, { _tag: "CredentialsRejected", error: "invalid_grant" });
      yield* Effect.flip(bob.get);
      assert.strictEqual(to.sent.length, 1, "bob's refusal is remembered");
      yield* provider.with({ username: "alice" }).get;
      assert.strictEqual(to.sent.length, 2);
      isKnown = false;
      yield* TestClock.adjust("10 minutes");
      yield* Effect.flip(provider.with({ username: "dave" }).get);
      yield* Effect.flip(provider.with({ username: "erin" }).get);
      assert.strictEqual(to.sent.length, 3, "the client's refusal is everybody's");
    }),
  );

  it.effect("fails when a token is asked for, and not before, if the choice cannot work", () =>
    Effect.gen(function* () {
      const provider = yield* users(issuing());
      const choose: (keys: object) => typeof provider = provider.with as never;
      for (const keys of [{ username: 10n }, { username: Symbol("x") }, { refresh: {} }]) {
        const { reason } = yield* Effect.flip(choose(keys).get);
        assert.strictEqual(reason._tag, "OptionInvalid");
      }
      assert.strictEqual(choose(null as never), provider.with({}));
    }),
  );
});
