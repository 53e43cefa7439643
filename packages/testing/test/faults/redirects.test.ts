import { assert, describe, it } from "@effect/vitest";
import * as TokenServer from "@x/testing/TokenServer";
import * as Effect from "effect/Effect";
import * as HttpClient from "effect/http/HttpClient";
import { Acme, clientNames, clients, options, start } from "./acme.ts";
import { everybody, notFollowed, pair } from "./redirects.ts";

for (const name of clientNames) notFollowed(name, clients[name]);

describe("a bearer token", () => {
  it.live("reaches the other server when a client calls it directly", () =>
    Effect.gen(function* () {
      const { evil } = yield* pair(307);
      for (const client of Object.values(clients)) {
        yield* HttpClient.get(`${evil.origin}/`).pipe(Effect.provide(client(everybody)));
      }
      assert.strictEqual(yield* evil.requestCount, clientNames.length);
    }),
  );

  it.live("never leaves the origin of the API, whatever URL the caller passes", () =>
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
        // These look like other hosts but are paths of the API.
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
