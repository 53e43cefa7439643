import { assert, describe, it } from "@effect/vitest";
import * as ClientAuth from "@x/core/ClientAuth";
import * as Grant from "@x/core/Grant";
import * as Options from "@x/core/Options";
import * as Provider from "@x/core/Provider";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as FetchHttpClient from "effect/http/FetchHttpClient";
import * as HttpClient from "effect/http/HttpClient";
import * as HttpClientRequest from "effect/http/HttpClientRequest";
import * as Layer from "effect/Layer";
import * as Redacted from "effect/Redacted";
import * as Schedule from "effect/Schedule";
import type * as Scope from "effect/Scope";
import * as Http from "node:http";
import type { AddressInfo } from "node:net";

class Acme extends Provider.Service<Acme>()("acme/Redirected", {
  name: "Acme",
  options: { ...Options.discovery, clientId: Options.Text, clientSecret: Options.Secret },
  environments: { production: { lifetime: "1 hour" } },
  grant: () => Grant.clientCredentials(),
  clientAuth: ClientAuth.secretPost,
}) {}

/** A server on loopback, and all that it received. */
const listen = (
  answer: (
    request: { readonly path: string; readonly all: string },
    response: Http.ServerResponse,
  ) => void,
) =>
  Effect.acquireRelease(
    Effect.callback<{
      readonly origin: string;
      readonly received: Array<string>;
      readonly close: () => void;
    }>((resume) => {
      const received: Array<string> = [];
      const server = Http.createServer((request, response) => {
        let body = "";
        request.on("data", (chunk: Buffer) => (body += chunk.toString()));
        request.on("end", () => {
          const all = `${request.method} ${request.url} ${request.rawHeaders.join(" ")} ${body}`;
          received.push(all);
          answer({ path: request.url ?? "", all }, response);
        });
      });
      server.listen(0, "127.0.0.1", () => {
        const { port } = server.address() as AddressInfo;
        resume(
          Effect.succeed({
            origin: `http://127.0.0.1:${port}`,
            received,
            close: () => {
              server.closeAllConnections();
              server.close();
            },
          }),
        );
      });
    }),
    ({ close }) => Effect.sync(close),
  );

const sendJson = (response: Http.ServerResponse, value: unknown) => {
  response.writeHead(200, { "content-type": "application/json" });
  response.end(JSON.stringify(value));
};

type Place = "token" | "discovery" | "api";

/** A vendor that redirects one of its places to another origin, which would answer as the vendor. */
const start = Effect.fnUntraced(function* (place: Place, status: number) {
  const evil = yield* listen(({ path }, response) => {
    sendJson(
      response,
      path.includes("well-known")
        ? { issuer: vendor.origin, token_endpoint: `${vendor.origin}/token` }
        : { access_token: "evil-token", token_type: "Bearer", expires_in: 3600 },
    );
  });
  const vendor: Effect.Success<ReturnType<typeof listen>> = yield* listen(({ path }, response) => {
    const at: Place = path.includes("well-known")
      ? "discovery"
      : path === "/token"
        ? "token"
        : "api";
    if (at === place) {
      response.writeHead(status, { location: `${evil.origin}${path}` });
      response.end();
      return;
    }
    sendJson(
      response,
      at === "discovery"
        ? { issuer: vendor.origin, token_endpoint: `${vendor.origin}/token` }
        : { access_token: "good-token", token_type: "Bearer", expires_in: 3600 },
    );
  });
  return { evil, vendor };
});

/** Fetches a token and calls the API; what came out of both. */
const use = Effect.fnUntraced(function* (origin: string) {
  const acme = yield* Acme.make({
    environment: "production",
    issuer: origin,
    apiUrl: origin,
    clientId: "canary-id",
    clientSecret: Redacted.make("canary-secret"),
    unsafeAllowLoopbackHttp: true,
  });
  const token = yield* Effect.exit(acme.get);
  const answer = yield* Effect.exit(acme.httpClient.post("/orders"));
  return { token, answer };
});

type Run = (
  program: Effect.Effect<
    Effect.Success<ReturnType<typeof use>>,
    unknown,
    HttpClient.HttpClient | Scope.Scope
  >,
) => Effect.Effect<Effect.Success<ReturnType<typeof use>>, unknown, Scope.Scope>;

const followed = { redirect: "follow" } as const;
const fetching: typeof globalThis.fetch = (input, init) => globalThis.fetch(input, init);
const init = Layer.succeed(FetchHttpClient.RequestInit, followed);
const fetch = Layer.succeed(FetchHttpClient.Fetch, fetching);

const clientOf =
  (change: (client: HttpClient.HttpClient) => HttpClient.HttpClient): Run =>
  (program) =>
    Effect.flatMap(HttpClient.HttpClient, (client) =>
      Effect.provideService(program, HttpClient.HttpClient, change(client)),
    ).pipe(Effect.provide(FetchHttpClient.layer));

const ways: Readonly<Record<string, Run>> = {
  "FetchHttpClient.layer": Effect.provide(FetchHttpClient.layer),
  "RequestInit given to the layer": Effect.provide(FetchHttpClient.layer.pipe(Layer.provide(init))),
  "Fetch given to the layer": Effect.provide(FetchHttpClient.layer.pipe(Layer.provide(fetch))),
  "RequestInit and Fetch given to the layer": Effect.provide(
    FetchHttpClient.layer.pipe(Layer.provide([init, fetch])),
  ),
  "RequestInit given to the program": Effect.provide([init, FetchHttpClient.layer]),
  "Fetch given to the program": Effect.provide([fetch, FetchHttpClient.layer]),
  "RequestInit inside transformResponse": clientOf(
    HttpClient.transformResponse(Effect.provideService(FetchHttpClient.RequestInit, followed)),
  ),
  "Fetch inside transformResponse": clientOf(
    HttpClient.transformResponse(Effect.provideService(FetchHttpClient.Fetch, fetching)),
  ),
  "RequestInit and Fetch inside transformResponse": clientOf(
    HttpClient.transformResponse((effect) =>
      effect.pipe(
        Effect.provideService(FetchHttpClient.RequestInit, followed),
        Effect.provideService(FetchHttpClient.Fetch, fetching),
      ),
    ),
  ),
  "RequestInit inside transform": clientOf(
    HttpClient.transform((effect) =>
      Effect.provideService(effect, FetchHttpClient.RequestInit, followed),
    ),
  ),
  "Fetch inside transform": clientOf(
    HttpClient.transform((effect) =>
      Effect.provideService(effect, FetchHttpClient.Fetch, fetching),
    ),
  ),
  mapRequest: clientOf(HttpClient.mapRequest(HttpClientRequest.setHeader("x-mine", "1"))),
  mapRequestEffect: clientOf(
    HttpClient.mapRequestEffect((request) =>
      Effect.succeed(HttpClientRequest.setHeader(request, "x-mine", "1")),
    ),
  ),
  retryTransient: clientOf(
    HttpClient.retryTransient({ times: 2, schedule: Schedule.spaced("1 millis") }),
  ),
  layerMergedContext: (program) =>
    program.pipe(
      Effect.provide(
        HttpClient.layerMergedContext(Effect.map(HttpClient.HttpClient, (client) => client)).pipe(
          Layer.provide(FetchHttpClient.layer.pipe(Layer.provide([init, fetch]))),
        ),
      ),
    ),
  "client under followRedirects": clientOf(HttpClient.followRedirects(5)),
};

/** What tells that a credential or a token went along. */
const secrets = ["canary", "good-token"];

for (const place of ["token", "discovery", "api"] as const) {
  describe(`redirects, of the ${place} endpoint to another origin,`, () => {
    for (const [way, run] of Object.entries(ways)) {
      for (const status of [302, 307, 308]) {
        // `followRedirects` itself sends what it was given: it is unsupported, and its answers are refused.
        const follows = way.includes("followRedirects");
        it.live(
          `${follows ? "refuses the answer to" : "sends nothing after"} a ${status} with ${way}`,
          () =>
            Effect.gen(function* () {
              const { evil, vendor } = yield* start(place, status);
              const { token, answer } = yield* run(use(vendor.origin));
              if (!follows) assert.deepStrictEqual(evil.received, []);
              if (place === "discovery") {
                for (const one of evil.received) {
                  for (const secret of secrets) assert.notInclude(one, secret);
                }
              }
              if (place === "api") {
                assert.isTrue(Exit.isSuccess(token));
                if (follows) assert.isTrue(Exit.isFailure(answer));
                else assert.strictEqual(yield* Effect.map(answer, ({ status }) => status), status);
              } else {
                const error = yield* Effect.flip(token);
                assert.deepInclude(error.reason, { _tag: "ServerUntrusted", problem: "redirect" });
                assert.isTrue(Exit.isFailure(answer));
              }
            }),
        );
      }
    }
  });
}

describe("redirects, of a caller's own requests,", () => {
  it.live("leaves the settings of fetch as they were", () =>
    Effect.gen(function* () {
      const { vendor } = yield* start("api", 302);
      const before = yield* Effect.context<never>();
      yield* use(vendor.origin).pipe(Effect.provide(FetchHttpClient.layer));
      const after = yield* Effect.context<never>();
      assert.deepStrictEqual([...after.mapUnsafe.keys()], [...before.mapUnsafe.keys()]);
    }),
  );
});
