/** The program that `program.ts` starts: it builds one provider and does one task. */
import * as RefreshPolicy from "@x/core/RefreshPolicy";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as ManagedRuntime from "effect/ManagedRuntime";
import { Acme, clients, impatient, options, seen, undici } from "./acme.ts";

export interface Task {
  readonly origin: string;
  readonly ca: string;
  readonly client: "undici" | "undici, connecting for 5 seconds" | "fetch" | "node:http";
  readonly mode: keyof typeof policies;
  readonly next:
    | "get"
    | "get and dispose"
    /** Disposes of the provider while a caller waits, once the parent writes to stdin. */
    | "wait and dispose"
    /** Writes the outcome and by how many KiB the peak of memory grew. */
    | "measure memory";
}

const policies = {
  onDemand: () => RefreshPolicy.make(),
  background: () => RefreshPolicy.background(),
  patient: () => impatient({ timeout: Duration.seconds(50) }),
};

const task: Task = JSON.parse(Buffer.from(process.argv[2] ?? "", "base64url").toString());

const client =
  task.client === "undici, connecting for 5 seconds" ? undici("5 seconds") : clients[task.client];

const runtime = ManagedRuntime.make(
  Layer.provide(
    Acme.layer({
      ...options({ origin: task.origin, tokenUrl: `${task.origin}/oauth/token` }),
      refresh: policies[task.mode](),
    }),
    client({ ca: task.ca }),
  ),
);

const getting = Effect.flatMap(Acme, ({ get }) => get);

process.stdout.write("begun\n");
switch (task.next) {
  case "wait and dispose": {
    const waiting = runtime.runPromiseExit(getting);
    await new Promise((resolve) => process.stdin.once("data", resolve));
    process.stdin.destroy();
    await runtime.dispose();
    process.stdout.write(`${(await waiting)._tag}\n`);
    break;
  }
  case "measure memory": {
    await runtime.runPromise(Acme);
    const before = process.resourceUsage().maxRSS;
    const outcome = await runtime.runPromise(Effect.flatMap(Acme, ({ get }) => seen(get)));
    const grown = process.resourceUsage().maxRSS - before;
    await runtime.dispose();
    process.stdout.write(`${JSON.stringify({ outcome, grown })}\n`);
    break;
  }
  default: {
    await runtime.runPromise(getting);
    process.stdout.write("token\n");
    if (task.next === "get and dispose") await runtime.dispose();
  }
}
process.stdout.write("ended\n");
