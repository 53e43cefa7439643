import { assert, describe, it } from "@effect/vitest";
import * as PrivateKeyJwt from "@x/core/PrivateKeyJwt";
import * as TokenError from "@x/core/TokenError";
import * as TokenRequest from "@x/core/TokenRequest";
import * as Effect from "effect/Effect";
import * as Redacted from "effect/Redacted";
import * as TestClock from "effect/testing/TestClock";
import * as Jose from "jose";
import { generateKeyPairSync, sign } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { everyText } from "./scripted.ts";

const url = "https://login.acme.test/token";
const issuer = "https://auth.acme.test";
const request = TokenRequest.make(url, "client_credentials", { scope: "read" });

const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
const ec = generateKeyPairSync("ec", { namedCurve: "P-256" });
const ed = generateKeyPairSync("ed25519");

const pem = (key: KeyObject, type: "pkcs8" | "pkcs1" | "sec1") =>
  String(key.export({ type: type as "pkcs8", format: "pem" }));
const jwk = (key: KeyObject) => JSON.stringify(key.export({ format: "jwk" }));

/** The form fields that authentication adds. */
const authenticate = Effect.fnUntraced(function* (
  options: Parameters<typeof PrivateKeyJwt.make>[0],
  to: { readonly issuer: string | undefined } = { issuer },
) {
  const auth = yield* PrivateKeyJwt.clientAuth({
    ...to,
    clientId: "client-1",
    privateKeyJwt: PrivateKeyJwt.make(options),
  });
  assert.strictEqual(auth.method, "private_key_jwt");
  const authenticated = yield* auth.authenticate(request, 0);
  assert.notInclude(everyText(authenticated), "eyJ");
  return Object.fromEntries(
    authenticated.params.map(([name, value]) => [name, TokenRequest.plain(value)]),
  );
});

const assertionOf = (
  options: Parameters<typeof PrivateKeyJwt.make>[0],
  to?: { readonly issuer: string | undefined },
) =>
  Effect.map(authenticate(options, to), ({ client_assertion = "" }) => ({
    client_assertion,
    header: Jose.decodeProtectedHeader(client_assertion),
    claims: Jose.decodeJwt(client_assertion),
  }));

const key = Redacted.make(pem(ed.privateKey, "pkcs8"));
const algorithm = "EdDSA";

describe("PrivateKeyJwt.clientAuth", () => {
  const formats: ReadonlyArray<
    readonly [
      algorithm: PrivateKeyJwt.Algorithm,
      keys: { readonly publicKey: KeyObject },
      formats: Readonly<Record<string, string>>,
    ]
  > = [
    [
      "PS256",
      rsa,
      {
        pkcs8: pem(rsa.privateKey, "pkcs8"),
        pkcs1: pem(rsa.privateKey, "pkcs1"),
        jwk: jwk(rsa.privateKey),
      },
    ],
    [
      "RS256",
      rsa,
      {
        pkcs8: pem(rsa.privateKey, "pkcs8"),
        pkcs1: pem(rsa.privateKey, "pkcs1"),
        jwk: jwk(rsa.privateKey),
      },
    ],
    [
      "ES256",
      ec,
      {
        pkcs8: pem(ec.privateKey, "pkcs8"),
        sec1: pem(ec.privateKey, "sec1"),
        jwk: jwk(ec.privateKey),
      },
    ],
    ["EdDSA", ed, { pkcs8: pem(ed.privateKey, "pkcs8"), jwk: jwk(ed.privateKey) }],
  ];
  for (const [alg, { publicKey }, texts] of formats) {
    for (const [format, text] of Object.entries(texts)) {
      it.effect(`signs ${alg} with a key in ${format}`, () =>
        Effect.gen(function* () {
          yield* TestClock.setTime(1_800_000_000_999);
          const { client_assertion } = yield* assertionOf({
            key: Redacted.make(`\n${text}\n`),
            algorithm: alg,
            keyId: "key-1",
          });
          const { protectedHeader, payload } = yield* Effect.promise(() =>
            Jose.jwtVerify(client_assertion, publicKey, {
              algorithms: [alg],
              audience: issuer,
              issuer: "client-1",
              subject: "client-1",
              requiredClaims: ["jti", "iat", "exp"],
              currentDate: new Date(1_800_000_000_000),
            }),
          );
          assert.deepStrictEqual(protectedHeader, { alg, typ: "JWT", kid: "key-1" });
          assert.deepStrictEqual(
            { ...payload, jti: "" },
            {
              iss: "client-1",
              sub: "client-1",
              aud: issuer,
              iat: 1_799_999_995,
              exp: 1_800_000_060,
              jti: "",
            },
          );
        }),
      );
    }
  }

  it.effect("sends the assertion in the body with the client id, and no header", () =>
    Effect.gen(function* () {
      const { client_assertion, ...others } = yield* authenticate({ key, algorithm });
      assert.match(client_assertion ?? "", /^[\w-]+\.[\w-]+\.[\w-]+$/);
      assert.deepStrictEqual(others, {
        grant_type: "client_credentials",
        scope: "read",
        client_id: "client-1",
        client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
      });
    }),
  );

  it.effect("signs with PS256 and without kid unless told otherwise", () =>
    Effect.gen(function* () {
      const { header } = yield* assertionOf({ key: Redacted.make(pem(rsa.privateKey, "pkcs8")) });
      assert.deepStrictEqual(header, { alg: "PS256", typ: "JWT" });
    }),
  );

  for (const [name, options, to, audience] of [
    ["the issuer", {}, { issuer }, issuer],
    ["the token endpoint if asked", { audience: "token_endpoint" }, { issuer }, url],
    ["the token endpoint if there is no issuer", {}, { issuer: undefined }, url],
  ] as const) {
    it.effect(`is for ${name}, as one string`, () =>
      Effect.gen(function* () {
        const { claims } = yield* assertionOf({ key, algorithm, ...options }, to);
        assert.strictEqual(claims.aud, audience);
      }),
    );
  }

  for (const [name, options, to, audience, asked] of [
    ["the issuer, and does not ask for more", {}, { issuer }, issuer, 0],
    ["the token endpoint if asked", { audience: "token_endpoint" }, { issuer }, url, 1],
    ["the token endpoint if there is no issuer", {}, { issuer: undefined }, url, 1],
  ] as const) {
    it.effect(`is, at another endpoint, still for ${name}`, () =>
      Effect.gen(function* () {
        let times = 0;
        const auth = yield* PrivateKeyJwt.clientAuth({
          ...to,
          clientId: "client-1",
          privateKeyJwt: PrivateKeyJwt.make({ key, algorithm, ...options }),
        });
        const { params } = yield* auth.authenticate(
          { ...request, url: "https://login.acme.test/revoke" },
          0,
          Effect.sync(() => {
            times++;
            return url;
          }),
        );
        const [, value = ""] = params.find(([name]) => name === "client_assertion") ?? [];
        assert.strictEqual(Jose.decodeJwt(TokenRequest.plain(value)).aud, audience);
        assert.strictEqual(times, asked);
      }),
    );
  }

  it.effect("draws 128 random bits for each assertion", () =>
    Effect.gen(function* () {
      const auth = yield* PrivateKeyJwt.clientAuth({
        clientId: "client-1",
        issuer,
        privateKeyJwt: PrivateKeyJwt.make({ key, algorithm }),
      });
      const identifiers = new Set<string>();
      for (let n = 0; n < 200; n++) {
        const { params } = yield* auth.authenticate(request, 0);
        const [, value = ""] = params.find(([name]) => name === "client_assertion") ?? [];
        const { jti = "" } = Jose.decodeJwt(TokenRequest.plain(value));
        assert.strictEqual(Buffer.from(jti, "base64url").length, 16);
        identifiers.add(jti);
      }
      assert.strictEqual(identifiers.size, 200);
    }),
  );
});

describe("PrivateKeyJwt.make with a Signer", () => {
  it.effect("leaves signing to it", () =>
    Effect.gen(function* () {
      const inputs: Array<string> = [];
      const signer: PrivateKeyJwt.Signer = {
        algorithm: "ES256",
        keyId: "kms-key",
        sign: (input) =>
          Effect.promise(() => {
            inputs.push(new TextDecoder().decode(input));
            const { privateKey } = ec;
            return Promise.resolve(
              new Uint8Array(sign("sha256", input, { key: privateKey, dsaEncoding: "ieee-p1363" })),
            );
          }),
      };
      const { client_assertion, header } = yield* assertionOf({ signer });
      assert.deepStrictEqual(header, { alg: "ES256", typ: "JWT", kid: "kms-key" });
      assert.deepStrictEqual(inputs, [
        client_assertion.slice(0, client_assertion.lastIndexOf(".")),
      ]);
      yield* Effect.promise(() =>
        Jose.compactVerify(client_assertion, ec.publicKey, { algorithms: ["ES256"] }),
      );
    }),
  );

  it.effect("fails as it fails", () =>
    Effect.gen(function* () {
      const reason = new TokenError.ServerUnavailable({ problem: "connection" });
      const signer = { algorithm: "PS256", sign: () => Effect.fail(reason) } as const;
      assert.strictEqual(yield* Effect.flip(authenticate({ signer })), reason);
    }),
  );

  it("keeps unbound tokens and the issuer as audience unless told otherwise", () => {
    const made = PrivateKeyJwt.make({ key });
    assert.strictEqual(made.audience, "issuer");
    assert.strictEqual(made.certificateBoundTokens, false);
    assert.notInclude(everyText(made), "PRIVATE KEY");
  });
});

const encrypted = (type: "pkcs8" | "pkcs1" | "sec1", { privateKey }: { privateKey: KeyObject }) =>
  String(
    privateKey.export({
      type: type as "pkcs8",
      format: "pem",
      cipher: "aes-256-cbc",
      passphrase: "canary-passphrase",
    }),
  );

describe("PrivateKeyJwt.signer refuses", () => {
  const rsa512 = generateKeyPairSync("rsa", { modulusLength: 512 });
  const p384 = generateKeyPairSync("ec", { namedCurve: "P-384" });
  const whole = pem(rsa.privateKey, "pkcs8");

  const keys: ReadonlyArray<
    readonly [name: string, algorithm: PrivateKeyJwt.Algorithm, key: string, says: RegExp]
  > = [
    ["garbage", "PS256", "canary-garbage", /./],
    ["nothing", "PS256", "", /./],
    [
      "a PEM of garbage",
      "PS256",
      "-----BEGIN PRIVATE KEY-----\nY2FuYXJ5\n-----END PRIVATE KEY-----",
      /./,
    ],
    ["a truncated PEM", "PS256", whole.slice(0, whole.length / 2), /./],
    ["an encrypted key", "PS256", encrypted("pkcs8", rsa), /is encrypted; decrypt it first/],
    ["an encrypted RSA key", "PS256", encrypted("pkcs1", rsa), /is encrypted; decrypt it first/],
    ["an encrypted EC key", "ES256", encrypted("sec1", ec), /is encrypted; decrypt it first/],
    ["an EC key for PS256", "PS256", pem(ec.privateKey, "pkcs8"), /./],
    ["an EC key in SEC1 for PS256", "PS256", pem(ec.privateKey, "sec1"), /./],
    ["an RSA key for ES256", "ES256", pem(rsa.privateKey, "pkcs8"), /./],
    ["an RSA key in PKCS#1 for EdDSA", "EdDSA", pem(rsa.privateKey, "pkcs1"), /./],
    ["an Ed25519 key for RS256", "RS256", pem(ed.privateKey, "pkcs8"), /./],
    ["another curve for ES256", "ES256", pem(p384.privateKey, "pkcs8"), /./],
    ["a key that is too short to sign with", "PS256", pem(rsa512.privateKey, "pkcs8"), /./],
    ["a public key", "PS256", String(rsa.publicKey.export({ type: "spki", format: "pem" })), /./],
    ["a public JWK", "ES256", jwk(ec.publicKey), /./],
    ["a JWK for another algorithm", "PS256", jwk(ed.privateKey), /./],
    ["a JWK that is no JSON", "PS256", `${jwk(rsa.privateKey).slice(0, -1)},`, /not valid JSON/],
    ["a JWK without members", "PS256", "{}", /./],
  ];
  for (const [name, alg, text, says] of keys) {
    it.effect(`${name}, and shows nothing of it`, () =>
      Effect.gen(function* () {
        const reason = yield* Effect.flip(
          PrivateKeyJwt.signer({ key: Redacted.make(text), algorithm: alg }),
        );
        assert.strictEqual(reason._tag, "OptionInvalid");
        assert.strictEqual(reason.option, "clientAuth.key");
        assert.match(
          reason.problem,
          new RegExp(`^is not usable with ${alg}, which takes an? .* private key: .{10,}`),
        );
        assert.match(reason.problem, says);
        const shown = everyText(reason);
        assert.notInclude(shown, "canary");
        for (let at = 0; at + 8 <= text.length; at += 8) {
          const part = text.slice(at, at + 8);
          // The names of PEM labels and JWK members are nobody's secret.
          if (/[a-z]/.test(part) && /\d/.test(part)) assert.notInclude(shown, part);
        }
      }),
    );
  }
});
