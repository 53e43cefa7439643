/**
 * Starts the emulators of five vendors on loopback over TLS, composes the five real layers in one
 * program, and shows what each does. Exits with 1 unless every promise holds.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime";
import { Console, Effect, Layer } from "effect";
import { failures } from "./failures.ts";
import { holds, journeys, type Journey } from "./journey.ts";
import { styled, table } from "./table.ts";
import { Emulators, Vendors } from "./vendors.ts";

const program = Effect.gen(function* () {
  const rows: Array<Journey> = [];
  for (const [vendor, journey] of Object.entries(journeys)) {
    yield* Console.log(
      styled("dim", `${vendor}: 1,000 concurrent calls, a revoked token, one call more`),
    );
    rows.push(yield* journey);
  }
  yield* Console.log("");
  yield* Console.log(
    table(
      [
        "vendor",
        "grant",
        "client authentication",
        "transport",
        "token life",
        "API calls ok",
        "token requests",
        "time",
        "",
      ],
      rows.map((row) => [
        row.vendor,
        row.grant,
        row.clientAuth,
        row.transport,
        row.lifetime,
        `${row.ok} of ${row.expectedCalls}`,
        `${row.cold} + ${row.again}`,
        row.time,
        holds(row) ? styled("green", "ok") : styled("red", "MISSED"),
      ]),
    ),
  );
  const reasons = yield* failures;
  yield* Console.log("");
  yield* Console.log(
    table(
      ["when", "reason", "message"],
      reasons.map(({ name, found, message }) => [name, found, message]),
    ),
  );
  const missed = [
    ...rows.filter((row) => !holds(row)).map(({ vendor }) => vendor),
    ...reasons.filter(({ expected, found }) => expected !== found).map(({ name }) => name),
  ];
  if (missed.length > 0) return yield* Effect.fail(`not as promised: ${missed.join(", ")}`);
  yield* Console.log("");
  yield* Console.log(
    `${styled("green", "ok")}: one token request for 1,000 concurrent calls, and one more after the revocation, for each of ${rows.length} vendors`,
  );
}).pipe(Effect.provide(Vendors.pipe(Layer.provideMerge(Emulators))));

NodeRuntime.runMain(program);
