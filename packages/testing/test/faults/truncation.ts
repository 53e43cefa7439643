/** What must hold of an answer that is cut after each of its bytes. */
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

/** A valid answer in which objects, lists and texts end before the whole does. */
export const nested = JSON.stringify({
  access_token: "token-of-the-script",
  token_type: "Bearer",
  extra: { a: [{ b: "}" }], c: "é" },
  expires_in: 3600,
});

/** The cells of one framing. */
export const askedForAgain = (framing: TokenServer.Framing, valid: string) => {
  const bytes = new TextEncoder().encode(valid);
  for (const client of clientNames) {
    it.live(`after any of its bytes is asked for again (${framing}, ${client})`, () =>
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
