import { assert, describe, it } from "@effect/vitest";
import * as ClientAuth from "@x/core/ClientAuth";
import * as Grant from "@x/core/Grant";
import * as Options from "@x/core/Options";
import * as Provider from "@x/core/Provider";
import * as RefreshPolicy from "@x/core/RefreshPolicy";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as HttpClient from "effect/http/HttpClient";
import * as Redacted from "effect/Redacted";
import * as Schedule from "effect/Schedule";
import * as TestClock from "effect/testing/TestClock";
import { json, server } from "./scripted.ts";

const login = (grant: "password" | "client_credentials") =>
  Provider.Service<unknown>()("acme/Login", {
    name: "Login",
    options: { clientId: Options.Text, clientSecret: Options.Secret },
    environments: { production: { tokenUrl: "https://login.test/token", lifetime: "1 hour" } },
    grant: ({ clientId, clientSecret }) =>
      grant === "password"
        ? Grant.password({ username: clientId, password: clientSecret })
        : Grant.clientCredentials(),
    clientAuth: (options) => ClientAuth.secretBasic({ ...options, encoding: "raw" }),
  });

/** When requests are made, in seconds, under constant use with refused credentials. */
const requests = Effect.fnUntraced(function* (
  grant: "password" | "client_credentials",
  changes: { readonly refresh?: RefreshPolicy.RefreshPolicy } = {},
  answer = () => json({}, { status: 401 }),
) {
  const to = server(answer);
  const provider = yield* login(grant)
    .make({
      environment: "production",
      clientId: "id",
      clientSecret: Redacted.make("s"),
      ...changes,
    })
    .pipe(Effect.provideService(HttpClient.HttpClient, to.httpClient));
  const times: Array<number> = [];
  for (let second = 0; second <= 130; second++) {
    yield* Effect.flip(provider.get);
    if (to.sent.length > times.length) times.push(second);
    yield* TestClock.adjust("1 second");
  }
  return times;
});

describe("Provider.make, of refused credentials,", () => {
  it.effect("tries a refused password again after two minutes", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* requests("password"), [0, 120]);
    }),
  );

  it.effect(
    "tries a refused password after two minutes when the policy changes something else",
    () =>
      Effect.gen(function* () {
        const refresh = RefreshPolicy.make({ afterColdFailure: Duration.seconds(2) });
        assert.deepStrictEqual(yield* requests("password", { refresh }), [0, 120]);
      }),
  );

  it.effect("tries a refused client again after 30 s", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* requests("client_credentials"), [0, 30, 90]);
    }),
  );

  it.effect("follows the pauses of the user's own policy", () =>
    Effect.gen(function* () {
      const refresh = RefreshPolicy.make({ afterRejection: Schedule.spaced("50 seconds") });
      assert.deepStrictEqual(yield* requests("password", { refresh }), [0, 50, 100]);
    }),
  );

  it.effect("pauses after rejected requests too", () =>
    Effect.gen(function* () {
      const answer = () => json({ error: "invalid_scope" }, { status: 400 });
      assert.deepStrictEqual(yield* requests("client_credentials", {}, answer), [0, 30, 90]);
      assert.deepStrictEqual(yield* requests("password", {}, answer), [0, 120]);
    }),
  );

  it.effect("pauses after a refusal without an error code, as of a gateway's page", () =>
    Effect.gen(function* () {
      for (const status of [403, 404]) {
        const answer = () => new Response("<html>", { status });
        assert.deepStrictEqual(yield* requests("password", {}, answer), [0, 120]);
        assert.deepStrictEqual(yield* requests("client_credentials", {}, answer), [0, 30, 90]);
      }
    }),
  );
});
