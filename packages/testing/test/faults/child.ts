/** A program of its own, which a test starts to see whether it ends by itself. */
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as ManagedRuntime from "effect/ManagedRuntime";
import * as RefreshPolicy from "@x/core/RefreshPolicy";
import { Acme, clients, options, undici } from "./acme.ts";

export interface Task {
  readonly origin: string;
  readonly ca: string;
  readonly client: "undici" | "undici, connecting for a second" | "fetch" | "node:http";
  readonly mode: "onDemand" | "background";
  /** What is done once the layer is built: a token is had, or its wait is left in the middle. */
  readonly next: "get and dispose" | "get" | "wait and dispose";
}

const task: Task = JSON.parse(Buffer.from(process.argv[2] ?? "", "base64url").toString());

const client =
  task.client === "undici, connecting for a second" ? undici("1 second") : clients[task.client];

const runtime = ManagedRuntime.make(
  Layer.provide(
    Acme.layer({
      ...options({ origin: task.origin, tokenUrl: `${task.origin}/oauth/token` }),
      refresh: task.mode === "background" ? RefreshPolicy.background() : RefreshPolicy.make(),
    }),
    client({ ca: task.ca }),
  ),
);

const getting = Effect.flatMap(Acme, ({ get }) => get);

process.stdout.write("begun\n");
if (task.next === "wait and dispose") {
  const waiting = runtime.runPromiseExit(getting);
  // The parent says when the server has got as far as it goes.
  await new Promise((resolve) => process.stdin.once("data", resolve));
  process.stdin.destroy();
  await runtime.dispose();
  process.stdout.write(`${(await waiting)._tag}\n`);
} else {
  await runtime.runPromise(getting);
  process.stdout.write("token\n");
  if (task.next === "get and dispose") await runtime.dispose();
}
process.stdout.write("ended\n");
