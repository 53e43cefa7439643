import { assert, describe, it } from "@effect/vitest";
import * as TokenServer from "@x/testing/TokenServer";
import * as Effect from "effect/Effect";
import * as HttpClient from "effect/http/HttpClient";
import { Acme, clientNames, clients, options, start } from "./acme.ts";
import { everybody, following, notFollowed, pair } from "./redirects.ts";

for (const name of clientNames) notFollowed(name, clients[name]);

describe("a bearer token stays with the API", () => {
  it.live("for a client that reaches the other server when it is asked to", () =>
    Effect.gen(function* () {
      const { evil, server } = yield* pair(307);
      for (const client of [...Object.values(clients), following]) {
        yield* HttpClient.get(`${evil.origin}/`).pipe(Effect.provide(client(everybody)));
      }
      const followed = yield* HttpClient.get(server.tokenUrl).pipe(
        Effect.provide(following(everybody)),
      );
      assert.strictEqual(followed.status, 200);
      assert.strictEqual(yield* evil.requestCount, clientNames.length + 2);
    }),
  );

  it.live("whatever URL the caller brings", () =>
    Effect.gen(function* () {
      const evil = yield* start([TokenServer.token()]);
      const server = yield* start([TokenServer.token()]);
      const host = new URL(evil.origin).host;
      const api = new URL(server.origin).host;
      yield* Effect.gen(function* () {
        const { httpClient } = yield* Acme.make(options(server));
        for (const url of [
          `${evil.origin}/orders`,
          `${evil.origin.toUpperCase()}/orders`,
          `https://${api}@${host}/orders`,
          `https://${api}.@${host}/orders`,
          `https://${host}\\@${api}/orders`,
          `https:${host}/orders`,
          `http://${host}/orders`,
          `http://${api}/orders`,
          `wss://${host}/orders`,
        ]) {
          const error = yield* Effect.flip(httpClient.get(url));
          assert.include(["TokenError", "HttpClientError"], error._tag, url);
        }
        // These are paths of the API's, however they look.
        for (const url of [
          `//${host}/orders`,
          `/\\${host}/orders`,
          `@${host}/orders`,
          `.${host}`,
        ]) {
          yield* httpClient.get(url).pipe(Effect.ignore);
        }
      }).pipe(Effect.provide(clients.undici(everybody)));
      assert.strictEqual(yield* evil.connectionCount, 0);
      for (const request of yield* server.requests) {
        assert.match(request.path, /^\/(api|oauth\/token)/);
      }
    }),
  );
});
