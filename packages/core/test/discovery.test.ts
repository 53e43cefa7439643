import { assert, describe, it } from "@effect/vitest";
import type * as TokenError from "@x/core/TokenError";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import type * as Scope from "effect/Scope";
import * as TestClock from "effect/testing/TestClock";
import * as discovery from "../src/internal/discovery.ts";
import { everyText, json, server, transportError } from "./scripted.ts";
import type { Respond, Server } from "./scripted.ts";

const issuer = "https://auth.acme.test";
const document = {
  issuer,
  token_endpoint: "https://auth.acme.test/token",
  mtls_endpoint_aliases: { token_endpoint: "https://matls.acme.test/token" },
};

const discover = (to: Server, changes: Partial<discovery.DiscoveryOptions> = {}) =>
  discovery.discover({
    issuer,
    httpClient: to.httpClient,
    withCertificate: false,
    issuerIsMutualTlsHost: false,
    endpointHosts: [],
    allowLoopbackHttp: false,
    ...changes,
  });

const tokenEndpoint = Effect.fnUntraced(function* (
  respond: Respond | object,
  changes?: Partial<discovery.DiscoveryOptions>,
) {
  const found = yield* discover(
    server(typeof respond === "function" ? (respond as Respond) : () => json(respond)),
    changes,
  );
  return yield* found.endpoint("token_endpoint");
});

const refusal = (
  respond: Respond | object,
  changes?: Partial<discovery.DiscoveryOptions>,
): Effect.Effect<TokenError.Reason, string, Scope.Scope> =>
  Effect.map(Effect.flip(tokenEndpoint(respond, changes)), (reason) => {
    assert.notInclude(everyText(reason), "canary");
    return reason;
  });

describe("discovery.fromTokenUrl", () => {
  it.effect("knows the token endpoint and no other", () =>
    Effect.gen(function* () {
      const configured = discovery.fromTokenUrl("https://login.acme.test/token", undefined);
      assert.strictEqual(
        yield* configured.endpoint("token_endpoint"),
        "https://login.acme.test/token",
      );
      const reason = yield* Effect.flip(configured.endpoint("revocation_endpoint"));
      assert.strictEqual(reason._tag === "OptionInvalid" && reason.problems[0].option, "tokenUrl");
      assert.include(reason.message, "does not tell the revocation_endpoint; give the issuer");
    }),
  );
});

describe("discovery.wellKnown", () => {
  for (const [of, openid, oauth] of [
    ["https://a.test", "https://a.test", "https://a.test/.well-known/oauth-authorization-server"],
    ["https://a.test/", "https://a.test", "https://a.test/.well-known/oauth-authorization-server"],
    [
      "https://a.test/realms/x",
      "https://a.test/realms/x",
      "https://a.test/.well-known/oauth-authorization-server/realms/x",
    ],
  ] as const) {
    it(`is behind the path of ${of}, and before it`, () => {
      assert.deepStrictEqual(discovery.wellKnown(of), [
        `${openid}/.well-known/openid-configuration`,
        oauth,
      ]);
    });
  }
});

describe("discovery.discover", () => {
  it.effect("asks the issuer, shows nothing, and finds the endpoint", () =>
    Effect.gen(function* () {
      const to = server(() => json(document));
      const found = yield* discover(to);
      assert.strictEqual(to.sent.length, 0);
      assert.strictEqual(yield* found.endpoint("token_endpoint"), document.token_endpoint);
      assert.strictEqual(to.sent[0]?.method, "GET");
      assert.strictEqual(to.sent[0]?.url, `${issuer}/.well-known/openid-configuration`);
      assert.deepStrictEqual(to.sent[0]?.headers, {
        accept: "application/json",
        "accept-encoding": "identity",
      });
    }),
  );

  for (const [name, configured, named] of [
    ["a trailing slash", issuer, `${issuer}/`],
    ["a trailing slash that is configured", `${issuer}/`, issuer],
    ["another case", issuer, "https://AUTH.acme.test"],
    ["the default port", issuer, `${issuer}:443`],
    ["another host", issuer, "https://canary.test"],
    ["the letters of its host", "https://müller.test", "https://xn--mller-kva.test"],
    ["letters that look alike", issuer, issuer.replace("auth", "\u0430uth")],
    ["a path", issuer, `${issuer}/canary`],
    ["white space", issuer, `${issuer} `],
    ["nothing", issuer, ""],
  ] as const) {
    it.effect(`refuses a document whose issuer differs in ${name}`, () =>
      Effect.gen(function* () {
        const reason = yield* refusal({ ...document, issuer: named }, { issuer: configured });
        assert.isTrue(reason._tag === "ServerUntrusted" && reason.problem === "issuer");
      }),
    );
  }

  const answers: ReadonlyArray<readonly [name: string, respond: () => Response, says: RegExp]> = [
    ["404", () => json({ canary: 1 }, { status: 404 }), /no discovery document/],
    ["401", () => json({ error: "invalid_client" }, { status: 401 }), /no discovery document/],
    ["204", () => new Response(null, { status: 204 }), /no discovery document/],
    ["null", () => json(null), /not a JSON object/],
    ["an array", () => json([document]), /not a JSON object/],
    [
      "a page",
      () => new Response("<html>canary", { headers: { "content-type": "text/html" } }),
      /content-type/,
    ],
    [
      "text that is no JSON",
      () => new Response("canary", { headers: { "content-type": "application/json" } }),
      /not JSON/,
    ],
    [
      "no issuer",
      () => json({ token_endpoint: document.token_endpoint }),
      /issuer of the discovery/,
    ],
    [
      "an issuer that is null",
      () => json({ ...document, issuer: null }),
      /issuer of the discovery/,
    ],
    [
      "a token endpoint that is no text",
      () => json({ ...document, token_endpoint: ["canary"] }),
      /token_endpoint of the discovery/,
    ],
    [
      "aliases that are no object",
      () => json({ ...document, mtls_endpoint_aliases: "canary" }),
      /mtls_endpoint_aliases of the discovery/,
    ],
    ["no token endpoint", () => json({ issuer }), /has no token_endpoint/],
    [
      "a token endpoint that is null",
      () => json({ issuer, token_endpoint: null }),
      /has no token_endpoint/,
    ],
    [
      "a token endpoint that is no URL",
      () => json({ issuer, token_endpoint: "/canary" }),
      /not an absolute URL/,
    ],
    [
      "a token endpoint with user info",
      () => json({ issuer, token_endpoint: "https://canary@auth.acme.test/" }),
      /user info/,
    ],
    [
      "more than 64 KiB",
      () => json({ ...document, canary: "c".repeat(64 * 1024) }),
      /larger than 65536 bytes/,
    ],
  ];
  for (const [name, respond, says] of answers) {
    it.effect(`refuses an answer that is or has ${name}`, () =>
      Effect.gen(function* () {
        const reason = yield* refusal(respond);
        assert.strictEqual(reason._tag, "ResponseMalformed");
        assert.match(reason.message, says);
      }),
    );
  }

  it.effect("follows no redirect", () =>
    Effect.gen(function* () {
      const headers = { location: "https://evil.test/canary" };
      const reason = yield* refusal(() => new Response(null, { status: 301, headers }));
      assert.isTrue(reason._tag === "ServerUntrusted" && reason.problem === "redirect");
      assert.strictEqual("origin" in reason && reason.origin, "https://evil.test");
    }),
  );

  it.effect("calls passing faults transient", () =>
    Effect.gen(function* () {
      const headers = { "retry-after": "3" };
      const busy = yield* refusal(() => json({}, { status: 503, headers }));
      assert.strictEqual(busy._tag === "ServerUnavailable" && busy.retryAfter, 3000);
      const down = yield* refusal((sent) => Effect.fail(transportError(sent, "ENOTFOUND")));
      assert.strictEqual(down._tag === "ServerUnavailable" && down.problem, "dns");
      const cut = yield* refusal(
        () => new Response('{"issuer":"', { headers: { "content-type": "application/json" } }),
      );
      assert.strictEqual(cut._tag === "ServerUnavailable" && cut.problem, "truncated");
    }),
  );

  it.effect("waits for 5 s at most", () =>
    Effect.gen(function* () {
      const signals: Array<AbortSignal> = [];
      const fiber = yield* Effect.forkChild(
        refusal(({ signal }) => {
          signals.push(signal);
          return Effect.never;
        }),
      );
      yield* TestClock.adjust(4999);
      assert.isUndefined(fiber.pollUnsafe());
      yield* TestClock.adjust(1);
      const reason = yield* Fiber.join(fiber);
      assert.isTrue(reason._tag === "ServerUnavailable" && reason.problem === "timeout");
      assert.isTrue(signals[0]?.aborted);
    }),
  );
});

const at = (token_endpoint: string) => ({ issuer, token_endpoint });

describe("discovery.discover, of endpoints,", () => {
  it.effect("trusts an endpoint on the issuer's host or on a listed one", () =>
    Effect.gen(function* () {
      for (const [endpoint, endpointHosts] of [
        ["https://auth.acme.test:8443/token", []],
        ["https://AUTH.ACME.test/token", []],
        ["https://other.acme.test/token", ["other.acme.test"]],
        ["https://other.acme.test/token", ["Other.Acme.test"]],
      ] as const) {
        assert.strictEqual(yield* tokenEndpoint(at(endpoint), { endpointHosts }), endpoint);
      }
    }),
  );

  it.effect("takes null for a member that is absent", () =>
    Effect.gen(function* () {
      const found = yield* discover(
        server(() =>
          json({ ...document, introspection_endpoint: null, revocation_endpoint: null }),
        ),
      );
      assert.strictEqual(yield* found.endpoint("token_endpoint"), document.token_endpoint);
      const reason = yield* Effect.flip(found.endpoint("introspection_endpoint"));
      assert.include(reason.message, "has no introspection_endpoint");
    }),
  );

  it.effect("refuses an endpoint on another host", () =>
    Effect.gen(function* () {
      for (const host of [
        "evil.test",
        "auth.acme.test.evil.test",
        "acme.test",
        "auth.acme.test.",
      ]) {
        const reason = yield* refusal(at(`https://${host}/canary`), {
          endpointHosts: ["other.acme.test"],
        });
        assert.isTrue(reason._tag === "ServerUntrusted" && reason.problem === "origin", host);
        assert.strictEqual("origin" in reason && reason.origin, `https://${host}`);
      }
    }),
  );

  it.effect("refuses plain http, but on loopback where that is allowed", () =>
    Effect.gen(function* () {
      const plain = yield* refusal(at("http://auth.acme.test/token"), { allowLoopbackHttp: true });
      assert.isTrue(plain._tag === "ServerUntrusted" && plain.problem === "plain-http");
      const local = { issuer: "http://localhost:1", token_endpoint: "http://localhost:1/token" };
      const refused = yield* refusal(local, { issuer: local.issuer });
      assert.isTrue(refused._tag === "ServerUntrusted" && refused.problem === "plain-http");
      const allowed = { issuer: local.issuer, allowLoopbackHttp: true };
      assert.strictEqual(yield* tokenEndpoint(local, allowed), local.token_endpoint);
    }),
  );

  it.effect(
    "takes the alias for mutual TLS, on its listed host, and never the plain endpoint",
    () =>
      Effect.gen(function* () {
        const withCertificate = true;
        const endpointHosts = ["matls.acme.test"];
        assert.strictEqual(
          yield* tokenEndpoint(document, { withCertificate, endpointHosts }),
          document.mtls_endpoint_aliases.token_endpoint,
        );
        const foreign = yield* refusal(document, { withCertificate });
        assert.isTrue(foreign._tag === "ServerUntrusted" && foreign.problem === "origin");
        for (const without of [
          at(document.token_endpoint),
          { ...document, mtls_endpoint_aliases: {} },
        ]) {
          const missing = yield* refusal(without, { withCertificate, endpointHosts });
          assert.isTrue(missing._tag === "ServerUntrusted" && missing.problem === "alias-missing");
        }
      }),
  );

  it.effect("takes the plain endpoint for mutual TLS when the issuer is that host", () =>
    Effect.gen(function* () {
      const options = { withCertificate: true, issuerIsMutualTlsHost: true };
      assert.strictEqual(
        yield* tokenEndpoint(at(document.token_endpoint), options),
        document.token_endpoint,
      );
      const endpointHosts = ["matls.acme.test"];
      assert.strictEqual(
        yield* tokenEndpoint(document, { ...options, endpointHosts }),
        document.mtls_endpoint_aliases.token_endpoint,
      );
    }),
  );
});

describe("discovery.discover, in time,", () => {
  it.effect("makes one request for 1,000 callers, and keeps the answer for 24 h", () =>
    Effect.gen(function* () {
      const to = server(() => Effect.delay(Effect.succeed(json(document)), 100));
      const found = yield* discover(to);
      const ask = Effect.all(
        Array.from({ length: 1000 }, () => found.endpoint("token_endpoint")),
        { concurrency: "unbounded" },
      );
      for (const expected of [1, 1, 2]) {
        const fiber = yield* Effect.forkChild(ask);
        yield* TestClock.adjust(100);
        assert.strictEqual(new Set(yield* Fiber.join(fiber)).size, 1);
        assert.strictEqual(to.sent.length, expected);
        yield* TestClock.adjust("23 hours");
      }
    }),
  );

  it.effect("keeps no document without a usable endpoint", () =>
    Effect.gen(function* () {
      for (const useless of [
        { issuer },
        at("nonsense"),
        at("https://evil.test/token"),
        { ...at(document.token_endpoint), mtls_endpoint_aliases: null },
      ]) {
        const to = server((_, n) => json(n === 0 ? useless : document));
        const withCertificate = "mtls_endpoint_aliases" in useless;
        const found = yield* discover(to, { withCertificate, endpointHosts: ["matls.acme.test"] });
        yield* Effect.flip(found.endpoint("token_endpoint"));
        yield* found.endpoint("token_endpoint");
        assert.strictEqual(to.sent.length, 2);
      }
    }),
  );

  it.effect("keeps no failure", () =>
    Effect.gen(function* () {
      const to = server((_, at) => (at === 0 ? json({}, { status: 503 }) : json(document)));
      const found = yield* discover(to);
      const first = yield* Effect.flip(found.endpoint("token_endpoint"));
      assert.strictEqual(first._tag, "ServerUnavailable");
      assert.strictEqual(yield* found.endpoint("token_endpoint"), document.token_endpoint);
      assert.strictEqual(to.sent.length, 2);
    }),
  );
});
