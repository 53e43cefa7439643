import { assert, describe, it } from "@effect/vitest";
import * as PrivateKeyJwt from "@x/core/PrivateKeyJwt";
import * as TokenError from "@x/core/TokenError";
import type * as Jws from "@x/core/Jws";
import * as TokenRequest from "@x/core/TokenRequest";
import * as Effect from "effect/Effect";
import * as Redacted from "effect/Redacted";
import * as TestClock from "effect/testing/TestClock";
import * as Jose from "jose";
import { generateKeyPairSync, sign } from "node:crypto";
import type { KeyObject } from "node:crypto";
import * as wire from "../src/internal/wire.ts";
import { everyText } from "./scripted.ts";

const url = "https://login.acme.test/token";
const issuer = "https://auth.acme.test";
const request = TokenRequest.make(url, { grant_type: "client_credentials", scope: "read" });

const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
const ec = generateKeyPairSync("ec", { namedCurve: "P-256" });
const ed = generateKeyPairSync("ed25519");

const pem = (key: KeyObject, type: "pkcs8" | "pkcs1" | "sec1") =>
  String(key.export({ type: type as "pkcs8", format: "pem" }));
const jwk = (key: KeyObject) => JSON.stringify(key.export({ format: "jwk" }));

/** The form fields that authentication adds. */
const authenticate = Effect.fnUntraced(function* (
  options: PrivateKeyJwt.Options,
  to: Partial<TokenRequest.Endpoint> = { issuer },
) {
  const auth = yield* PrivateKeyJwt.make(options).of({ clientId: "client-1" });
  assert.strictEqual(auth.method, "private_key_jwt");
  const authenticated = yield* auth.authenticate(request, {
    url,
    tokenUrl: url,
    issuer: undefined,
    ...to,
  });
  assert.notInclude(everyText(authenticated), "eyJ");
  return Object.fromEntries(authenticated.params.map(([name, value]) => [name, wire.plain(value)]));
});

const assertionOf = (options: PrivateKeyJwt.Options, to?: Partial<TokenRequest.Endpoint>) =>
  Effect.map(authenticate(options, to), ({ client_assertion = "" }) => ({
    client_assertion,
    header: Jose.decodeProtectedHeader(client_assertion),
    claims: Jose.decodeJwt(client_assertion),
  }));

const key = Redacted.make(pem(ed.privateKey, "pkcs8"));
const algorithm = "EdDSA";

describe("PrivateKeyJwt.make", () => {
  const formats: ReadonlyArray<
    readonly [
      algorithm: Jws.Algorithm,
      keys: { readonly publicKey: KeyObject },
      formats: Readonly<Record<string, string>>,
    ]
  > = [
    [
      "PS256",
      rsa,
      {
        pkcs8: pem(rsa.privateKey, "pkcs8"),
        jwk: jwk(rsa.privateKey),
      },
    ],
    [
      "RS256",
      rsa,
      {
        pkcs8: pem(rsa.privateKey, "pkcs8"),
        jwk: jwk(rsa.privateKey),
      },
    ],
    [
      "ES256",
      ec,
      {
        pkcs8: pem(ec.privateKey, "pkcs8"),
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

  for (const [audience, expected] of [
    ["issuer", issuer],
    ["token_endpoint", url],
    ["https://other.test", "https://other.test"],
  ] as const) {
    it.effect(`keeps the audience ${audience} at another endpoint`, () =>
      Effect.gen(function* () {
        const revocation = { issuer, url: "https://login.acme.test/revoke" };
        const { claims } = yield* assertionOf({ key, algorithm, audience }, revocation);
        assert.strictEqual(claims.aud, expected);
      }),
    );
  }

  it.effect("adds header members and claims, which replace no registered ones", () =>
    Effect.gen(function* () {
      const { claims, header } = yield* assertionOf({
        key,
        algorithm,
        type: "client-authentication+jwt",
        header: { "x5t#S256": "thumb", alg: "none" },
        claims: { scope: "read", iss: "evil", exp: 1 },
      });
      assert.deepStrictEqual(header, {
        alg: "EdDSA",
        typ: "client-authentication+jwt",
        "x5t#S256": "thumb",
      });
      assert.strictEqual(claims["scope"], "read");
      assert.strictEqual(claims.iss, "client-1");
      assert.isAbove(claims.exp ?? 0, 1);
    }),
  );

  it.effect("has kid or the public key's RFC 7638 thumbprint as its fingerprint", () =>
    Effect.gen(function* () {
      for (const [alg, { privateKey, publicKey }] of [
        ["PS256", rsa],
        ["ES256", ec],
        ["EdDSA", ed],
      ] as const) {
        const pkcs8 = Redacted.make(pem(privateKey, "pkcs8"));
        const { fingerprint } = PrivateKeyJwt.make({ key: pkcs8, algorithm: alg });
        const expected = yield* Effect.promise(() =>
          Jose.calculateJwkThumbprint(publicKey.export({ format: "jwk" }) as Jose.JWK),
        );
        assert.strictEqual(yield* fingerprint, expected);
        const named = PrivateKeyJwt.make({ key: pkcs8, algorithm: alg, keyId: "key-1" });
        assert.strictEqual(yield* named.fingerprint, "key-1");
      }
    }),
  );

  it.effect("draws 128 random bits for each assertion", () =>
    Effect.gen(function* () {
      const auth = yield* PrivateKeyJwt.make({ key, algorithm }).of({ clientId: "client-1" });
      const identifiers = new Set<string>();
      for (let n = 0; n < 200; n++) {
        const { params } = yield* auth.authenticate(request, { url, tokenUrl: url, issuer });
        const [, value = ""] = params.find(([name]) => name === "client_assertion") ?? [];
        const { jti = "" } = Jose.decodeJwt(wire.plain(value));
        assert.strictEqual(Buffer.from(jti, "base64url").length, 16);
        identifiers.add(jti);
      }
      assert.strictEqual(identifiers.size, 200);
    }),
  );
});

describe("PrivateKeyJwt.make, with a Signer,", () => {
  it.effect("leaves signing to it", () =>
    Effect.gen(function* () {
      const inputs: Array<string> = [];
      const signer: Jws.Signer = {
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
      const { client_assertion, header } = yield* assertionOf({ key: signer });
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
      const reason = new TokenError.CredentialUnavailable({
        credential: "signing key (KMS)",
        problem: "the KMS is down",
        isTransient: true,
      });
      const signer = { algorithm: "PS256", sign: () => Effect.fail(reason) } as const;
      assert.strictEqual(yield* Effect.flip(authenticate({ key: signer })), reason);
    }),
  );

  it("shows nothing of its key", () => {
    assert.notInclude(everyText(PrivateKeyJwt.make({ key })), "PRIVATE KEY");
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

describe("PrivateKeyJwt.make, of an unusable key,", () => {
  const rsa512 = generateKeyPairSync("rsa", { modulusLength: 512 });
  const p384 = generateKeyPairSync("ec", { namedCurve: "P-384" });
  const whole = pem(rsa.privateKey, "pkcs8");

  const keys: ReadonlyArray<
    readonly [name: string, algorithm: Jws.Algorithm, key: string, says: RegExp]
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
    [
      "an encrypted key",
      "PS256",
      encrypted("pkcs8", rsa),
      /holds ENCRYPTED PRIVATE KEY, and only PRIVATE KEY/,
    ],
    [
      "an RSA key in PKCS#1",
      "PS256",
      encrypted("pkcs1", rsa),
      /holds RSA PRIVATE KEY.*openssl pkcs8 -topk8/,
    ],
    [
      "an EC key in SEC1",
      "ES256",
      encrypted("sec1", ec),
      /holds EC PRIVATE KEY.*NodePrivateKey of @x\/node/,
    ],
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
    it.effect(`refuses ${name} and shows nothing of it`, () =>
      Effect.gen(function* () {
        const reason = yield* Effect.flip(
          PrivateKeyJwt.make({ key: Redacted.make(text), algorithm: alg }).of({ clientId: "id" }),
        );
        assert.isTrue(reason._tag === "OptionInvalid");
        if (reason._tag !== "OptionInvalid") return;
        const [{ option, problem }] = reason.problems;
        assert.strictEqual(option, "clientAuth.key");
        assert.match(
          problem,
          new RegExp(`^is not usable with ${alg}, which takes an? .* private key: .{10,}`),
        );
        assert.match(problem, says);
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
