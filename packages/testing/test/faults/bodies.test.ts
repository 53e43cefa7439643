import { assert, describe, it } from "@effect/vitest";
import * as TokenServer from "@x/testing/TokenServer";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as V8 from "node:v8";
import * as Vm from "node:vm";
import { until } from "../TokenServerTransports.ts";
import { acme, clientNames, clients, impatient, overTls, seen } from "./acme.ts";

V8.setFlagsFromString("--expose-gc");
const collect = Vm.runInNewContext("gc") as () => void;

const mebibyte = 1_048_576;

/** How many bytes the process holds more after an effect than before it. */
const growth = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    collect();
    const before = process.memoryUsage.rss();
    yield* effect;
    collect();
    return process.memoryUsage.rss() - before;
  });

const patient = impatient({ timeout: Duration.seconds(50) });

const bodies: ReadonlyArray<readonly [name: string, answer: TokenServer.Answer, closes: boolean]> =
  [
    ["an endless body", TokenServer.endless(), true],
    [
      "an endless body of white space",
      TokenServer.endless({ body: "{", filler: " ".repeat(16_384) }),
      true,
    ],
    ["an endless error", TokenServer.endless({ status: 400, body: '{"error":"' }), true],
    [
      "an endless page",
      TokenServer.endless({ status: 404, headers: { "content-type": "text/html" } }),
      true,
    ],
    [
      "an endless body in small pieces",
      TokenServer.endless({ drip: { pause: 0, bytes: 512 } }),
      true,
    ],
    ["a gzip bomb of 1 GiB", TokenServer.gzipBomb(1024), true],
    ["a small gzip bomb of 64 MiB", TokenServer.gzipBomb(64), false],
    ["a body of 300 KiB", TokenServer.token({ access_token: "a".repeat(300 * 1024) }), false],
  ];

describe("an answer that is too large", { concurrent: false }, () => {
  for (const client of clientNames) {
    for (const [name, answer, closes] of bodies) {
      it.live(`${name} is given up over ${client}, without room for it`, () =>
        Effect.gen(function* () {
          const server = yield* TokenServer.TokenServer;
          const { get } = yield* acme({ refresh: patient });
          const grown = yield* growth(
            Effect.gen(function* () {
              assert.strictEqual(yield* seen(get), "ResponseMalformed");
              if (closes)
                yield* until(Effect.map(server.openConnectionCount, (count) => count === 0));
            }),
          );
          assert.isAtMost(grown, 64 * mebibyte);
          // It is not asked for again: another one would be no smaller.
          assert.strictEqual(yield* server.requestCount, 1);
        }).pipe(Effect.provide(overTls([answer], clients[client]))),
      );
    }
  }
});
