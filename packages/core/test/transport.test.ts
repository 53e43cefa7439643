import { assert, describe, it } from "@effect/vitest";
import * as RefreshPolicy from "@x/core/RefreshPolicy";
import * as TokenError from "@x/core/TokenError";
import * as Effect from "effect/Effect";
import * as FetchHttpClient from "effect/http/FetchHttpClient";
import * as HttpClient from "effect/http/HttpClient";
import * as Layer from "effect/Layer";
import * as Redacted from "effect/Redacted";
import {
  acquire,
  acquisition,
  everyText,
  grantOf,
  issuing,
  json,
  server,
  token,
  transportError,
} from "./scripted.ts";

const once = RefreshPolicy.make({
  acquisition: { ...RefreshPolicy.make().acquisition, attempts: 1 },
});

const acquireWith = (httpClient: HttpClient.HttpClient, certificate?: string) =>
  acquire(
    acquisition(issuing(), {
      connection: Effect.succeed(
        certificate === undefined
          ? { httpClient, thumbprint: undefined }
          : { httpClient, thumbprint: "thumb", source: certificate },
      ),
      grant: grantOf({ client_secret: Redacted.make("canary-secret") }),
      policy: once,
    }),
  );

const reasonFrom = (httpClient: HttpClient.HttpClient, certificate?: string) =>
  Effect.map(Effect.flip(acquireWith(httpClient, certificate)), (error) => {
    assert.notInclude(everyText(error), "canary");
    return error.reason;
  });

const failing = (code?: string) =>
  server((sent) => Effect.fail(transportError(sent, code))).httpClient;

describe("classify", () => {
  const unavailable: ReadonlyArray<
    readonly [code: string | undefined, problem: "dns" | "connection"]
  > = [
    ["ECONNREFUSED", "connection"],
    ["ECONNRESET", "connection"],
    ["UND_ERR_SOCKET", "connection"],
    ["EPROTO", "connection"],
    [undefined, "connection"],
    ["ENOTFOUND", "dns"],
    ["EAI_AGAIN", "dns"],
  ];
  for (const [code, problem] of unavailable) {
    it.effect(`calls ${code ?? "a fault without a code"} a ${problem} problem`, () =>
      Effect.gen(function* () {
        const reason = yield* reasonFrom(failing(code));
        assert.strictEqual(reason._tag, "ServerUnavailable");
        assert.strictEqual("problem" in reason && reason.problem, problem);
        assert.strictEqual("code" in reason ? reason.code : undefined, code);
      }),
    );
  }

  for (const code of [
    "CERT_HAS_EXPIRED",
    "ERR_TLS_CERT_ALTNAME_INVALID",
    "DEPTH_ZERO_SELF_SIGNED_CERT",
    "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
    "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  ]) {
    it.effect(`calls the server untrusted at ${code}, with and without a client certificate`, () =>
      Effect.gen(function* () {
        for (const certificate of [undefined, "certificate client.crt"]) {
          const reason = yield* reasonFrom(failing(code), certificate);
          assert.isTrue(reason._tag === "ServerUntrusted" && reason.problem === "certificate");
          assert.strictEqual("code" in reason && reason.code, code);
          assert.isFalse(TokenError.isTransient(reason));
        }
      }),
    );
  }

  it.effect("calls the server untrusted when the client may not connect to its address", () =>
    Effect.gen(function* () {
      // The code of Node's net.BlockList.
      const reason = yield* reasonFrom(failing("ERR_IP_BLOCKED"), "certificate client.crt");
      assert.isTrue(reason._tag === "ServerUntrusted" && reason.problem === "address");
      assert.match(
        reason.message,
        /no address that the HttpClient may connect to; check the issuer/,
      );
    }),
  );

  for (const [code, words] of [
    ["ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED", "certificate required"],
    ["ERR_SSL_TLSV1_ALERT_UNKNOWN_CA", "unknown ca"],
    ["ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE", "bad certificate"],
    ["ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED", "certificate expired"],
    ["ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE", "handshake failure"],
  ] as const) {
    it.effect(`calls our certificate refused at ${code} if we showed one`, () =>
      Effect.gen(function* () {
        const shown = yield* reasonFrom(failing(code), "certificate client.crt");
        assert.isTrue(shown._tag === "CertificateUnusable" && shown.problem === "refused");
        assert.match(shown.message, new RegExp(`client\\.crt: the server refused it: ${words};`));
        const notShown = yield* reasonFrom(failing(code));
        assert.isTrue(notShown._tag === "ServerUnavailable" && notShown.problem === "connection");
      }),
    );
  }

  it.effect("keeps text that is not a code out of the reason", () =>
    Effect.gen(function* () {
      const reason = yield* reasonFrom(failing("canary secret in a code"));
      assert.isFalse("code" in reason);
    }),
  );
});

const isRedirect = (reason: TokenError.Reason, origin?: string) => {
  assert.isTrue(reason._tag === "ServerUntrusted" && reason.problem === "redirect");
  assert.strictEqual("origin" in reason ? reason.origin : undefined, origin);
};

describe("redirects", () => {
  for (const status of [301, 302, 303, 307, 308]) {
    it.effect(`refuses a ${status} and names the origin that it leads to`, () =>
      Effect.gen(function* () {
        const to = server(
          () =>
            new Response(null, {
              status,
              headers: { location: "https://u:canary@evil.test/canary?canary" },
            }),
        );
        isRedirect(yield* reasonFrom(to.httpClient), "https://evil.test");
        assert.strictEqual(to.sent.length, 1);
      }),
    );
  }

  it.effect("refuses the opaque redirect of a browser", () =>
    Effect.gen(function* () {
      isRedirect(yield* reasonFrom(server(() => Response.error()).httpClient));
    }),
  );
});

const fetching = () => {
  const inits: Array<RequestInit | undefined> = [];
  const fetch: typeof globalThis.fetch = (_, init) => {
    inits.push(init);
    return Promise.resolve(token(0));
  };
  return { inits, fetch: Layer.succeed(FetchHttpClient.Fetch, fetch) };
};
const mine = Layer.succeed(FetchHttpClient.RequestInit, {
  credentials: "include",
  redirect: "follow",
  headers: { "x-mine": "1" },
});

describe("redirects, over fetch,", () => {
  const viaService = Effect.flatMap(HttpClient.HttpClient, (client) => acquireWith(client));

  it.effect("asks for manual redirects", () =>
    Effect.gen(function* () {
      const { inits, fetch } = fetching();
      yield* viaService.pipe(Effect.provide(FetchHttpClient.layer.pipe(Layer.provide(fetch))));
      assert.deepStrictEqual(
        inits.map((init) => init?.redirect),
        ["manual"],
      );
    }),
  );

  const provided = {
    "to the layer": (fetch: Layer.Layer<never>) =>
      viaService.pipe(Effect.provide(FetchHttpClient.layer.pipe(Layer.provide([fetch, mine])))),
    "to the program": (fetch: Layer.Layer<never>) =>
      viaService.pipe(Effect.provide([mine, FetchHttpClient.layer.pipe(Layer.provide(fetch))])),
  };
  for (const [where, run] of Object.entries(provided)) {
    it.effect(`keeps the other settings of fetch that are given ${where}`, () =>
      Effect.gen(function* () {
        const { inits, fetch } = fetching();
        yield* run(fetch);
        const [init] = inits;
        assert.strictEqual(init?.redirect, "manual");
        assert.strictEqual(init?.credentials, "include");
        assert.strictEqual(new Headers(init?.headers).get("x-mine"), "1");
        assert.strictEqual(new Headers(init?.headers).get("accept"), "application/json");
      }),
    );
  }

  it.effect("leaves the caller's own requests as they were", () =>
    Effect.gen(function* () {
      const seen: Array<unknown> = [];
      yield* acquireWith(issuing().httpClient);
      yield* Effect.withFiber((fiber) =>
        Effect.sync(() => seen.push(fiber.context.mapUnsafe.get(FetchHttpClient.RequestInit.key))),
      );
      assert.deepStrictEqual(seen, [undefined]);
    }),
  );

  it.effect("reads an answer without a stream", () =>
    Effect.gen(function* () {
      const reason = yield* reasonFrom(
        server(() => new Response(null, { status: 204 })).httpClient,
      );
      assert.strictEqual(reason._tag, "ResponseMalformed");
      const refused = yield* reasonFrom(server(() => json({}, { status: 403 })).httpClient);
      assert.strictEqual(refused._tag, "RequestRejected");
    }),
  );
});
