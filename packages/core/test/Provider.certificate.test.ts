import { assert, describe, it } from "@effect/vitest";
import * as MutualTls from "@x/core/MutualTls";
import * as ClientAuth from "@x/core/ClientAuth";
import type * as Jws from "@x/core/Jws";
import * as PrivateKeyJwt from "@x/core/PrivateKeyJwt";
import type { TokenError } from "@x/core/TokenError";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Fiber from "effect/Fiber";
import * as HttpClient from "effect/http/HttpClient";
import * as Layer from "effect/Layer";
import * as Logger from "effect/Logger";
import * as Redacted from "effect/Redacted";
import * as Scope from "effect/Scope";
import * as TestClock from "effect/testing/TestClock";
import { Bound, Certified } from "./acme.ts";
import { json, server, token } from "./scripted.ts";
import type { Server } from "./scripted.ts";

const issuer = "https://auth.bound.test";
const discovery = {
  issuer,
  token_endpoint: `${issuer}/token`,
  mtls_endpoint_aliases: { token_endpoint: "https://matls.bound.test/token" },
};

/** Answers discovery, token requests (the first so many with 503) and API calls. */
const vendor = (failures = 0): Server => {
  let asked = 0;
  return server(({ url }) => {
    if (url.includes("/.well-known/")) return json(discovery);
    if (!url.endsWith("/token")) return new Response("ok");
    return asked++ < failures ? json({}, { status: 503 }) : token(asked);
  });
};

const urls = ({ sent }: Server) => sent.map(({ url }) => url);

const plain = ({ httpClient }: Server) => Layer.succeed(HttpClient.HttpClient, httpClient);

/** A certificate that can be rotated. */
const certificate = (first: Server, notAfter = 1e15) => {
  const generation = (thumbprint: string, { httpClient }: Server): MutualTls.Generation => ({
    thumbprint,
    notBefore: 0,
    notAfter,
    source: "certificate client.crt",
    httpClient,
  });
  let current = generation("thumb-1", first);
  return {
    rotate: (next: Server) => {
      current = generation("thumb-2", next);
    },
    layer: Layer.succeed(MutualTls.MutualTls, { currentUnsafe: () => current }),
  };
};

const bound = {
  environment: "production",
  clientId: "id",
  clientAuth: ClientAuth.tlsClientAuth,
} as const;

const optionOf = ({ reason }: TokenError) =>
  reason._tag === "OptionInvalid" ? reason.problems[0].option : reason._tag;

const signer: Jws.Signer = {
  algorithm: "EdDSA",
  sign: () => Effect.succeed(new Uint8Array(64)),
};

describe("Provider.make with a client certificate", () => {
  it.effect("shows its certificate to the alias and the API, and none at discovery", () =>
    Effect.gen(function* () {
      const [open, shown] = [vendor(), vendor()];
      yield* Effect.gen(function* () {
        const provider = yield* Bound.make(bound);
        assert.strictEqual(open.sent.length, 0, "it discovers at the first use");
        assert.strictEqual((yield* provider.get).thumbprint, "thumb-1");
        yield* provider.httpClient.get("/x");
      }).pipe(Effect.provide([plain(open), certificate(shown).layer]));
      assert.deepStrictEqual(urls(open), [`${issuer}/.well-known/openid-configuration`]);
      assert.deepStrictEqual(urls(shown), [
        "https://matls.bound.test/token",
        "https://api.bound.test/x",
      ]);
      assert.strictEqual(shown.sent[0]?.body, "grant_type=client_credentials&client_id=id");
    }),
  );

  it.effect("drops a token when its certificate is replaced, and connects with the new one", () =>
    Effect.gen(function* () {
      const [open, first, second] = [vendor(), vendor(), vendor()];
      const { layer, rotate } = certificate(first);
      yield* Effect.gen(function* () {
        const provider = yield* Bound.make(bound);
        yield* provider.get;
        rotate(second);
        assert.isUndefined(yield* provider.peek);
        yield* provider.httpClient.get("/x");
        assert.strictEqual((yield* provider.peek)?.thumbprint, "thumb-2");
      }).pipe(Effect.provide([plain(open), layer]));
      assert.deepStrictEqual(urls(first), ["https://matls.bound.test/token"]);
      assert.deepStrictEqual(urls(second), [
        "https://matls.bound.test/token",
        "https://api.bound.test/x",
      ]);
    }),
  );

  it.effect(
    "calls with a token and a connection of one certificate when a rotation comes between",
    () =>
      Effect.gen(function* () {
        const slow = server((sent) =>
          sent.url.endsWith("/token")
            ? Effect.delay(
                Effect.sync(() => token(1)),
                1000,
              )
            : json({}),
        );
        const [plainTo, next] = [
          vendor(),
          server((sent) => (sent.url.endsWith("/token") ? token(2) : json({}))),
        ];
        const { rotate, layer } = certificate(slow);
        yield* Effect.gen(function* () {
          const provider = yield* Bound.make(bound);
          const call = yield* Effect.forkChild(provider.httpClient.get("/orders"), {
            startImmediately: true,
          });
          yield* TestClock.adjust(500);
          rotate(next);
          yield* TestClock.adjust(1000);
          assert.strictEqual((yield* Fiber.join(call)).status, 200);
        }).pipe(Effect.provide([layer, plain(plainTo)]));
        assert.deepStrictEqual(urls(slow), ["https://matls.bound.test/token"]);
        assert.deepStrictEqual(urls(next), [
          "https://matls.bound.test/token",
          "https://api.bound.test/orders",
        ]);
        assert.strictEqual(next.sent[1]?.headers["authorization"], "Bearer token-2");
      }),
  );

  it.effect("shows no certificate to an API that does not ask for it", () =>
    Effect.gen(function* () {
      const [open, shown] = [vendor(), vendor()];
      yield* Effect.gen(function* () {
        const provider = yield* Certified.make({
          environment: "production",
          clientId: "id",
          apiUrl: "https://api.certified.test",
        });
        yield* provider.httpClient.get("/x");
      }).pipe(Effect.provide([plain(open), certificate(shown).layer]));
      assert.deepStrictEqual(urls(shown), ["https://login.certified.test/token"]);
      assert.deepStrictEqual(urls(open), ["https://api.certified.test/x"]);
    }),
  );

  it.effect("warns when one certificate serves two vendors", () =>
    Effect.gen(function* () {
      const logged: Array<string> = [];
      const logger = Logger.make(({ message }) => void logged.push(String(message)));
      yield* Effect.gen(function* () {
        yield* Bound.make(bound);
        yield* Bound.make(bound);
        assert.deepStrictEqual(logged, []);
        yield* Certified.make({ environment: "production", clientId: "id" });
      }).pipe(
        Effect.provide([plain(vendor()), certificate(vendor()).layer, Logger.layer([logger])]),
      );
      assert.strictEqual(logged.length, 1);
      assert.match(logged[0] ?? "", /one client certificate serves Bound and Certified; if each/);
    }),
  );

  it.effect("takes the certificate of MutualTls.layerTest", () =>
    Effect.gen(function* () {
      const to = vendor();
      const provider = yield* Certified.make({ environment: "production", clientId: "id" }).pipe(
        Effect.provide([plain(vendor()), MutualTls.layerTest({ httpClient: to.httpClient })]),
      );
      assert.strictEqual((yield* provider.get).thumbprint, "test-thumbprint");
      assert.strictEqual(to.sent.length, 1);
    }),
  );

  it.effect("sends nothing with an expired certificate", () =>
    Effect.gen(function* () {
      const [open, shown] = [vendor(), vendor()];
      yield* Effect.gen(function* () {
        const provider = yield* Certified.make({ environment: "production", clientId: "id" });
        yield* TestClock.setTime(2001);
        const { reason } = yield* Effect.flip(provider.get);
        assert.isTrue(reason._tag === "CertificateUnusable" && reason.problem === "expired");
      }).pipe(Effect.provide([plain(open), certificate(shown, 2000).layer]));
      assert.strictEqual(open.sent.length + shown.sent.length, 0);
    }),
  );
});

/** The claims of each assertion that was sent. */
const claims = ({ sent }: Server) =>
  sent
    .map(({ body }) => new URLSearchParams(body).get("client_assertion"))
    .filter((assertion) => assertion !== null)
    .map((assertion) => {
      const text = Buffer.from(assertion.split(".")[1] ?? "", "base64url").toString();
      return JSON.parse(text) as { readonly aud: unknown; readonly jti: unknown };
    });

describe("Provider.make with private_key_jwt", () => {
  const unbound = { ...bound, clientAuth: PrivateKeyJwt.make({ key: signer }) };

  it.effect("asks at the plain endpoint, without a certificate, for unbound tokens", () =>
    Effect.gen(function* () {
      const to = vendor();
      yield* Effect.flatMap(Bound.make(unbound), ({ get }) => get).pipe(Effect.provide(plain(to)));
      assert.deepStrictEqual(urls(to), [
        `${issuer}/.well-known/openid-configuration`,
        `${issuer}/token`,
      ]);
      assert.deepStrictEqual(
        claims(to).map(({ aud }) => aud),
        [issuer],
      );
    }),
  );

  it.effect("asks at the alias with the certificate for bound tokens", () =>
    Effect.gen(function* () {
      const [open, shown] = [vendor(), vendor()];
      const clientAuth = PrivateKeyJwt.make({ key: signer, certificateBoundTokens: true });
      yield* Effect.flatMap(Bound.make({ ...bound, clientAuth }), ({ get }) => get).pipe(
        Effect.provide([plain(open), certificate(shown).layer]),
      );
      assert.deepStrictEqual(urls(shown), ["https://matls.bound.test/token"]);
      assert.deepStrictEqual(
        claims(shown).map(({ aud }) => aud),
        [issuer],
      );
    }),
  );

  it.effect("signs a fresh assertion for each attempt, and discovers once", () =>
    Effect.gen(function* () {
      const to = vendor(2);
      yield* Effect.gen(function* () {
        const { get } = yield* Bound.make(unbound);
        const fiber = yield* Effect.forkChild(get);
        yield* TestClock.adjust("5 seconds");
        yield* Fiber.join(fiber);
      }).pipe(Effect.provide(plain(to)));
      assert.strictEqual(to.sent.length, 1 + 3);
      assert.strictEqual(new Set(claims(to).map(({ jti }) => jti)).size, 3);
    }),
  );

  it.effect("refuses an unusable key when it is made", () =>
    Effect.gen(function* () {
      const clientAuth = PrivateKeyJwt.make({ key: Redacted.make("canary") });
      const error = yield* Effect.flip(Bound.make({ ...bound, clientAuth }));
      assert.strictEqual(optionOf(error), "clientAuth.key");
    }).pipe(Effect.provide(plain(vendor()))),
  );
});

const make = (changes: object) =>
  Bound.make({ ...bound, clientAuth: PrivateKeyJwt.make({ key: signer }), ...changes });

describe("Provider.make with an issuer", () => {
  it.effect("discovers nothing when a token endpoint is given", () =>
    Effect.gen(function* () {
      const to = vendor();
      yield* Effect.flatMap(make({ tokenUrl: "https://given.test/token" }), ({ get }) => get).pipe(
        Effect.provide(plain(to)),
      );
      assert.deepStrictEqual(urls(to), ["https://given.test/token"]);
    }),
  );

  it.effect("discovers from the option before the environment", () =>
    Effect.gen(function* () {
      const to = vendor();
      const { reason } = yield* Effect.flip(
        Effect.flatMap(make({ issuer: "https://mine.test" }), ({ get }) => get),
      ).pipe(Effect.provide(plain(to)));
      assert.isTrue(reason._tag === "ServerUntrusted" && reason.problem === "issuer");
      assert.deepStrictEqual(urls(to), ["https://mine.test/.well-known/openid-configuration"]);
    }),
  );

  it.effect("refuses an issuer that is not an https URL", () =>
    Effect.gen(function* () {
      const plainHttp = yield* Effect.flip(make({ issuer: "http://mine.test" }));
      assert.match(plainHttp.message, /option issuer is plain http; use https/);
      const odd = yield* Effect.flip(make({ issuer: "mine.test" }));
      assert.strictEqual(optionOf(odd), "issuer");
    }).pipe(Effect.provide(plain(vendor()))),
  );

  it.effect("refuses endpointHosts that are not host names", () =>
    Effect.gen(function* () {
      for (const host of ["https://a.test", "a.test:443", "a.test/x", "*.a.test", "müller.test"]) {
        const error = yield* Effect.flip(make({ endpointHosts: ["ok.test", host] }));
        assert.strictEqual(optionOf(error), "endpointHosts", host);
      }
      yield* make({ endpointHosts: ["OK.test", "127.0.0.1", "[::1]"] });
    }).pipe(Effect.provide(plain(vendor()))),
  );

  it.effect("revokes on close after the last acquisition has ended", () =>
    Effect.gen(function* () {
      const ended: Array<string> = [];
      let asked = 0;
      const to = server(({ url, body }) => {
        const answer = (text: string, response: Response, delay: number) =>
          Effect.sync(() => {
            ended.push(text);
            return response;
          }).pipe(Effect.delay(delay));
        if (url.includes("/.well-known/")) {
          return json({ ...discovery, revocation_endpoint: `${issuer}/revoke` });
        }
        return url.endsWith("/token")
          ? answer("issued", token(asked), asked++ === 0 ? 0 : 1000)
          : answer(/^token=[^&]*/.exec(body)?.[0] ?? "", new Response(), 2000);
      });
      const scope = yield* Scope.make();
      const { get, peek } = yield* make({ revokeOnClose: true }).pipe(
        Effect.provide(plain(to)),
        Scope.provide(scope),
      );
      const first = yield* Effect.forkChild(get, { startImmediately: true });
      yield* TestClock.adjust(0);
      yield* Fiber.join(first);
      yield* TestClock.adjust("50 minutes");
      yield* get;
      assert.strictEqual(asked, 2, "a refresh is under way");
      const closing = yield* Effect.forkChild(Scope.close(scope, Exit.void), {
        startImmediately: true,
      });
      yield* TestClock.adjust("1 second");
      assert.isUndefined(yield* peek, "what is being revoked is not handed out");
      yield* TestClock.adjust("5 seconds");
      yield* Fiber.join(closing);
      assert.deepStrictEqual(ended, ["issued", "token=token-0"]);
    }),
  );
});
