import { assert, describe, it } from "@effect/vitest";
import * as ClientAuth from "@x/core/ClientAuth";
import * as PrivateKeyJwt from "@x/core/PrivateKeyJwt";
import * as RefreshPolicy from "@x/core/RefreshPolicy";
import type * as TokenError from "@x/core/TokenError";
import * as NodeHttpsClient from "@x/node/NodeHttpsClient";
import * as NodeMutualTls from "@x/node/NodeMutualTls";
import { Raidiam } from "@x/raidiam";
import * as Certificates from "@x/testing/Certificates";
import * as TokenServer from "@x/testing/TokenServer";
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Redacted from "effect/Redacted";
import * as Schedule from "effect/Schedule";
import { generateKeyPairSync } from "node:crypto";

type Server = TokenServer.TokenServer["Service"];
type Document = Readonly<Record<string, unknown>>;

const startServer = Effect.map(
  Layer.build(Layer.fresh(TokenServer.layer([TokenServer.token()]))),
  (context) => Context.get(context, TokenServer.TokenServer),
);

/** Starts an issuer, and a server on another host that must receive nothing. */
const start = Effect.gen(function* () {
  const [issuer, evil] = yield* Effect.all([startServer, startServer]);
  const certificate = yield* Certificates.issueClient(issuer.authority, { commonName: "rp" });
  const bytes = (text: string) => new TextEncoder().encode(text);
  const certificateAuthorities = [issuer, evil].map((one) => bytes(one.certificateAuthority));
  const pem = {
    certificate: bytes(certificate.certificate),
    privateKey: bytes(certificate.privateKey),
    certificateAuthorities,
  };
  const options = {
    environment: "sandbox" as const,
    issuer: issuer.origin,
    apiUrl: `${issuer.origin}/api`,
    clientId: "https://rp.example/1",
    scope: "directory:software",
    clientAuth: ClientAuth.tlsClientAuth,
    refresh: RefreshPolicy.make({
      acquisition: { ...RefreshPolicy.make().acquisition, delays: Schedule.spaced("1 milli") },
    }),
  };
  return {
    issuer,
    evil: { ...evil, origin: evil.origin.replace("localhost", "127.0.0.1") },
    pem,
    options,
    document: documentOf(issuer),
    discoveries: Effect.map(issuer.requests, (all) => all.filter(isDiscovery).length),
    tokenRequests: Effect.map(issuer.requests, (all) => all.filter((one) => !isDiscovery(one))),
    publish: (answer: (index: number) => TokenServer.Answer) =>
      Effect.suspend(() => {
        let index = 0;
        return issuer.setScript((request) =>
          isDiscovery(request) ? answer(index++) : TokenServer.token(),
        );
      }),
  };
});

const isDiscovery = ({ path }: { readonly path: string }) => path.startsWith("/.well-known/");

const documentOf = ({ origin }: Pick<Server, "origin">): Document => ({
  issuer: origin,
  ...endpoints(origin),
  mtls_endpoint_aliases: endpoints(`${origin}/matls`),
});

const endpoints = (base: string) => ({
  token_endpoint: `${base}/token`,
  introspection_endpoint: `${base}/token/introspection`,
  revocation_endpoint: `${base}/token/revocation`,
  pushed_authorization_request_endpoint: `${base}/request`,
});

const signing = (audience?: "token_endpoint") =>
  PrivateKeyJwt.make({
    audience,
    key: Redacted.make(
      generateKeyPairSync("ec", { namedCurve: "P-256" })
        .privateKey.export({ type: "pkcs8", format: "pem" })
        .toString(),
    ),
    algorithm: "ES256",
  });

const claims = (body: string): Record<string, unknown> => {
  const [, payload = ""] = new URLSearchParams(body).get("client_assertion")?.split(".") ?? [];
  return JSON.parse(Buffer.from(payload, "base64url").toString());
};

const problemOf = ({ reason }: TokenError.TokenError) =>
  "problem" in reason ? `${reason._tag} ${reason.problem}` : reason._tag;

describe("Raidiam with a poisoned discovery document", () => {
  const poisoned: Record<
    string,
    {
      readonly change: (document: Document, evil: string) => Document;
      readonly problem: string | RegExp;
    }
  > = {
    "refuses an alias on another host": {
      change: (document, evil) => ({ ...document, mtls_endpoint_aliases: endpoints(evil) }),
      problem: "ServerUntrusted origin",
    },
    "refuses an alias with another host behind user info": {
      change: (document, evil) => ({
        ...document,
        mtls_endpoint_aliases: endpoints(evil.replace("https://", "https://localhost@")),
      }),
      problem: /^ResponseMalformed .*user info/,
    },
    "refuses an alias in plain http": {
      change: (document, evil) => ({
        ...document,
        mtls_endpoint_aliases: endpoints(evil.replace("https:", "http:")),
      }),
      problem: "ServerUntrusted plain-http",
    },
    "refuses the whole document of another issuer": {
      change: (_, evil) => documentOf({ origin: evil }),
      problem: "ServerUntrusted issuer",
    },
    "refuses to send a certificate to plain endpoints beside no alias": {
      change: (document, evil) => ({
        ...document,
        ...endpoints(evil),
        mtls_endpoint_aliases: {},
      }),
      problem: "ServerUntrusted alias-missing",
    },
  };
  for (const [name, { change, problem }] of Object.entries(poisoned)) {
    it.live(name, () =>
      Effect.gen(function* () {
        const { evil, pem, options, document, publish, tokenRequests } = yield* start;
        yield* publish(() => TokenServer.json(change(document, evil.origin)));
        const error = yield* Raidiam.make(options).pipe(
          Effect.flatMap((raidiam) => Effect.flip(raidiam.get)),
          Effect.provide(NodeMutualTls.layerPem(pem)),
        );
        if (typeof problem === "string") assert.strictEqual(problemOf(error), problem);
        else assert.match(problemOf(error), problem);
        assert.strictEqual(yield* evil.connectionCount, 0);
        assert.lengthOf(yield* tokenRequests, 0);
      }),
    );
  }

  for (const status of [301, 302, 303, 307, 308]) {
    it.live(`does not follow a discovery redirect with ${status}`, () =>
      Effect.gen(function* () {
        const { evil, pem, options, publish, discoveries } = yield* start;
        yield* publish(() =>
          TokenServer.redirect(`${evil.origin}/.well-known/openid-configuration`, { status }),
        );
        const error = yield* Raidiam.make(options).pipe(
          Effect.flatMap((raidiam) => Effect.flip(raidiam.get)),
          Effect.provide(NodeMutualTls.layerPem(pem)),
        );
        assert.strictEqual(problemOf(error), "ServerUntrusted redirect");
        assert.include(error.message, evil.origin);
        assert.strictEqual(yield* evil.connectionCount, 0);
        assert.strictEqual(yield* discoveries, 1);
      }),
    );
  }

  it.live("refuses an introspection endpoint on another host", () =>
    Effect.gen(function* () {
      const { evil, pem, options, document, publish } = yield* start;
      yield* publish(() =>
        TokenServer.json({
          ...document,
          mtls_endpoint_aliases: {
            ...endpoints(`${options.issuer}/matls`),
            introspection_endpoint: `${evil.origin}/token/introspection`,
          },
        }),
      );
      const error = yield* Effect.gen(function* () {
        const raidiam = yield* Raidiam.make(options);
        return yield* Effect.flip(raidiam.introspect(yield* raidiam.get));
      }).pipe(Effect.provide(NodeMutualTls.layerPem(pem)));
      assert.strictEqual(problemOf(error), "ServerUntrusted origin");
      assert.strictEqual(yield* evil.connectionCount, 0);
    }),
  );
});

describe("Raidiam with any discovery document", () => {
  it.live("sets the issuer as audience for a token endpoint on another host", () =>
    Effect.gen(function* () {
      const { evil, pem, options, document, publish } = yield* start;
      yield* publish(() => TokenServer.json({ ...document, ...endpoints(evil.origin) }));
      yield* Raidiam.make({
        ...options,
        clientAuth: signing(),
        endpointHosts: ["127.0.0.1"],
      }).pipe(
        Effect.flatMap((raidiam) => raidiam.get),
        Effect.provide(NodeHttpsClient.layer(pem)),
      );
      const [request] = yield* evil.requests;
      assert.strictEqual(claims(request?.body ?? "")["aud"], options.issuer);
    }),
  );

  it.live("sets the token endpoint as audience of every assertion if an option asks for it", () =>
    Effect.gen(function* () {
      const { pem, options, document, publish, tokenRequests } = yield* start;
      yield* publish(() => TokenServer.json(document));
      yield* Effect.gen(function* () {
        const raidiam = yield* Raidiam.make({ ...options, clientAuth: signing("token_endpoint") });
        yield* raidiam.revoke(yield* raidiam.get);
      }).pipe(Effect.provide(NodeHttpsClient.layer(pem)));
      const sent = yield* tokenRequests;
      assert.deepStrictEqual(
        sent.map(({ path }) => path),
        ["/token", "/token/revocation"],
      );
      for (const { body } of sent) {
        assert.strictEqual(claims(body)["aud"], `${options.issuer}/token`);
      }
    }),
  );

  it.live("signs a new assertion with a new jti for each attempt", () =>
    Effect.gen(function* () {
      const { issuer, pem, options, document, tokenRequests, discoveries } = yield* start;
      let asked = 0;
      yield* issuer.setScript((request) => {
        if (isDiscovery(request)) return TokenServer.json(document);
        return asked++ < 2 ? TokenServer.respond("", { status: 503 }) : TokenServer.token();
      });
      yield* Raidiam.make({ ...options, clientAuth: signing() }).pipe(
        Effect.flatMap((raidiam) => raidiam.get),
        Effect.provide(NodeHttpsClient.layer(pem)),
      );
      const jtis = (yield* tokenRequests).map(({ body }) => claims(body)["jti"]);
      assert.lengthOf(jtis, 3);
      assert.strictEqual(new Set(jtis).size, 3);
      for (const jti of jtis) assert.match(String(jti), /^[\w-]{22,}$/);
      assert.strictEqual(yield* discoveries, 1);
    }),
  );
});

describe("Raidiam discovery", () => {
  it.live("makes one discovery request and one token request for 1,000 callers", () =>
    Effect.gen(function* () {
      const { pem, options, document, publish, discoveries, tokenRequests } = yield* start;
      yield* publish(() => TokenServer.delayed(TokenServer.json(document), 100));
      yield* Raidiam.make(options).pipe(
        Effect.flatMap((raidiam) =>
          Effect.all(
            Array.from({ length: 1000 }, () => raidiam.get),
            { concurrency: "unbounded" },
          ),
        ),
        Effect.provide(NodeMutualTls.layerPem(pem)),
      );
      assert.strictEqual(yield* discoveries, 1);
      assert.lengthOf(yield* tokenRequests, 1);
    }),
  );

  it.live("retries discovery within one call", () =>
    Effect.gen(function* () {
      const { pem, options, document, publish, discoveries } = yield* start;
      yield* publish((index) =>
        index < 2 ? TokenServer.respond("", { status: 503 }) : TokenServer.json(document),
      );
      yield* Raidiam.make(options).pipe(
        Effect.flatMap((raidiam) => raidiam.get),
        Effect.provide(NodeMutualTls.layerPem(pem)),
      );
      assert.strictEqual(yield* discoveries, 3);
    }),
  );

  it.live("gets tokens while discovery is down after the first time", () =>
    Effect.gen(function* () {
      const { issuer, pem, options, document, discoveries, tokenRequests } = yield* start;
      let discovered = 0;
      yield* issuer.setScript((request) => {
        if (!isDiscovery(request)) return TokenServer.token({ expires_in: 0 });
        return discovered++ === 0 ? TokenServer.json(document) : TokenServer.reset;
      });
      yield* Raidiam.make(options).pipe(
        Effect.flatMap((raidiam) => Effect.repeat(raidiam.get, { times: 19 })),
        Effect.provide(NodeMutualTls.layerPem(pem)),
      );
      assert.strictEqual(yield* discoveries, 1);
      assert.lengthOf(yield* tokenRequests, 20);
    }),
  );
});

describe("Raidiam with an issuer from a caller", () => {
  const { isPublicAddress } = NodeHttpsClient;
  for (const form of [
    (origin: string) => origin,
    (origin: string) => origin.replace("localhost", "127.0.0.1"),
    (origin: string) => origin.replace("localhost", "2130706433"),
    (origin: string) => origin.replace("localhost", "[::ffff:127.0.0.1]"),
    () => "https://169.254.169.254",
  ]) {
    it.live(`does not connect to the special address ${form("https://localhost")}`, () =>
      Effect.gen(function* () {
        const { issuer, pem, options } = yield* start;
        const named = { ...options, issuer: form(issuer.origin) };
        for (const error of [
          yield* Raidiam.make(named).pipe(
            Effect.flatMap((raidiam) => Effect.flip(raidiam.get)),
            Effect.provide(NodeMutualTls.layerPem({ ...pem, allowAddress: isPublicAddress })),
          ),
          yield* Raidiam.make({ ...named, clientAuth: signing() }).pipe(
            Effect.flatMap((raidiam) => Effect.flip(raidiam.get)),
            Effect.provide(NodeHttpsClient.layer({ ...pem, allowAddress: isPublicAddress })),
          ),
        ]) {
          assert.strictEqual(problemOf(error), "ServerUntrusted address");
          assert.match(error.message, /no address that the HttpClient may connect to/);
        }
        assert.strictEqual(yield* issuer.connectionCount, 0);
      }),
    );
  }

  it.live("does not connect to a special address from a discovery document", () =>
    Effect.gen(function* () {
      const { pem, options, document, publish, discoveries } = yield* start;
      yield* publish(() =>
        TokenServer.json({
          ...document,
          mtls_endpoint_aliases: endpoints("https://169.254.169.254"),
        }),
      );
      const error = yield* Raidiam.make({ ...options, endpointHosts: ["169.254.169.254"] }).pipe(
        Effect.flatMap((raidiam) => Effect.flip(raidiam.get)),
        Effect.provide(
          NodeMutualTls.layerPem({
            ...pem,
            allowAddress: (address) => /^127\.|^::1$/.test(address),
          }),
        ),
      );
      assert.strictEqual(problemOf(error), "ServerUntrusted address");
      assert.strictEqual(yield* discoveries, 1);
    }),
  );
});
