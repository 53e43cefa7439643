/** Tests of redirects for every client. */
import { assert, describe, it } from "@effect/vitest";
import * as TokenServer from "@x/testing/TokenServer";
import * as Effect from "effect/Effect";
import * as HttpBody from "effect/http/HttpBody";
import * as HttpClientRequest from "effect/http/HttpClientRequest";
import { Acme, type Client, everyText, options, secret, start } from "./acme.ts";

const statuses = [301, 302, 303, 307, 308] as const;

/** TLS options that trust every server. */
export const everybody = { rejectUnauthorized: false };

/** Starts a server that redirects to a second server. */
export const pair = Effect.fnUntraced(function* (status: number) {
  const evil = yield* start([TokenServer.token({ access_token: "token-of-evil" })]);
  const server = yield* start([
    TokenServer.redirect(`${evil.origin}/oauth/token?canary-query=1#canary-fragment`, { status }),
  ]);
  return { evil, server };
});

/** Registers the tests of one client. */
export const notFollowed = (name: string, client: Client) => {
  describe(`a redirect over ${name}`, () => {
    for (const status of statuses) {
      for (const clientAuth of ["basic", "post"] as const) {
        it.live(`does not follow a redirect of a token request (${status}, ${clientAuth})`, () =>
          Effect.gen(function* () {
            const { evil, server } = yield* pair(status);
            const error = yield* Acme.make({ ...options(server), clientAuth }).pipe(
              Effect.flatMap(({ get }) => Effect.flip(get)),
              Effect.provide(client(everybody)),
            );
            const { reason } = error;
            assert.isTrue(reason._tag === "ServerUntrusted" && reason.problem === "redirect");
            assert.strictEqual("origin" in reason && reason.origin, evil.origin);
            assert.notInclude(everyText(error), "canary");
            assert.notInclude(everyText(error), secret);
            assert.strictEqual(yield* server.requestCount, 1);
            assert.strictEqual(yield* evil.requestCount, 0);
            assert.strictEqual(yield* evil.connectionCount, 0);
          }),
        );
      }

      for (const method of ["GET", "POST"] as const) {
        it.live(
          `returns a redirect of an API call and sends no token to its target (${method}, ${status})`,
          () =>
            Effect.gen(function* () {
              const { evil, server } = yield* pair(status);
              const redirect = TokenServer.redirect(`${evil.origin}/stolen`, { status });
              yield* server.setScript([TokenServer.token(), redirect]);
              const outcome = yield* Acme.make(options(server)).pipe(
                Effect.flatMap(({ httpClient }) =>
                  httpClient.execute(
                    method === "GET"
                      ? HttpClientRequest.get("/orders")
                      : HttpClientRequest.setBody(
                          HttpClientRequest.post("/orders"),
                          HttpBody.text("canary"),
                        ),
                  ),
                ),
                Effect.match({
                  onFailure: (error) =>
                    error._tag === "TokenError" ? { ...error.reason } : { _tag: error._tag },
                  onSuccess: (response) => ({
                    status: response.status,
                    location: response.headers["location"],
                  }),
                }),
                Effect.provide(client(everybody)),
              );
              assert.deepStrictEqual(outcome, { status, location: `${evil.origin}/stolen` });
              assert.strictEqual(yield* server.requestCount, 2);
              assert.strictEqual(yield* evil.requestCount, 0);
              assert.strictEqual(yield* evil.connectionCount, 0);
            }),
        );
      }
    }
  });
};
