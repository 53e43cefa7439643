import { assert, describe, it } from "@effect/vitest";
import * as TokenServer from "@x/testing/TokenServer";
import * as Effect from "effect/Effect";
import { until } from "../TokenServerTransports.ts";
import { clientNames } from "./acme.ts";
import * as Program from "./program.ts";

/** A client may hold a body of 256 KiB; Node itself needs up to some 40 MiB for a first request. */
const mostKibibytes = 64 * 1024;

const bodies: ReadonlyArray<readonly [name: string, answer: TokenServer.Answer, closes: boolean]> =
  [
    ["an endless body", TokenServer.endless(), true],
    [
      "an endless body in small pieces",
      TokenServer.endless({ drip: { pause: 0, bytes: 512 } }),
      true,
    ],
    ["a gzip bomb of 1 GiB", TokenServer.gzipBomb(1024), true],
    ["a body of 300 KiB", TokenServer.token({ access_token: "a".repeat(300 * 1024) }), false],
  ];

// Every client runs in its own process, so other tests do not change its peak of memory.
describe("a client that gets an answer that is too large", { concurrent: false }, () => {
  for (const client of clientNames) {
    for (const [name, answer, closes] of bodies) {
      it.live(`gives up ${name} over ${client} and does not store it`, () =>
        Effect.gen(function* () {
          const server = yield* TokenServer.TokenServer;
          const child = yield* Program.start({
            origin: server.origin,
            ca: server.certificateAuthority,
            client,
            mode: "patient",
            next: "measure memory",
          });
          assert.strictEqual(yield* child.ended, 0);
          const [, line = ""] = child.output().split("\n");
          const { grown, outcome }: { readonly grown: number; readonly outcome: string } =
            JSON.parse(line);
          assert.strictEqual(outcome, "ResponseMalformed");
          assert.isAtMost(grown, mostKibibytes);
          if (closes) yield* until(Effect.map(server.openConnectionCount, (count) => count === 0));
          // a second request would get an answer of the same size
          assert.strictEqual(yield* server.requestCount, 1);
        }).pipe(Effect.provide(TokenServer.layer([answer]))),
      );
    }
  }
});
