import { assert, describe, it } from "@effect/vitest";
import * as ClientAuth from "@x/core/ClientAuth";
import type * as Definition from "@x/core/Definition";
import * as Provider from "@x/core/Provider";
import * as RefreshPolicy from "@x/core/RefreshPolicy";
import * as Config from "effect/Config";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as HttpClient from "effect/http/HttpClient";
import * as Redacted from "effect/Redacted";
import * as Schedule from "effect/Schedule";
import * as TestClock from "effect/testing/TestClock";
import { json, server } from "./scripted.ts";

interface LoginOptions extends Definition.CommonOptions<"production"> {
  readonly clientId: string;
  readonly clientSecret: Redacted.Redacted;
}

const definition = (grant: "password" | "client_credentials") => ({
  name: "Login",
  environments: {
    production: { tokenUrl: "https://login.test/token", lifetime: "1 hour" },
  } as const,
  grant,
  clientAuth: (options: LoginOptions) => ClientAuth.secretBasic({ ...options, encoding: "raw" }),
  configPrefix: "LOGIN",
  config: {
    clientId: Config.String("LOGIN_CLIENT_ID"),
    clientSecret: Config.Redacted("LOGIN_CLIENT_SECRET"),
  },
});

/** When requests are made, in seconds, under constant use with refused credentials. */
const requests = Effect.fnUntraced(function* (
  grant: "password" | "client_credentials",
  changes: Partial<LoginOptions> = {},
  answer = () => json({}, { status: 401 }),
) {
  const to = server(answer);
  const Login = Provider.Service<unknown>()("acme/Login", definition(grant));
  const provider = yield* Login.make({
    environment: "production",
    clientId: "id",
    clientSecret: Redacted.make("s"),
    ...changes,
  }).pipe(Effect.provideService(HttpClient.HttpClient, to.httpClient));
  const times: Array<number> = [];
  for (let second = 0; second <= 130; second++) {
    yield* Effect.flip(provider.get);
    if (to.sent.length > times.length) times.push(second);
    yield* TestClock.adjust("1 second");
  }
  return times;
});

describe("Provider.make paces refused credentials", () => {
  it.effect("by the grant: a refused password is not tried again for two minutes", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* requests("password"), [0, 120]);
    }),
  );

  it.effect("by the grant also where the policy changes something else", () =>
    Effect.gen(function* () {
      const refresh = RefreshPolicy.make({ afterColdFailure: Duration.seconds(2) });
      assert.deepStrictEqual(yield* requests("password", { refresh }), [0, 120]);
    }),
  );

  it.effect("by the grant: a refused client is not tried again for 30 s", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* requests("client_credentials"), [0, 30, 90]);
    }),
  );

  it.effect("by the policy that it is given, whatever the grant", () =>
    Effect.gen(function* () {
      const refresh = RefreshPolicy.make({ afterRejection: Schedule.spaced("50 seconds") });
      assert.deepStrictEqual(yield* requests("password", { refresh }), [0, 50, 100]);
    }),
  );

  it.effect("as it does requests that the authorization server rejects", () =>
    Effect.gen(function* () {
      const answer = () => json({ error: "invalid_scope" }, { status: 400 });
      assert.deepStrictEqual(yield* requests("client_credentials", {}, answer), [0, 30, 90]);
      assert.deepStrictEqual(yield* requests("password", {}, answer), [0, 120]);
    }),
  );

  it.effect("and any refusal of a password, but no page of a gateway before another grant", () =>
    Effect.gen(function* () {
      for (const status of [403, 404]) {
        const answer = () => new Response("<html>", { status });
        assert.deepStrictEqual(yield* requests("password", {}, answer), [0, 120]);
        assert.isAtLeast((yield* requests("client_credentials", {}, answer)).length, 100);
      }
    }),
  );
});
