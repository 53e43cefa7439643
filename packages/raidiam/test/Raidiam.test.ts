import { assert, describe, it } from "@effect/vitest";
import * as PrivateKeyJwt from "@x/core/PrivateKeyJwt";
import type * as TokenError from "@x/core/TokenError";
import * as NodeMutualTls from "@x/node/NodeMutualTls";
import { Raidiam } from "@x/raidiam";
import * as Certificates from "@x/testing/Certificates";
import * as ProviderContract from "@x/testing/ProviderContract";
import * as RaidiamEmulator from "@x/raidiam/testing";
import * as TestHttpClient from "@x/testing/TestHttpClient";
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Redacted from "effect/Redacted";

const bytes = (text: string) => new TextEncoder().encode(text);

const start = (options?: RaidiamEmulator.Options) =>
  Effect.map(Layer.build(RaidiamEmulator.layer(options)), (context) => {
    const emulator = Context.get(context, RaidiamEmulator.RaidiamEmulator);
    const show = (certificate: Certificates.Certificate) =>
      NodeMutualTls.layerPem({
        certificate: bytes(certificate.certificate),
        privateKey: bytes(certificate.privateKey),
        certificateAuthorities: [bytes(emulator.certificateAuthority)],
      });
    return {
      emulator,
      show,
      mutual: show(emulator.clientCertificate),
      plain: TestHttpClient.layer(emulator.certificateAuthority),
      options: emulator.options,
    };
  });

const jwt = (client: RaidiamEmulator.AssertionClient, changes?: Partial<PrivateKeyJwt.Options>) =>
  PrivateKeyJwt.make({
    key: Redacted.make(client.privateKey),
    algorithm: client.algorithm,
    keyId: client.keyId,
    ...changes,
  });

const optionsOf = ({ reason }: TokenError.TokenError) =>
  reason._tag === "OptionInvalid" ? reason.problems.map(({ option }) => option) : [];

const literally = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

const withCertificate = Effect.gen(function* () {
  const { emulator, show, mutual, options } = yield* start();
  const stranger = yield* Certificates.issueClient(emulator.authority, { commonName: "stranger" });
  const { scope, clientId: client_id } = options;
  return {
    service: Raidiam,
    emulator,
    options,
    transport: mutual,
    refused: show(stranger),
    golden: {
      body: `grant_type=client_credentials&${new URLSearchParams({ scope, client_id })}`,
      certificate: emulator.clientCertificate.thumbprint,
      apiCertificate: emulator.clientCertificate.thumbprint,
    },
    secrets: [emulator.clientCertificate.privateKey],
  };
});

const withAssertion = Effect.map(start(), ({ emulator, plain }) => {
  const { assertionClient: client, boundAssertionClient: other } = emulator;
  const { scope, clientId: client_id } = client.options;
  const client_assertion_type = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
  const form = new URLSearchParams({ scope, client_id, client_assertion_type });
  const body = literally(`grant_type=client_credentials&${form}&client_assertion=`);
  return {
    service: Raidiam,
    emulator,
    options: { ...client.options, clientAuth: jwt(client) },
    transport: plain,
    refused: { clientAuth: jwt(client, { key: Redacted.make(other.privateKey) }) },
    golden: { body: new RegExp(`^${body}[\\w-]+\\.[\\w-]+\\.[\\w-]+$`) },
    secrets: [client.privateKey],
  };
});

describe("Raidiam with tls_client_auth as a provider", () => {
  for (const { name, run } of ProviderContract.cases(withCertificate)) it.live(name, () => run);
});

describe("Raidiam with private_key_jwt as a provider", () => {
  for (const { name, run } of ProviderContract.cases(withAssertion)) it.live(name, () => run);
});

describe("Raidiam", () => {
  it.live("sends token requests to the alias and shows no certificate to the discovery host", () =>
    Effect.gen(function* () {
      const { emulator, mutual, options } = yield* start();
      const token = yield* Effect.flatMap(Raidiam.make(options), (raidiam) => raidiam.get).pipe(
        Effect.provide(mutual),
      );
      const [discovery] = yield* emulator.discoveryRequests;
      assert.strictEqual(discovery?.path, "/.well-known/openid-configuration");
      assert.isUndefined(discovery?.certificate);
      const [request] = yield* emulator.tokenRequests;
      assert.strictEqual(new Map(request?.headers).get("host"), new URL(emulator.tokenUrl).host);
      assert.strictEqual(token.thumbprint, emulator.clientCertificate.thumbprint);
    }),
  );

  it.live("makes one discovery request for 1,000 callers", () =>
    Effect.gen(function* () {
      const { emulator, mutual, options } = yield* start();
      yield* Effect.gen(function* () {
        const raidiam = yield* Raidiam.make(options);
        const first = yield* raidiam.get;
        yield* raidiam.invalidate(first);
        yield* Effect.all(
          Array.from({ length: 1000 }, () => raidiam.get),
          {
            concurrency: "unbounded",
          },
        );
      }).pipe(Effect.provide(mutual));
      assert.strictEqual(yield* emulator.discoveryRequestCount, 1);
      assert.strictEqual(yield* emulator.tokenRequestCount, 2);
    }),
  );

  it.live("gets tokens bound to the certificate with private_key_jwt over the alias", () =>
    Effect.gen(function* () {
      const { emulator, mutual } = yield* start();
      const client = emulator.boundAssertionClient;
      yield* Effect.gen(function* () {
        const raidiam = yield* Raidiam.make({
          ...client.options,
          clientAuth: PrivateKeyJwt.make({
            key: Redacted.make(client.privateKey),
            keyId: client.keyId,
            certificateBoundTokens: true,
          }),
        });
        const response = yield* raidiam.httpClient.get("/anything");
        assert.strictEqual(response.status, 200);
      }).pipe(Effect.provide(mutual));
      const [request] = yield* emulator.tokenRequests;
      assert.strictEqual(request?.certificate, emulator.clientCertificate.thumbprint);
      assert.include(request?.body ?? "", "client_assertion=");
    }),
  );

  for (const algorithm of ["PS256", "RS256", "ES256", "EdDSA"] as const) {
    it.live(`signs assertions with ${algorithm}, from PEM and from JWK, with and without kid`, () =>
      Effect.gen(function* () {
        const { emulator, plain } = yield* start({ assertionAlgorithm: algorithm });
        const client = emulator.assertionClient;
        for (const changes of [
          {},
          { keyId: undefined },
          { key: Redacted.make(JSON.stringify(client.privateKeyJwk)) },
          { audience: "token_endpoint" as const },
        ]) {
          yield* Effect.flatMap(
            Raidiam.make({ ...client.options, clientAuth: jwt(client, changes) }),
            (raidiam) => raidiam.get,
          ).pipe(Effect.provide(plain));
        }
        assert.strictEqual(yield* emulator.tokenRequestCount, 4);
      }),
    );
  }

  it.live("refuses the discovery document of another issuer", () =>
    Effect.gen(function* () {
      const { emulator, mutual, options } = yield* start();
      const error = yield* Effect.flatMap(
        Raidiam.make({ ...options, issuer: `${options.issuer}/` }),
        (raidiam) => raidiam.get,
      ).pipe(Effect.provide(mutual), Effect.flip);
      assert.strictEqual(error.reason._tag === "ServerUntrusted" && error.reason.problem, "issuer");
      assert.strictEqual(yield* emulator.tokenRequestCount, 0);
    }),
  );

  it.live("sends a client id that is a URL", () =>
    Effect.gen(function* () {
      const { emulator, mutual, options } = yield* start();
      assert.match(options.clientId, /^https:\/\//);
      yield* Effect.flatMap(Raidiam.make(options), (raidiam) => raidiam.get).pipe(
        Effect.provide(mutual),
      );
      const [request] = yield* emulator.tokenRequests;
      assert.strictEqual(new URLSearchParams(request?.body).get("client_id"), options.clientId);
    }),
  );

  it.live("requires an issuer for an environment without one", () =>
    Effect.gen(function* () {
      const { mutual, options } = yield* start();
      const error = yield* Raidiam.make({
        ...options,
        environment: "production",
        issuer: undefined,
      }).pipe(Effect.provide(mutual), Effect.flip);
      assert.deepStrictEqual(optionsOf(error), ["issuer"]);
    }),
  );

  it.live("introspects and revokes its token at the aliases", () =>
    Effect.gen(function* () {
      const { emulator, mutual, options } = yield* start();
      yield* Effect.gen(function* () {
        const raidiam = yield* Raidiam.make(options);
        const token = yield* raidiam.get;
        const active = yield* raidiam.introspect(token);
        assert.isTrue(active.active);
        assert.strictEqual(active.client_id, options.clientId);
        assert.strictEqual(active.cnf?.["x5t#S256"], emulator.clientCertificate.thumbprint);
        yield* raidiam.revoke(token);
        assert.deepStrictEqual(yield* raidiam.introspect(token), { active: false });
        yield* raidiam.revoke(token);
        assert.isUndefined(yield* raidiam.peek, "nobody is handed it any more");
        const requests = yield* emulator.apiRequestCount;
        const response = yield* raidiam.httpClient.get("/anything");
        assert.strictEqual(response.status, 200);
        assert.strictEqual((yield* emulator.apiRequestCount) - requests, 1);
      }).pipe(Effect.provide(mutual));
      assert.strictEqual(yield* emulator.tokenRequestCount, 2);
    }),
  );

  it.live("introspects its token with an assertion", () =>
    Effect.gen(function* () {
      const { emulator, plain } = yield* start();
      const client = emulator.assertionClient;
      const active = yield* Effect.gen(function* () {
        const raidiam = yield* Raidiam.make({ ...client.options, clientAuth: jwt(client) });
        return yield* raidiam.introspect(yield* raidiam.get);
      }).pipe(Effect.provide(plain));
      assert.isTrue(active.active);
    }),
  );

  it.live("revokes its token when the layer closes if an option asks for it", () =>
    Effect.gen(function* () {
      const { mutual, options } = yield* start();
      const after = (revokeOnClose: boolean) =>
        Effect.gen(function* () {
          const observer = yield* Raidiam.make(options);
          const token = yield* Effect.flatMap(
            Raidiam.make({ ...options, revokeOnClose }),
            (raidiam) => raidiam.get,
          ).pipe(Effect.scoped);
          return (yield* observer.introspect(token)).active;
        }).pipe(Effect.provide(mutual));
      assert.isTrue(yield* after(false));
      assert.isFalse(yield* after(true));
    }),
  );

  it.live("revokes replaced tokens on close but not the tokens of others", () =>
    Effect.gen(function* () {
      const { mutual, options } = yield* start();
      yield* Effect.gen(function* () {
        const observer = yield* Raidiam.make(options);
        const tokens = yield* Effect.gen(function* () {
          const raidiam = yield* Raidiam.make({ ...options, revokeOnClose: true });
          const first = yield* raidiam.get;
          yield* raidiam.invalidate(first);
          return [first, yield* raidiam.get];
        }).pipe(Effect.scoped);
        for (const token of tokens) {
          assert.deepStrictEqual(yield* observer.introspect(token), { active: false });
        }
        assert.isTrue((yield* observer.introspect(yield* observer.get)).active);
      }).pipe(Effect.provide(mutual));
    }),
  );

  it.live("requires an issuer for revokeOnClose with a token URL", () =>
    Effect.gen(function* () {
      const { emulator, mutual, options } = yield* start();
      const error = yield* Raidiam.make({
        ...options,
        tokenUrl: emulator.tokenUrl,
        revokeOnClose: true,
      }).pipe(Effect.provide(mutual), Effect.flip);
      assert.deepStrictEqual(optionsOf(error), ["revokeOnClose"]);
    }),
  );

  it.live("refuses a signing key that does not fit the algorithm when the layer is built", () =>
    Effect.gen(function* () {
      const { emulator, plain } = yield* start();
      const client = emulator.assertionClient;
      const error = yield* Raidiam.make({
        ...client.options,
        clientAuth: jwt(client, { algorithm: "ES256" }),
      }).pipe(Effect.provide(plain), Effect.flip);
      assert.deepStrictEqual(optionsOf(error), ["clientAuth.key"]);
    }),
  );
});
