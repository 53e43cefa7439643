import { assert, describe, it } from "@effect/vitest";
import * as TokenServer from "@x/testing/TokenServer";
import * as Effect from "effect/Effect";
import { acme, clientNames, clients, overTls, seen } from "./acme.ts";
import { askedForAgain, flat, nested } from "./truncation.ts";

describe("an answer that is cut", () => {
  askedForAgain("content-length", nested);
  askedForAgain("chunked", nested);
  askedForAgain("close", flat);

  for (const client of clientNames) {
    for (const framing of ["content-length", "chunked"] as const) {
      it.live(
        `after its last byte, of more that were promised, is asked for again (${framing}, ${client})`,
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

    it.live(`after its last byte is whole where only the connection's end tells (${client})`, () =>
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
