/** Programs that run in their own process with one provider. */
import * as Effect from "effect/Effect";
import type * as Scope from "effect/Scope";
import * as ChildProcess from "node:child_process";
import type { Task } from "./child.ts";

export interface Child {
  readonly process: ChildProcess.ChildProcess;
  /** Everything that the program has written so far. */
  readonly output: () => string;
  /** Exit code of a program that ends by itself. */
  readonly ended: Effect.Effect<number | null>;
}

/** Starts a program, and kills it when the scope closes. */
export const start = (task: Task): Effect.Effect<Child, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const child = ChildProcess.spawn(
        process.execPath,
        [
          new URL("./child.ts", import.meta.url).pathname,
          Buffer.from(JSON.stringify(task)).toString("base64url"),
        ],
        { stdio: ["pipe", "pipe", "pipe"] },
      );
      let text = "";
      child.stdout.on("data", (data: Buffer) => (text += data.toString()));
      child.stderr.on("data", (data: Buffer) => (text += data.toString()));
      return {
        process: child,
        output: () => text,
        ended: Effect.callback<number | null>((resume) => {
          if (child.exitCode !== null) return resume(Effect.succeed(child.exitCode));
          child.once("close", (code) => resume(Effect.succeed(code)));
        }),
      };
    }),
    (child) => Effect.sync(() => void child.process.kill("SIGKILL")),
  );
