/**
 * Measures what the token life cycle promises, one JSON line a goal; exits with 1 on a miss.
 *
 * `pnpm soak` runs all goals, `pnpm soak outage rotation` those whose names hold one of the words.
 * Each goal has a process of its own, so that none finds the heap of another.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime";
import * as Cause from "effect/Cause";
import * as Console from "effect/Console";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as References from "effect/References";
import { spawn } from "node:child_process";
import type { Goal, Measurement } from "./goal.ts";
import * as certificates from "./goals/certificates.ts";
import * as clocks from "./goals/clocks.ts";
import * as leaks from "./goals/leaks.ts";
import * as outages from "./goals/outages.ts";
import * as rotations from "./goals/rotations.ts";
import * as storms from "./goals/storms.ts";

const all = [
  ...storms.goals,
  ...outages.goals,
  ...clocks.goals,
  ...rotations.goals,
  ...leaks.goals,
  ...certificates.goals,
];

const measured = Effect.fnUntraced(function* ({ goal, measure }: Goal) {
  const [duration, measurement] = yield* Effect.timed(
    Effect.scoped(measure).pipe(
      // Thousands of failures are the point; their warnings are not.
      Effect.provideService(References.MinimumLogLevel, "None"),
      Effect.catchCause((cause) =>
        Effect.succeed<Measurement>({ figures: {}, missed: [Cause.pretty(cause)] }),
      ),
    ),
  );
  const isReached = measurement.missed.length === 0;
  yield* Console.log(
    JSON.stringify({
      goal,
      reached: isReached,
      ...measurement,
      seconds: Math.round(Duration.toSeconds(duration)),
    }),
  );
  if (!isReached) return yield* Effect.fail(`${goal}: ${measurement.missed.join("; ")}`);
});

// Compiled code comes and goes for a long time, which looks like a heap that grows: only interpreted
// code lets a heap be compared with itself.
const interpreted = ["--no-flush-bytecode", "--no-opt", "--no-maglev", "--no-sparkplug"];

/** Runs one goal in a process of its own; whether it was reached. */
const apart = ({ goal }: Goal) =>
  Effect.callback<boolean>((resume) => {
    const flags = leaks.goals.some((leak) => leak.goal === goal) ? interpreted : [];
    const child = spawn(
      process.execPath,
      ["--expose-gc", ...flags, import.meta.filename, "--one", goal],
      { stdio: ["ignore", "inherit", "ignore"] },
    );
    child.on("close", (code) => resume(Effect.succeed(code === 0)));
    return Effect.sync(() => void child.kill());
  });

const [first, ...rest] = process.argv.slice(2);
const words = [first, ...rest].flatMap((word) => (word === undefined ? [] : [word.toLowerCase()]));

const program =
  first === "--one"
    ? Effect.forEach(
        all.filter(({ goal }) => goal === rest[0]),
        measured,
      )
    : Effect.gen(function* () {
        const goals = all.filter(
          ({ goal }) =>
            words.length === 0 || words.some((word) => goal.toLowerCase().includes(word)),
        );
        const reached = yield* Effect.forEach(goals, apart);
        const missed = reached.filter((isReached) => !isReached).length;
        if (missed > 0 || goals.length === 0) {
          return yield* Effect.fail(`${missed} of ${goals.length} goals missed`);
        }
      });

NodeRuntime.runMain(program);
