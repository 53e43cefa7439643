/** Tests of answers that are cut after each byte. */
import { assert, it } from "@effect/vitest";
import * as TokenServer from "@x/testing/TokenServer";
import * as Effect from "effect/Effect";
import { acme, clientNames, clients, overTls, seen } from "./acme.ts";

const headers = { "content-type": "application/json" };

/** A valid answer. */
export const flat = JSON.stringify({
  access_token: "token-of-the-script",
  token_type: "Bearer",
  expires_in: 3600,
});

/** A valid answer with nested objects, lists and texts. */
export const nested = JSON.stringify({
  access_token: "token-of-the-script",
  token_type: "Bearer",
  extra: { a: [{ b: "}" }], c: "é" },
  expires_in: 3600,
});

/** Registers a test for each client. */
export const retriesAfterCuts = (framing: TokenServer.Framing, valid: string) => {
  const bytes = new TextEncoder().encode(valid);
  for (const client of clientNames) {
    it.live(`retries after an answer that is cut at any byte (${framing}, ${client})`, () =>
      Effect.gen(function* () {
        const { forgetRequests, requestCount, setScript } = yield* TokenServer.TokenServer;
        const results: Array<readonly [at: number, seen: string, requests: number]> = [];
        for (let at = 0; at < bytes.length; at++) {
          yield* forgetRequests;
          yield* setScript([
            TokenServer.truncate(bytes, { at, framing, headers }),
            TokenServer.token(),
          ]);
          const { get } = yield* Effect.orDie(acme());
          results.push([at, yield* seen(get), yield* requestCount]);
        }
        assert.deepStrictEqual(
          results.filter(([, what, requests]) => what !== "token" || requests !== 2),
          [],
        );
        assert.strictEqual(results.length, bytes.length);
      }).pipe(Effect.scoped, Effect.provide(overTls([TokenServer.token()], clients[client]))),
    );
  }
};
