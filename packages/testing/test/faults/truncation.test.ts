import { assert, describe, it } from "@effect/vitest";
import * as TokenServer from "@x/testing/TokenServer";
import * as Effect from "effect/Effect";
import { acme, clientNames, clients, overTls, seen } from "./acme.ts";
import { retriesAfterCuts, flat, nested } from "./truncation.ts";

describe("a truncated answer", () => {
  retriesAfterCuts("content-length", nested);
  retriesAfterCuts("chunked", nested);
  retriesAfterCuts("close", flat);

  for (const client of clientNames) {
    for (const framing of ["content-length", "chunked"] as const) {
      it.live(
        `retries when promised bytes are missing after complete JSON (${framing}, ${client})`,
        () =>
          Effect.gen(function* () {
            const { requestCount } = yield* TokenServer.TokenServer;
            const { get } = yield* acme();
            assert.strictEqual(yield* seen(get), "token");
            assert.strictEqual(yield* requestCount, 2);
          }).pipe(
            Effect.provide(
              overTls(
                [
                  TokenServer.truncate(flat, {
                    framing,
                    headers: { "content-type": "application/json" },
                  }),
                  TokenServer.token(),
                ],
                clients[client],
              ),
            ),
          ),
      );
    }

    it.live(`accepts complete JSON that ends with the connection (${client})`, () =>
      Effect.gen(function* () {
        const { requestCount } = yield* TokenServer.TokenServer;
        const { get } = yield* acme();
        assert.strictEqual(yield* seen(get), "token");
        assert.strictEqual(yield* requestCount, 1);
      }).pipe(
        Effect.provide(
          overTls(
            [
              TokenServer.truncate(flat, {
                framing: "close",
                headers: { "content-type": "application/json" },
              }),
            ],
            clients[client],
          ),
        ),
      ),
    );
  }
});
