/** The program whose wall clock jumps: calls an API and watches, by the monotonic clock, whether a token is used past its end. */
import * as Effect from "effect/Effect";
import * as HttpClient from "effect/http/HttpClient";
import * as HttpClientResponse from "effect/http/HttpClientResponse";
import { once } from "node:events";
import { performance } from "node:perf_hooks";
import * as Vendor from "./vendor.ts";

const lifetime = 0.2;
const ends = new Map<string, number>();
let requests = 0;
let calls = 0;
let late = 0;

const httpClient = HttpClient.make((request, url) =>
  Effect.sync(() => {
    const now = performance.now();
    if (url.pathname === "/token") {
      const access_token = `token-${++requests}`;
      ends.set(access_token, now + lifetime * 1000);
      return HttpClientResponse.fromWeb(
        request,
        Response.json({ access_token, token_type: "Bearer", expires_in: lifetime }),
      );
    }
    calls++;
    const token = request.headers["authorization"]?.slice("Bearer ".length) ?? "";
    if (now >= (ends.get(token) ?? 0)) late++;
    return HttpClientResponse.fromWeb(request, Response.json({}));
  }),
);

const program = Effect.gen(function* () {
  const vendor = yield* Vendor.Simulated.make(Vendor.options);
  for (;;) {
    for (let call = 0; call < 20; call++) {
      yield* vendor.httpClient.get("/anything");
      yield* Effect.sleep("1 millis");
    }
    process.stdout.write(".");
    const [answer] = yield* Effect.promise(() => once(process.stdin, "data"));
    if (String(answer).includes("end")) return;
  }
}).pipe(Effect.scoped, Effect.provideService(HttpClient.HttpClient, httpClient));

await Effect.runPromise(program);
process.stdin.destroy();
console.log(`\n${JSON.stringify({ late, calls, requests, tokens: ends.size })}`);
