import { assert, describe, it } from "@effect/vitest";
import * as RefreshPolicy from "@x/core/RefreshPolicy";
import type * as TokenError from "@x/core/TokenError";
import * as TokenRequest from "@x/core/TokenRequest";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as FetchHttpClient from "effect/http/FetchHttpClient";
import * as HttpClient from "effect/http/HttpClient";
import * as Layer from "effect/Layer";
import * as Redacted from "effect/Redacted";
import { acquire, everyText, issuing, json, server, token, transportError } from "./scripted.ts";

const once = RefreshPolicy.make({
  acquisition: { ...RefreshPolicy.make().acquisition, attempts: 1 },
});

const acquireWith = (httpClient: HttpClient.HttpClient, certificate?: string) =>
  acquire({
    provider: "Acme",
    clientAuthMethod: "client_secret_post",
    connection: Effect.succeed(
      certificate === undefined
        ? { httpClient, thumbprint: undefined }
        : { httpClient, thumbprint: "thumb", notBefore: 0, notAfter: 1e15, source: certificate },
    ),
    request: () =>
      Effect.succeed(
        TokenRequest.make("https://login.acme.test/token", "client_credentials", {
          client_secret: Redacted.make("canary-secret"),
        }),
      ),
    clockSkew: { millis: 0 },
    lifetime: Duration.toMillis("5 minutes"),
    policy: once,
    requireGrantedScope: false,
  });

const reasonFrom = (httpClient: HttpClient.HttpClient, certificate?: string) =>
  Effect.map(Effect.flip(acquireWith(httpClient, certificate)), (error) => {
    assert.notInclude(everyText(error), "canary");
    return error.reason;
  });

const failing = (code?: string) =>
  server((sent) => Effect.fail(transportError(sent, code))).httpClient;

describe("TokenEndpoint.make names the fault of the transport", () => {
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
    it.effect(`finds the server unavailable, by ${problem}, at ${code ?? "no code"}`, () =>
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
    it.effect(`finds the server untrusted at ${code}, with a certificate of ours or without`, () =>
      Effect.gen(function* () {
        for (const certificate of [undefined, "certificate client.crt"]) {
          const reason = yield* reasonFrom(failing(code), certificate);
          assert.isTrue(reason._tag === "ServerUntrusted" && reason.problem === "certificate");
          assert.strictEqual("code" in reason && reason.code, code);
          assert.isFalse(reason.isTransient);
        }
      }),
    );
  }

  it.effect("finds the server untrusted where the client may not connect to its address", () =>
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
    it.effect(`finds our certificate refused at ${code}, if we showed one`, () =>
      Effect.gen(function* () {
        const shown = yield* reasonFrom(failing(code), "certificate client.crt");
        assert.isTrue(shown._tag === "CertificateUnusable" && shown.problem === "refused");
        assert.match(shown.message, new RegExp(`client\\.crt: the server refused it: ${words};`));
        const notShown = yield* reasonFrom(failing(code));
        assert.isTrue(notShown._tag === "ServerUnavailable" && notShown.problem === "connection");
      }),
    );
  }

  it.effect("keeps what is no code out of the reason", () =>
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

describe("TokenEndpoint.make follows no redirect", () => {
  for (const status of [301, 302, 303, 307, 308]) {
    it.effect(`of status ${status}, and names only where it leads`, () =>
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

  it.effect("in a browser, which says nothing about it", () =>
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

describe("TokenEndpoint.make over fetch", () => {
  const viaService = Effect.flatMap(HttpClient.HttpClient, (client) => acquireWith(client));

  it.effect("asks for redirects to be left alone", () =>
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
    it.effect(`keeps the other settings of fetch that were given ${where}`, () =>
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

  it.effect("takes an answer without a stream for what it is", () =>
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
