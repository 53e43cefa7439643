/** Promises about tokens. */
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as Redacted from "effect/Redacted";
import * as assert from "node:assert/strict";
import * as Net from "node:net";
import { inspect } from "node:util";
import type { Promised, Promises } from "./subject.ts";

export const tokens: Promises = {
  "sends exactly the documented token request": Effect.fnUntraced(function* (subject) {
    const provider = yield* subject.provider();
    yield* provider.get;
    const requests = yield* subject.emulator.tokenRequests;
    assert.equal(requests.length, 1);
    const [request] = requests;
    assert.ok(request !== undefined);
    const { golden } = subject;
    assert.equal(request.method, "POST");
    assert.equal(request.path, new URL(subject.emulator.tokenUrl).pathname);
    assert.equal(request.certificate, golden.certificate);
    const headers = new Map(request.headers);
    assert.equal(headers.size, request.headers.length, "a header was sent twice");
    headers.delete("host");
    headers.delete("connection");
    assert.deepEqual(Object.fromEntries(headers), {
      accept: "application/json",
      "accept-encoding": "identity",
      ...(golden.authorization === undefined ? {} : { authorization: golden.authorization }),
      "content-length": String(Buffer.byteLength(request.body)),
      "content-type": "application/x-www-form-urlencoded",
    });
    if (typeof golden.body === "string") assert.equal(request.body, golden.body);
    else assert.match(request.body, golden.body);
  }),

  "makes one token request for 10,000 concurrent callers": Effect.fnUntraced(function* (subject) {
    const provider = yield* subject.provider();
    assert.equal(yield* provider.peek, undefined);
    const tokens = yield* Effect.all(
      Array.from({ length: 10_000 }, () => provider.get),
      { concurrency: "unbounded" },
    );
    assert.equal(new Set(tokens).size, 1);
    assert.equal(yield* subject.emulator.tokenRequestCount, 1);
    assert.equal(yield* provider.peek, tokens[0]);
  }),

  "fetches a new token when the first has expired": Effect.fnUntraced(function* (subject) {
    yield* subject.emulator.setTokenLifetime("1 second");
    const provider = yield* subject.provider();
    const first = yield* provider.get;
    assert.equal(first.expiresAt - first.issuedAt, 1000);
    yield* Effect.sleep("1100 millis");
    assert.equal(yield* provider.peek, undefined);
    const second = yield* provider.get;
    assert.notEqual(Redacted.value(second.value), Redacted.value(first.value));
    assert.equal(yield* subject.emulator.tokenRequestCount, 2);
  }),

  "invalidates only the given token": Effect.fnUntraced(function* (subject) {
    const provider = yield* subject.provider();
    const first = yield* provider.get;
    assert.equal(yield* provider.invalidate(first), true);
    assert.equal(yield* provider.peek, undefined);
    const second = yield* provider.get;
    assert.equal(yield* provider.invalidate(first), false);
    assert.equal(yield* provider.peek, second);
    assert.equal(yield* subject.emulator.tokenRequestCount, 2);
  }),

  "serves other callers when the first one is interrupted": Effect.fnUntraced(function* (subject) {
    const provider = yield* subject.provider();
    const first = yield* Effect.forkChild(provider.get, { startImmediately: true });
    const second = yield* Effect.forkChild(provider.get, { startImmediately: true });
    yield* Fiber.interrupt(first);
    yield* Fiber.join(second);
    assert.equal(yield* subject.emulator.tokenRequestCount, 1);
  }),

  "keeps a token for each choice of a call": Effect.fnUntraced(function* (subject) {
    const [base, unchanged, chosen] = yield* subject.choosing;
    const token = yield* base.get;
    assert.equal(yield* unchanged.get, token);
    if (chosen === undefined) return;
    const other = yield* chosen.get;
    assert.notEqual(Redacted.value(other.value), Redacted.value(token.value));
    assert.equal(yield* chosen.get, other);
    assert.equal(yield* base.get, token);
    assert.equal(yield* subject.emulator.tokenRequestCount, 2);
    const [first, second] = yield* subject.emulator.tokenRequests;
    assert.notEqual(second?.body, first?.body);
  }),

  "reports refused credentials without a secret and does not ask again": Effect.fnUntraced(
    function* (subject) {
      const provider = yield* subject.refused;
      const error = yield* Effect.flip(provider.get);
      assert.equal(error.reason._tag, "CredentialsRejected");
      assert.equal(error.isTransient, false);
      assert.equal(yield* Effect.flip(provider.get), error);
      assert.equal(yield* subject.emulator.tokenRequestCount, 1);
      const refusedCall = yield* Effect.flip(provider.httpClient.get("/anything"));
      assert.equal(refusedCall, error);
      assert.equal(yield* subject.emulator.apiRequestCount, 0);
      assertSecretsAbsent(subject, error);
    },
  ),

  "reports a server that is down as unavailable": Effect.fnUntraced(function* (subject) {
    const provider = yield* subject.provider(yield* closed);
    const error = yield* Effect.flip(provider.get);
    assert.equal(error.reason._tag, "ServerUnavailable");
    assert.equal(error.isTransient, true);
    assert.match(error.message, /ECONNREFUSED/);
    assertSecretsAbsent(subject, error);
  }),

  "provides a test layer that sends nothing": Effect.fnUntraced(function* (subject) {
    const provider = yield* subject.fake;
    const token = yield* provider.get;
    assert.equal(yield* provider.peek, token);
    assert.equal(yield* subject.emulator.tokenRequestCount, 0);
  }),

  "shows no secret in the service value or the token": Effect.fnUntraced(function* (subject) {
    const provider = yield* subject.provider();
    const token = yield* provider.get;
    assertSecretsAbsent(
      { secrets: [...subject.secrets, Redacted.value(token.value)] },
      provider,
      token,
    );
  }),
};

/** Fails if a value shows a secret in any form in which values reach logs. */
const assertSecretsAbsent = (
  subject: Pick<Promised, "secrets">,
  ...values: ReadonlyArray<unknown>
): void => {
  for (const value of values) {
    const shown = [
      String(value),
      JSON.stringify(value) ?? "",
      inspect(value, { depth: Infinity, showHidden: true }),
      value instanceof Error ? `${value.message}${value.stack}${inspect(value.cause)}` : "",
    ].join("\n");
    for (const secret of subject.secrets) {
      for (const form of [
        secret,
        encodeURIComponent(secret),
        Buffer.from(secret).toString("base64"),
      ]) {
        assert.ok(!shown.includes(form), "a secret is shown");
      }
    }
  }
};

/** Returns options with the URL of a port on which nothing listens. */
const closed: Effect.Effect<Readonly<Record<string, unknown>>> = Effect.callback((resume) => {
  const server = Net.createServer();
  server.listen(0, "127.0.0.1", () => {
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 1;
    server.close(() => resume(Effect.succeed({ tokenUrl: `https://localhost:${port}/token` })));
  });
});
