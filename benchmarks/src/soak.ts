/**
 * Measures what the token life cycle promises, one JSON line a goal; exits with 1 on a miss.
 *
 * `pnpm soak` runs all goals, `pnpm soak outage rotation` those whose names hold one of the words.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime";
import * as Cause from "effect/Cause";
import * as Console from "effect/Console";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as References from "effect/References";
import type { Measurement } from "./goal.ts";
import * as clocks from "./goals/clocks.ts";
import * as leaks from "./goals/leaks.ts";
import * as outages from "./goals/outages.ts";
import * as rotations from "./goals/rotations.ts";
import * as storms from "./goals/storms.ts";

const words = process.argv.slice(2).map((word) => word.toLowerCase());
const goals = [
  ...storms.goals,
  ...outages.goals,
  ...clocks.goals,
  ...rotations.goals,
  ...leaks.goals,
].filter(
  ({ goal }) => words.length === 0 || words.some((word) => goal.toLowerCase().includes(word)),
);

const program = Effect.gen(function* () {
  let missed = goals.length === 0 ? 1 : 0;
  for (const { goal, measure } of goals) {
    const [duration, measurement] = yield* Effect.timed(
      Effect.scoped(measure).pipe(
        // Thousands of failures are the point; their warnings are not.
        Effect.provideService(References.MinimumLogLevel, "None"),
        Effect.catchCause((cause) =>
          Effect.succeed<Measurement>({ figures: {}, missed: [Cause.pretty(cause)] }),
        ),
      ),
    );
    if (measurement.missed.length > 0) missed++;
    yield* Console.log(
      JSON.stringify({
        goal,
        reached: measurement.missed.length === 0,
        ...measurement,
        seconds: Math.round(Duration.toSeconds(duration)),
      }),
    );
  }
  if (missed > 0) return yield* Effect.fail(`${missed} of ${goals.length} goals missed`);
});

NodeRuntime.runMain(program);
