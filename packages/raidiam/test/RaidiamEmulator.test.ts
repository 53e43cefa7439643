import { assert, describe, it } from "@effect/vitest";
import * as Certificates from "@x/testing/Certificates";
import * as RaidiamEmulator from "@x/raidiam/testing";
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Layer from "effect/Layer";
import * as Scope from "effect/Scope";
import * as Jose from "jose";
import * as Crypto from "node:crypto";
import { vi } from "vitest";
import { accessToken, against, call, listens, post, withClient } from "@x/testing/RawHttp";

type Running = RaidiamEmulator.RaidiamEmulator["Service"];

const run = against(RaidiamEmulator.RaidiamEmulator, RaidiamEmulator.layer());

const form = ({ options }: Running) => ({
  grant_type: "client_credentials",
  client_id: options.clientId,
  scope: options.scope,
});

const requestToken = (
  emulator: Running,
  certificate: Certificates.Certificate = emulator.clientCertificate,
) => post(emulator.tokenUrl, form(emulator)).pipe(withClient(emulator, certificate));

const sign = (client: RaidiamEmulator.AssertionClient, claims: Jose.JWTPayload = {}) =>
  Effect.promise(async () =>
    new Jose.SignJWT({ jti: Crypto.randomUUID(), ...claims })
      .setProtectedHeader({ alg: client.algorithm, kid: client.keyId })
      .setIssuer(client.options.clientId)
      .setSubject(client.options.clientId)
      .setAudience(typeof claims.aud === "string" ? claims.aud : client.options.issuer)
      .setIssuedAt()
      .setExpirationTime("1 minute")
      .sign(await Jose.importPKCS8(client.privateKey, client.algorithm)),
  );

const assertionForm = (client: RaidiamEmulator.AssertionClient, assertion: string) => ({
  grant_type: "client_credentials",
  client_id: client.options.clientId,
  scope: client.options.scope,
  client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
  client_assertion: assertion,
});

const requestWithAssertion = Effect.fnUntraced(function* (
  url: string,
  client: RaidiamEmulator.AssertionClient,
) {
  return yield* post(url, assertionForm(client, yield* sign(client)));
});

describe("RaidiamEmulator", () => {
  it.live("publishes a discovery document with mutual-TLS aliases on another listener", () =>
    run(
      Effect.fnUntraced(function* (emulator) {
        const { json } = yield* call(`${emulator.issuer}/.well-known/openid-configuration`);
        const alias = new URL(emulator.tokenUrl).origin;
        assert.notStrictEqual(alias, emulator.issuer);
        assert.deepInclude(json, {
          issuer: emulator.issuer,
          token_endpoint: emulator.plainTokenUrl,
          introspection_endpoint: `${emulator.issuer}/token/introspection`,
          revocation_endpoint: `${emulator.issuer}/token/revocation`,
        });
        assert.deepStrictEqual(json["mtls_endpoint_aliases"], {
          token_endpoint: emulator.tokenUrl,
          introspection_endpoint: `${alias}/token/introspection`,
          revocation_endpoint: `${alias}/token/revocation`,
          pushed_authorization_request_endpoint: `${alias}/request`,
        });
        assert.strictEqual(yield* emulator.discoveryRequestCount, 1);
        assert.strictEqual((yield* emulator.discoveryRequests).length, 1);
        assert.strictEqual(yield* emulator.tokenRequestCount, 0);
      }),
    ),
  );

  it.live("issues the tls_client_auth client a token bound to its certificate", () =>
    run(
      Effect.fnUntraced(function* (emulator) {
        const granted = yield* requestToken(emulator);
        assert.strictEqual(granted.status, 200);
        assert.deepInclude(granted.json, {
          token_type: "Bearer",
          expires_in: 600,
          scope: "directory:software",
        });
        const claims = Jose.decodeJwt(accessToken(granted));
        assert.strictEqual(claims.iss, emulator.issuer);
        assert.deepStrictEqual(claims["cnf"], {
          "x5t#S256": emulator.clientCertificate.thumbprint,
        });

        const { keys } = (yield* call(`${emulator.issuer}/jwks`)).json;
        const verified = yield* Effect.promise(() =>
          Jose.jwtVerify(
            accessToken(granted),
            Jose.createLocalJWKSet({ keys: keys as Array<Jose.JWK> }),
          ),
        );
        assert.strictEqual(verified.protectedHeader.typ, "at+jwt");
        assert.strictEqual(
          (yield* emulator.tokenRequests)[0]?.certificate,
          emulator.clientCertificate.thumbprint,
        );
      }),
    ),
  );

  it.live(
    "refuses the tls_client_auth client at the plain endpoint and without its certificate",
    () =>
      run(
        Effect.fnUntraced(function* (emulator) {
          const commonName = emulator.clientCertificate.subject.slice("CN=".length).split(",")[0]!;
          const stranger = yield* Certificates.makeAuthority("Stranger");
          const show = (certificate: Certificates.Certificate) => withClient(emulator, certificate);
          const refusals = [
            yield* post(emulator.plainTokenUrl, form(emulator)).pipe(
              show(emulator.clientCertificate),
            ),
            yield* post(emulator.tokenUrl, form(emulator)),
            yield* requestToken(
              emulator,
              yield* Certificates.issueClient(emulator.authority, { commonName: "other" }),
            ),
            yield* requestToken(
              emulator,
              yield* Certificates.issueClient(stranger, { commonName }),
            ),
            yield* requestToken(
              emulator,
              yield* Certificates.issueExpiredClient(emulator.authority, { commonName }),
            ),
          ];
          for (const refused of refusals) {
            assert.strictEqual(refused.status, 401);
            assert.strictEqual(refused.json["error"], "invalid_client");
          }
          const renewed = yield* Certificates.issueClient(emulator.authority, { commonName });
          assert.strictEqual((yield* requestToken(emulator, renewed)).status, 200);
          assert.strictEqual(yield* emulator.tokenRequestCount, 6);
        }),
      ),
  );

  it.live("refuses scopes that the client does not have", () =>
    run(
      Effect.fnUntraced(function* (emulator) {
        const refused = yield* post(emulator.tokenUrl, {
          ...form(emulator),
          scope: "directory:website",
        }).pipe(withClient(emulator, emulator.clientCertificate));
        assert.strictEqual(refused.status, 400);
        assert.strictEqual(refused.json["error"], "invalid_scope");
      }),
    ),
  );

  for (const algorithm of ["PS256", "RS256", "ES256", "EdDSA"] as const) {
    it.live(`issues the private_key_jwt client an unbound token for a ${algorithm} assertion`, () =>
      against(
        RaidiamEmulator.RaidiamEmulator,
        RaidiamEmulator.layer({ assertionAlgorithm: algorithm }),
      )(
        Effect.fnUntraced(function* (emulator) {
          const client = emulator.assertionClient;
          const granted = yield* requestWithAssertion(emulator.plainTokenUrl, client);
          assert.strictEqual(granted.status, 200);
          assert.isUndefined(Jose.decodeJwt(accessToken(granted))["cnf"]);
          assert.strictEqual(
            (yield* call(`${client.options.apiUrl}/things`, accessToken(granted))).status,
            200,
          );

          const key = yield* Effect.promise(() => Jose.importJWK(client.privateKeyJwk));
          assert.isFalse(key instanceof Uint8Array);
        }),
      ),
    );
  }

  it.live("refuses assertions that are replayed, misdirected or signed with another key", () =>
    run(
      Effect.fnUntraced(function* (emulator) {
        const { assertionClient: client, boundAssertionClient, plainTokenUrl } = emulator;
        const once = yield* sign(client);
        assert.strictEqual((yield* post(plainTokenUrl, assertionForm(client, once))).status, 200);
        for (const assertion of [
          once,
          yield* sign(client, { aud: "https://elsewhere.test" }),
          yield* sign({ ...client, privateKey: boundAssertionClient.privateKey }),
        ]) {
          const refused = yield* post(plainTokenUrl, assertionForm(client, assertion));
          assert.strictEqual(refused.status, 401);
          assert.strictEqual(refused.json["error"], "invalid_client");
        }
      }),
    ),
  );

  it.live(
    "binds the tokens of the second private_key_jwt client and requires a certificate for them",
    () =>
      run(
        Effect.fnUntraced(function* (emulator) {
          const client = emulator.boundAssertionClient;
          const certificate = yield* Certificates.issueClient(emulator.authority, {
            commonName: "any",
          });
          const granted = yield* requestWithAssertion(emulator.tokenUrl, client).pipe(
            withClient(emulator, certificate),
          );
          assert.deepStrictEqual(Jose.decodeJwt(accessToken(granted))["cnf"], {
            "x5t#S256": certificate.thumbprint,
          });

          const plain = yield* requestWithAssertion(emulator.plainTokenUrl, client);
          assert.strictEqual(plain.status, 400);
          assert.strictEqual(plain.json["error"], "invalid_grant");
        }),
      ),
  );

  it.live("accepts a bound token only over its own certificate", () =>
    run(
      Effect.fnUntraced(function* (emulator) {
        const token = accessToken(yield* requestToken(emulator));
        const commonName = emulator.clientCertificate.subject.slice("CN=".length).split(",")[0]!;
        const other = yield* Certificates.issueClient(emulator.authority, { commonName });
        const own = yield* call(`${emulator.apiUrl}/things`, token).pipe(
          withClient(emulator, emulator.clientCertificate),
        );
        assert.strictEqual(own.status, 200);
        for (const refused of [
          yield* call(`${emulator.apiUrl}/things`, token).pipe(withClient(emulator, other)),
          yield* call(`${emulator.apiUrl}/things`, token),
          yield* call(`${emulator.plainApiUrl}/things`, token).pipe(
            withClient(emulator, emulator.clientCertificate),
          ),
        ]) {
          assert.strictEqual(refused.status, 401);
          assert.strictEqual(refused.headers["www-authenticate"], 'Bearer error="invalid_token"');
        }
        assert.strictEqual(yield* emulator.apiRequestCount, 4);
      }),
    ),
  );

  it.live("refuses tokens that it did not issue", () =>
    run(
      Effect.fnUntraced(function* (emulator) {
        const token = accessToken(
          yield* requestWithAssertion(emulator.plainTokenUrl, emulator.assertionClient),
        );
        const [head, claims, signature] = token.split(".");
        const forged = `${head}.${claims}.${signature?.split("").toReversed().join("")}`;
        for (const bad of [forged, "opaque", undefined]) {
          assert.strictEqual((yield* call(`${emulator.plainApiUrl}/things`, bad)).status, 401);
        }
      }),
    ),
  );

  it.live("introspects and revokes JWT access tokens of the client that asks", () =>
    run((emulator) =>
      Effect.gen(function* () {
        const token = accessToken(yield* requestToken(emulator));
        const at = (path: string, fields: Record<string, string>) =>
          post(`${emulator.tokenUrl}/${path}`, { client_id: emulator.options.clientId, ...fields });

        const active = yield* at("introspection", { token });
        assert.strictEqual(active.status, 200);
        assert.deepInclude(active.json, {
          active: true,
          client_id: emulator.options.clientId,
          scope: "directory:software",
          cnf: { "x5t#S256": emulator.clientCertificate.thumbprint },
        });
        const [head, claims] = token.split(".");
        for (const unknown of ["opaque", `${head}.${claims}.AAAA`]) {
          assert.deepStrictEqual((yield* at("introspection", { token: unknown })).json, {
            active: false,
          });
        }

        const { assertionClient } = emulator;
        const strangers = yield* requestWithAssertion(emulator.plainTokenUrl, assertionClient);
        assert.deepStrictEqual(
          (yield* at("introspection", { token: accessToken(strangers) })).json,
          { active: false },
        );
        yield* at("revocation", { token: accessToken(strangers) });
        assert.strictEqual(
          (yield* call(`${emulator.plainApiUrl}/things`, accessToken(strangers))).status,
          200,
        );

        const revoked = yield* at("revocation", { token, token_type_hint: "access_token" });
        assert.strictEqual(revoked.status, 200);
        assert.deepStrictEqual((yield* at("introspection", { token })).json, { active: false });
        assert.strictEqual((yield* call(`${emulator.apiUrl}/things`, token)).status, 401);

        const unauthenticated = yield* post(`${emulator.issuer}/token/introspection`, {
          client_id: emulator.options.clientId,
          token,
        });
        assert.strictEqual(unauthenticated.status, 401);
      }).pipe(withClient(emulator, emulator.clientCertificate)),
    ),
  );

  it.live("sets the lifetime of later tokens and refuses expired ones", () =>
    run(
      Effect.fnUntraced(function* (emulator) {
        const { assertionClient, plainApiUrl, plainTokenUrl } = emulator;
        yield* emulator.setTokenLifetime("1 second");
        const granted = yield* requestWithAssertion(plainTokenUrl, assertionClient);
        assert.strictEqual(granted.json["expires_in"], 1);
        yield* Effect.sleep("1100 millis");
        assert.strictEqual(
          (yield* call(`${plainApiUrl}/things`, accessToken(granted))).status,
          401,
        );
        yield* emulator.setTokenLifetime("2 minutes");
        const longer = yield* requestWithAssertion(plainTokenUrl, assertionClient);
        assert.strictEqual(longer.json["expires_in"], 120);
      }),
    ),
  );

  it.live("revokes the tokens issued so far and forgets requests", () =>
    run(
      Effect.fnUntraced(function* (emulator) {
        const { assertionClient, plainApiUrl, plainTokenUrl } = emulator;
        const before = accessToken(yield* requestWithAssertion(plainTokenUrl, assertionClient));
        yield* emulator.revokeTokens;
        assert.strictEqual((yield* call(`${plainApiUrl}/things`, before)).status, 401);
        const after = accessToken(yield* requestWithAssertion(plainTokenUrl, assertionClient));
        assert.strictEqual((yield* call(`${plainApiUrl}/things`, after)).status, 200);
        yield* emulator.forgetRequests;
        assert.strictEqual(yield* emulator.tokenRequestCount, 0);
        assert.strictEqual(yield* emulator.apiRequestCount, 0);
        assert.deepStrictEqual(yield* emulator.tokenRequests, []);
      }),
    ),
  );

  it.live("frees both ports with the scope", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make();
      const context = yield* Layer.buildWithScope(RaidiamEmulator.layer(), scope);
      const emulator = Context.get(context, RaidiamEmulator.RaidiamEmulator);
      const listening = Effect.forEach([emulator.tokenUrl, emulator.plainTokenUrl], (url) =>
        listens(url, emulator.certificateAuthority),
      );
      assert.deepStrictEqual(yield* listening, [true, true]);
      yield* Scope.close(scope, Exit.void);
      assert.deepStrictEqual(yield* listening, [false, false]);
    }),
  );

  it.live("prints nothing to the console", () =>
    Effect.gen(function* () {
      const spies = (["log", "info", "warn", "error"] as const).map((method) =>
        vi.spyOn(console, method),
      );
      yield* run(
        Effect.fnUntraced(function* (emulator) {
          yield* requestToken(emulator);
          yield* requestWithAssertion(emulator.plainTokenUrl, emulator.assertionClient);
          yield* post(emulator.plainTokenUrl, { broken: "request" });
        }),
      );
      for (const spy of spies) assert.strictEqual(spy.mock.calls.length, 0);
      vi.restoreAllMocks();
    }),
  );
});
