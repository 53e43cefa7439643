import { assert, describe, it } from "@effect/vitest";
import * as ClientAuth from "@x/core/ClientAuth";
import * as Grant from "@x/core/Grant";
import * as Options from "@x/core/Options";
import * as PrivateKeyJwt from "@x/core/PrivateKeyJwt";
import * as Provider from "@x/core/Provider";
import * as Secret from "@x/core/Secret";
import * as TokenError from "@x/core/TokenError";
import * as Effect from "effect/Effect";
import * as HttpClient from "effect/http/HttpClient";
import * as Latch from "effect/Latch";
import * as Logger from "effect/Logger";
import * as Redacted from "effect/Redacted";
import * as TestClock from "effect/testing/TestClock";
import * as Jose from "jose";
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { Acme, Bound } from "./acme.ts";
import { everyText, issuing, json, server, token } from "./scripted.ts";
import type { Server } from "./scripted.ts";

const start = Date.parse("2026-11-21T12:00:00Z");

const pair = () => generateKeyPairSync("ed25519");
const pem = (key: KeyObject) => Redacted.make(String(key.export({ type: "pkcs8", format: "pem" })));

interface Rules {
  /** By how many seconds the server's clock is ahead. */
  readonly ahead: number;
  readonly accepts?: (assertion: string) => Promise<boolean> | boolean;
  readonly error?: { readonly status: number; readonly error: string };
}

/** A server that takes assertions of its own time alone. */
const clocked = (rules: Rules) => {
  const { ahead, accepts = () => true, error = { status: 401, error: "invalid_client" } } = rules;
  return server(({ body }, at) =>
    Effect.promise(async () => {
      const assertion = new URLSearchParams(body).get("client_assertion") ?? "";
      const { iat = 0 } = Jose.decodeJwt(assertion);
      const isInTime = Math.abs(iat + 5 - (start / 1000 + ahead)) < 5;
      return isInTime && (await accepts(assertion))
        ? token(at)
        : json(
            { error: error.error },
            {
              status: error.status,
              headers: { date: new Date(start + ahead * 1000).toUTCString() },
            },
          );
    }),
  );
};

const make = (to: Server, key: PrivateKeyJwt.Options["key"] = pem(pair().privateKey)) =>
  Bound.make({
    environment: "production",
    clientId: "id",
    tokenUrl: "https://login.bound.test/token",
    clientAuth: PrivateKeyJwt.make({ key, algorithm: "EdDSA" }),
  }).pipe(Effect.provideService(HttpClient.HttpClient, to.httpClient));

describe("assertion, of a server whose clock differs,", () => {
  for (const ahead of [-3600, -120, -30, 30, 120, 3600]) {
    it.effect(`is corrected once for ${ahead} s, and remembered`, () =>
      Effect.gen(function* () {
        yield* TestClock.setTime(start);
        const logged: Array<string> = [];
        const logger = Logger.make(({ message }) => void logged.push(String(message)));
        const to = clocked({ ahead });
        yield* Effect.gen(function* () {
          const bound = yield* make(to);
          yield* bound.invalidate(yield* bound.get);
          assert.strictEqual(to.sent.length, 2);
          yield* bound.get;
          assert.strictEqual(to.sent.length, 3);
        }).pipe(Effect.provide(Logger.layer([logger])));
        assert.strictEqual(logged.length, 1);
        assert.include(logged[0], `our clock is off by ${ahead} s`);
      }),
    );
  }

  for (const error of [
    { status: 400, error: "invalid_request" },
    { status: 400, error: "invalid_client" },
    { status: 403, error: "access_denied" },
  ]) {
    it.effect(`is corrected after ${error.status} ${error.error} too`, () =>
      Effect.gen(function* () {
        yield* TestClock.setTime(start);
        const to = clocked({ ahead: 120, error });
        yield* Effect.flatMap(make(to), ({ get }) => get);
        assert.strictEqual(to.sent.length, 2);
      }),
    );
  }

  it.effect("is named with the difference when the corrected one is refused too", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(start);
      const to = clocked({ ahead: 120, accepts: () => false });
      const error = yield* Effect.flip(Effect.flatMap(make(to), ({ get }) => get));
      assert.deepInclude(error.reason, { _tag: "CredentialsRejected", clockSkew: 120_000 });
      assert.match(error.message, /our clock is 120 s behind the server's/);
      assert.strictEqual(to.sent.length, 2);
    }),
  );

  it.effect("goes back to our clock when no answer confirmed the correction", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(start);
      // A proxy's Date is wrong, and the server itself refuses the client for now.
      let isKnown = false;
      const ages: Array<number> = [];
      const to = server(({ body }, at) => {
        const { iat = 0 } = Jose.decodeJwt(new URLSearchParams(body).get("client_assertion") ?? "");
        ages.push(iat + 5 - start / 1000);
        return isKnown && Math.abs(ages.at(-1) ?? 0) < 100
          ? token(at)
          : json(
              { error: "invalid_client" },
              { status: 401, headers: { date: new Date(start + 7_200_000).toUTCString() } },
            );
      });
      const bound = yield* make(to);
      yield* Effect.flip(bound.get);
      assert.deepStrictEqual(ages, [0, 7200]);
      isKnown = true;
      yield* TestClock.adjust("31 seconds");
      yield* bound.get;
      assert.deepStrictEqual(ages, [0, 7200, 31]);
    }),
  );

  for (const ahead of [-4, 0, 4]) {
    it.effect(`is not corrected for ${ahead} s`, () =>
      Effect.gen(function* () {
        yield* TestClock.setTime(start);
        const to = clocked({ ahead, accepts: () => false });
        const error = yield* Effect.flip(Effect.flatMap(make(to), ({ get }) => get));
        assert.notInclude(error.message, "clock");
        assert.strictEqual(to.sent.length, 1);
      }),
    );
  }

  it.effect("does not make a client secret be sent twice", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(start);
      const to = server(() =>
        json(
          { error: "invalid_client" },
          { status: 401, headers: { date: new Date(start + 3_600_000).toUTCString() } },
        ),
      );
      const acme = yield* Acme.make({
        environment: "production",
        clientId: "id",
        clientSecret: Redacted.make("s"),
      }).pipe(Effect.provideService(HttpClient.HttpClient, to.httpClient));
      yield* Effect.flip(acme.get);
      assert.strictEqual(to.sent.length, 1);
    }),
  );
});

describe("assertion, with a key that is rotated,", () => {
  const old = pair();
  const next = pair();
  const signedBy = (key: KeyObject) => (assertion: string) =>
    Jose.compactVerify(assertion, key).then(
      () => true,
      () => false,
    );

  it.effect("is signed with the next key after a refusal", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(start);
      const to = clocked({ ahead: 0, accepts: signedBy(next.publicKey) });
      const key = Secret.make(Effect.succeed([pem(old.privateKey), pem(next.privateKey)]));
      const bound = yield* make(to, key);
      yield* bound.invalidate(yield* bound.get);
      assert.strictEqual(to.sent.length, 2);
      yield* bound.get;
      assert.strictEqual(to.sent.length, 3);
    }),
  );

  it.effect("has its clock corrected before the next key is tried", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(start);
      const to = clocked({ ahead: 600, accepts: signedBy(old.publicKey) });
      const key = Secret.make(Effect.succeed([pem(old.privateKey), pem(next.privateKey)]));
      yield* Effect.flatMap(make(to, key), ({ get }) => get);
      assert.strictEqual(to.sent.length, 2, "the first key is still in use");
    }),
  );

  it.effect("asks at most four times, whatever there is to learn", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(start);
      const to = clocked({ ahead: 600, accepts: () => false });
      const keys = Array.from({ length: 6 }, () => pem(pair().privateKey));
      yield* Effect.flip(
        Effect.flatMap(make(to, Secret.make(Effect.succeed(keys))), ({ get }) => get),
      );
      assert.strictEqual(to.sent.length, 4);
    }),
  );

  it.effect("builds its layer while the key cannot be had, and says so at the first token", () =>
    Effect.gen(function* () {
      const to = clocked({ ahead: 0 });
      const reason = new TokenError.CredentialUnavailable({
        credential: "signing key (signing.key)",
        problem: "there is no such file; check the path",
        isTransient: false,
      });
      const bound = yield* make(to, Secret.make(Effect.fail(reason)));
      const error = yield* Effect.flip(bound.get);
      assert.strictEqual(error.reason, reason);
      assert.strictEqual(to.sent.length, 0);
    }),
  );
});

describe("assertion, of a user's KMS that is down,", () => {
  it.effect("speaks of the credential, and of no host or certificate", () =>
    Effect.gen(function* () {
      const to = clocked({ ahead: 0 });
      const signer = {
        algorithm: "PS256",
        sign: () =>
          Effect.fail(
            new TokenError.CredentialUnavailable({
              credential: "signing key (AWS KMS)",
              problem: "the KMS answered 503",
              isTransient: true,
            }),
          ),
      };
      const fiber = yield* Effect.forkChild(
        Effect.flip(Effect.flatMap(make(to, signer), ({ get }) => get)),
      );
      yield* TestClock.adjust("30 seconds");
      const error = yield* fiber.pollUnsafe() ?? Effect.never;
      assert.strictEqual(
        error.message,
        "Bound: the signing key (AWS KMS) could not be had: the KMS answered 503",
      );
      assert.isTrue(error.isTransient);
      assert.notMatch(everyText(error), /host|certificate/);
    }),
  );
});

describe("assertion", () => {
  it.effect("is corrected for each of the requests that were under way", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(start);
      const arrived = yield* Latch.make();
      let waiting = 0;
      const to = clocked({ ahead: 1000 });
      const httpClient = HttpClient.transform(to.httpClient, (sent) =>
        Effect.tap(sent, () => {
          if (++waiting === 2) arrived.openUnsafe();
          return arrived.await;
        }),
      );
      const key = pem(pair().privateKey);
      const bound = yield* Scoped.make({
        environment: "production",
        clientAuth: PrivateKeyJwt.make({ key, algorithm: "EdDSA" }),
      }).pipe(Effect.provideService(HttpClient.HttpClient, httpClient));
      yield* Effect.forEach(["a", "b"], (scope) => bound.with({ scope }).get, { concurrency: 2 });
      assert.strictEqual(to.sent.length, 4);
    }),
  );

  it.effect("is corrected for the client and for the grant, each in its turn", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(start);
      const isInTime = (assertion: string | null) =>
        Math.abs((Jose.decodeJwt(assertion ?? "").iat ?? 0) + 5 - (start / 1000 + 1000)) < 5;
      const to = server(({ body }, at) => {
        const fields = new URLSearchParams(body);
        const isRight =
          isInTime(fields.get("client_assertion")) && isInTime(fields.get("assertion"));
        const headers = { date: new Date(start + 1_000_000).toUTCString() };
        return isRight ? token(at) : json({ error: "invalid_client" }, { status: 401, headers });
      });
      const key = pem(pair().privateKey);
      const twice = yield* Twice.make({
        environment: "production",
        key,
        clientAuth: PrivateKeyJwt.make({ key, algorithm: "EdDSA" }),
      }).pipe(Effect.provideService(HttpClient.HttpClient, to.httpClient));
      yield* twice.get;
      assert.strictEqual(to.sent.length, 3);
    }),
  );

  for (const key of ["canary-of-javascript", null, { file: "key.pem" }]) {
    it.effect(`fails before a request for ${key === null ? "null" : typeof key} as the key`, () =>
      Effect.gen(function* () {
        const exit = yield* Effect.exit(make(issuing(), key as never));
        assert.notInclude(everyText(exit), "canary");
        const error = yield* Effect.flip(Effect.suspend(() => exit));
        assert.include(error.message, "clientAuth.key is not Redacted, a Secret or a Signer");
      }),
    );
  }
});

const environments = {
  production: { tokenUrl: "https://login.clocks.test/token", lifetime: "1 hour" },
} as const;

const clientAuth = Options.clientAuth({ tls_client_auth: ClientAuth.tlsClientAuth });

class Scoped extends Provider.Service<Scoped>()("assertion/Scoped", {
  name: "Scoped",
  environments,
  options: { clientAuth, scope: Options.optional(Options.Text) },
  grant: ({ scope }) => Grant.clientCredentials({ scope }),
  clientAuth: (options) => options.clientAuth.of({ clientId: "id" }),
  perCall: ["scope"],
}) {}

class Twice extends Provider.Service<Twice>()("assertion/Twice", {
  name: "Twice",
  environments,
  options: { clientAuth, key: Options.SecretText },
  grant: ({ key }) => Grant.jwtBearer({ key, algorithm: "EdDSA", issuer: "app", subject: "app" }),
  clientAuth: (options) => options.clientAuth.of({ clientId: "id" }),
}) {}
