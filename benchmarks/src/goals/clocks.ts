/** A wall clock that jumps, under a process that runs. */
import * as Effect from "effect/Effect";
import { spawn } from "node:child_process";
import { existsSync, globSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { atMost, type Goal, type Measurement } from "../goal.ts";

const jumps = 1000;
const dayInSeconds = 86_400;

const library = (): string | undefined =>
  ["/usr/lib/faketime/libfaketime.so.1", ...globSync("/usr/lib/*/faketime/libfaketime.so.1")].find(
    (path) => existsSync(path),
  );

/** Runs `jumper.ts` under libfaketime and moves its wall clock up to a day to either side, again and again. */
const measure = Effect.callback<Measurement, string>((resume) => {
  const preload = library();
  if (preload === undefined) {
    resume(Effect.fail("libfaketime is not installed (Debian: libfaketime)"));
    return;
  }
  const directory = mkdtempSync(join(tmpdir(), "x-clock-"));
  const file = join(directory, "offset");
  const jump = (seconds: number) => writeFileSync(file, `${seconds < 0 ? "" : "+"}${seconds}s\n`);
  jump(0);
  const child = spawn(process.execPath, [join(import.meta.dirname, "../jumper.ts")], {
    env: {
      ...process.env,
      LD_PRELOAD: preload,
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_NO_CACHE: "1",
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
    },
    stdio: ["pipe", "pipe", "inherit"],
  });
  let output = "";
  let done = 0;
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
    // The child prints a dot when it has worked for a while since the last jump.
    for (const char of text) {
      if (char !== ".") continue;
      if (done++ < jumps) jump(Math.round((Math.random() * 2 - 1) * dayInSeconds));
      child.stdin.write(done <= jumps ? "on\n" : "end\n");
    }
  });
  child.on("close", (code) => {
    rmSync(directory, { recursive: true, force: true });
    const line = output.split("\n").find((text) => text.includes("{"));
    if (code !== 0 || line === undefined) {
      resume(Effect.fail(`the clock program ended with ${code}`));
      return;
    }
    const { late, calls, requests, tokens } = JSON.parse(line.slice(line.indexOf("{")));
    const measurement = atMost(
      ["API calls with a token past its true end", late, 0],
      ["token requests a jump", requests / jumps, 2],
    );
    resume(
      Effect.succeed({ ...measurement, figures: { ...measurement.figures, calls, tokens, jumps } }),
    );
  });
  return Effect.sync(() => void child.kill());
});

export const goals: ReadonlyArray<Goal> = [
  { goal: "1,000 wall-clock jumps of up to 24 h", measure },
];
