import { assert, describe, it } from "@effect/vitest";
import * as ClientAuth from "@x/core/ClientAuth";
import * as PrivateKeyJwt from "@x/core/PrivateKeyJwt";
import * as TokenError from "@x/core/TokenError";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as Logger from "effect/Logger";
import * as Redacted from "effect/Redacted";
import * as TestClock from "effect/testing/TestClock";
import * as Jose from "jose";
import * as endpoint from "../src/internal/endpoint.ts";
import * as management from "../src/internal/management.ts";
import { accessToken, everyText, json, server, spansOf, transportError } from "./scripted.ts";
import type { Respond, Sent } from "./scripted.ts";

const secret = ClientAuth.secretPost({
  clientId: "id",
  clientSecret: Redacted.make("canary-secret"),
});

const managing = Effect.fnUntraced(function* (
  respond: Respond,
  authentication: Effect.Effect<ClientAuth.ClientAuth, TokenError.Reason> = Effect.succeed(secret),
) {
  const to = server(respond);
  const { method, authenticate } = yield* authentication;
  const ask = endpoint.make({
    server: {
      issuer: "https://auth.acme.test",
      endpoint: (name) => Effect.succeed(`https://auth.acme.test/${name}`),
    },
    clientAuth: {
      method,
      authenticate,
      connection: Effect.succeed({ httpClient: to.httpClient, thumbprint: undefined }),
    },
    timeout: Duration.seconds(10),
  });
  const span = <A, E>(name: string, effect: Effect.Effect<A, E>) =>
    Effect.withSpan(effect, name, { kind: "client" });
  return { to, ...management.make("Acme", ask, span) };
});

const token = accessToken("canary-token");

describe("management.introspect", () => {
  it.effect("posts the token with the client's authentication, and reads the answer", () =>
    Effect.gen(function* () {
      const { to, introspect } = yield* managing(() =>
        json({ active: true, scope: "read", exp: 1, cnf: { "x5t#S256": "t" }, extra: [1] }),
      );
      assert.deepStrictEqual(yield* introspect(token), {
        active: true,
        scope: "read",
        exp: 1,
        cnf: { "x5t#S256": "t" },
      });
      assert.deepInclude(to.sent[0], {
        method: "POST",
        url: "https://auth.acme.test/introspection_endpoint",
        body: "token=canary-token&token_type_hint=access_token&client_id=id&client_secret=canary-secret",
      });
    }),
  );

  it.effect("returns that a token is not active", () =>
    Effect.gen(function* () {
      const { introspect } = yield* managing(() => json({ active: false }));
      assert.deepStrictEqual(yield* introspect(token), { active: false });
    }),
  );

  const answers: Readonly<Record<string, readonly [Respond, reason: string]>> = {
    "no active member": [() => json({ scope: "canary" }), "ResponseMalformed"],
    "active as text": [() => json({ active: "true" }), "ResponseMalformed"],
    "a list": [() => json([]), "ResponseMalformed"],
    HTML: [() => new Response("<html>canary"), "ResponseMalformed"],
    "a refusal": [() => json({ error: "invalid_client" }, { status: 401 }), "CredentialsRejected"],
    "a 403": [() => json({}, { status: 403 }), "RequestRejected"],
    "a 503": [() => json({}, { status: 503 }), "ServerUnavailable"],
    "a redirect": [
      () => new Response(null, { status: 307, headers: { location: "https://evil.test" } }),
      "ServerUntrusted",
    ],
    "an echo": [
      () => json({ error: "canary-token", error_description: "canary-secret" }, { status: 400 }),
      "RequestRejected",
    ],
    "no connection": [
      (sent) => Effect.fail(transportError(sent, "ECONNREFUSED")),
      "ServerUnavailable",
    ],
  };
  for (const [name, [respond, reason]] of Object.entries(answers)) {
    it.effect(`calls ${name} ${reason} after one request`, () =>
      Effect.gen(function* () {
        const { to, introspect, revoke } = yield* managing(respond);
        const error = yield* Effect.flip(introspect(token));
        assert.strictEqual(error.reason._tag, reason);
        assert.notInclude(everyText(error), "canary");
        assert.strictEqual(to.sent.length, 1);
        if (reason !== "ResponseMalformed") {
          assert.strictEqual((yield* Effect.flip(revoke(token))).reason._tag, reason);
        }
      }),
    );
  }
});

describe("management.revoke", () => {
  it.effect("posts the token and takes any 200", () =>
    Effect.gen(function* () {
      const { to, revoke } = yield* managing(() => new Response(""));
      yield* revoke(token);
      assert.strictEqual(to.sent[0]?.url, "https://auth.acme.test/revocation_endpoint");
      assert.match(to.sent[0]?.body ?? "", /^token=canary-token&/);
    }),
  );
});

describe("management, with an assertion,", () => {
  const issuer = "https://auth.acme.test";
  const signing = (audience?: "token_endpoint") =>
    PrivateKeyJwt.make({
      audience,
      key: { algorithm: "EdDSA", sign: () => Effect.succeed(new Uint8Array(64)) },
    }).of({ clientId: "id" });
  const audiences = (sent: ReadonlyArray<Sent>) =>
    sent.map(
      ({ body }) => Jose.decodeJwt(new URLSearchParams(body).get("client_assertion") ?? "none").aud,
    );
  const active: Respond = () => json({ active: true });
  it.effect("has the token endpoint as its audience wherever it is sent", () =>
    Effect.gen(function* () {
      const { to, introspect, revoke } = yield* managing(active, signing("token_endpoint"));
      yield* introspect(token);
      yield* revoke(token);
      assert.deepStrictEqual(
        to.sent.map(({ url }) => url),
        [`${issuer}/introspection_endpoint`, `${issuer}/revocation_endpoint`],
      );
      const tokenUrl = `${issuer}/token_endpoint`;
      assert.deepStrictEqual(audiences(to.sent), [tokenUrl, tokenUrl]);
    }),
  );

  it.effect("has the issuer as its audience by default", () =>
    Effect.gen(function* () {
      const { to, introspect, revoke } = yield* managing(active, signing());
      yield* introspect(token);
      yield* revoke(token);
      assert.deepStrictEqual(audiences(to.sent), [issuer, issuer]);
    }),
  );
});

describe("management, in telemetry,", () => {
  it.effect("makes one span of each request, with nothing secret in it", () =>
    Effect.gen(function* () {
      const { introspect, revoke } = yield* managing((_, at) =>
        at === 0 ? json({ active: true }) : json({ error: "canary\n" }, { status: 400 }),
      );
      const made = yield* spansOf(Effect.andThen(introspect(token), revoke(token)));
      assert.deepStrictEqual(
        made.map((span) => [span.name, span.kind]),
        [
          ["oauth.introspect", "client"],
          ["oauth.revoke", "client"],
        ],
      );
      assert.notInclude(everyText(made), "canary");
    }),
  );
});

describe("management.issued", () => {
  const living = (value: string, issuedAt: number) =>
    accessToken(value, { issuedAt, expiresAt: issuedAt + 1000 });

  it.effect("revokes what lives, once, and logs what cannot be revoked in 5 s", () =>
    Effect.gen(function* () {
      const revoked: Array<string> = [];
      const logged: Array<string> = [];
      const issued = management.issued();
      for (const one of [living("ended", 0), living("old", 1000), living("new", 1500)]) {
        yield* issued.note(one);
      }
      const forgotten = living("forgotten", 1500);
      yield* issued.note(forgotten);
      yield* issued.forget(forgotten);
      yield* TestClock.setTime(1600);
      const fiber = yield* issued
        .revokeLiving((one) => {
          revoked.push(Redacted.value(one.value));
          return Redacted.value(one.value) === "old" ? Effect.void : Effect.never;
        })
        .pipe(
          Effect.provide(
            Logger.layer([Logger.make(({ message }) => void logged.push(String(message)))]),
          ),
          Effect.forkChild({ startImmediately: true }),
        );
      yield* TestClock.adjust("5 seconds");
      yield* Fiber.join(fiber);
      assert.deepStrictEqual(revoked, ["old", "new"]);
      assert.lengthOf(logged, 1);
      assert.strictEqual(logged[0], "tokens were not revoked: no answer in 5 s");
    }),
  );

  it.effect("goes on after one that cannot be revoked, ten at a time, for a hundred at most", () =>
    Effect.gen(function* () {
      const logged: Array<string> = [];
      const issued = management.issued();
      for (let n = 0; n < 3000; n++) yield* issued.note(living(`token-${n}`, 0));
      yield* issued.note(living("token-2999", 0));
      const revoked: Array<string> = [];
      let running = 0;
      let most = 0;
      yield* issued
        .revokeLiving((one) =>
          Effect.gen(function* () {
            most = Math.max(most, ++running);
            yield* Effect.yieldNow;
            running--;
            revoked.push(Redacted.value(one.value));
            if (revoked.length === 1) {
              const reason = new TokenError.ServerUnavailable({ problem: "connection" });
              return yield* new TokenError.TokenError({ provider: "Acme", reason });
            }
          }),
        )
        .pipe(
          Effect.provide(
            Logger.layer([Logger.make(({ message }) => void logged.push(String(message)))]),
          ),
        );
      assert.lengthOf(new Set(revoked), 100);
      assert.include(revoked, "token-2999");
      assert.isAtMost(most, 10);
      assert.lengthOf(logged, 1);
      assert.match(logged[0] ?? "", /^a token was not revoked: Acme: the connection failed/);
    }),
  );
});
