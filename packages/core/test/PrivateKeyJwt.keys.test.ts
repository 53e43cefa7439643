import { assert, describe, it } from "@effect/vitest";
import type * as Jws from "@x/core/Jws";
import * as PrivateKeyJwt from "@x/core/PrivateKeyJwt";
import * as Effect from "effect/Effect";
import * as Redacted from "effect/Redacted";
import { generateKeyPairSync } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { everyText } from "./scripted.ts";

const rsaOf = (modulusLength: number) => generateKeyPairSync("rsa", { modulusLength });
const rsa = rsaOf(2048);
const ec = generateKeyPairSync("ec", { namedCurve: "P-256" });
const ed = generateKeyPairSync("ed25519");

const pem = (key: KeyObject, type: "pkcs8" | "pkcs1" | "sec1") =>
  String(key.export({ type: type as "pkcs8", format: "pem" }));
const spki = (key: KeyObject) => String(key.export({ type: "spki", format: "pem" }));
const jwk = (key: KeyObject, members: object = {}) =>
  JSON.stringify({ ...key.export({ format: "jwk" }), ...members });

/** Checks a key as a layer does when it is built. */
const check = (algorithm: Jws.Algorithm, text: string) =>
  PrivateKeyJwt.make({ key: Redacted.make(text), algorithm }).of({ clientId: "id" });

const refused = (algorithm: Jws.Algorithm, text: string, says: RegExp) =>
  Effect.gen(function* () {
    const reason = yield* Effect.flip(check(algorithm, text));
    assert.isTrue(reason._tag === "OptionInvalid");
    if (reason._tag !== "OptionInvalid") return;
    const [{ option, problem }] = reason.problems;
    assert.strictEqual(option, "clientAuth.key");
    assert.match(problem, new RegExp(`^is not usable with ${algorithm}, which takes an? `));
    assert.match(problem, says);
    const shown = everyText(reason);
    assert.notInclude(shown, "canary");
    for (const part of text.match(/[\w+/-]{24,}/g) ?? []) {
      if (!part.startsWith("-----")) assert.notInclude(shown, part.slice(0, 12));
    }
  });

// As `openssl ecparam -name prime256v1 -genkey` writes them before the key.
const ecParameters =
  "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n";

// As `openssl pkcs12 -nodes` writes them.
const bagAttributes = `Bag Attributes
    friendlyName: signing - 2026 {-----}
    localKeyID: 54 69 6D 65 20 31 37 36 37
Key Attributes: <No Attributes>
`;

const certificate = "-----BEGIN CERTIFICATE-----\nY2FuYXJ5\n-----END CERTIFICATE-----\n";

describe("PrivateKeyJwt.make, of a PEM with other blocks,", () => {
  const files: Readonly<Record<string, readonly [Jws.Algorithm, string]>> = {
    "behind EC parameters": ["ES256", ecParameters + pem(ec.privateKey, "pkcs8")],
    "behind bag attributes": ["RS256", bagAttributes + pem(rsa.privateKey, "pkcs8")],
    "behind a certificate": ["RS256", certificate + pem(rsa.privateKey, "pkcs8")],
    "before a certificate": ["RS256", pem(rsa.privateKey, "pkcs8") + certificate],
    "behind its public key": ["EdDSA", spki(ed.publicKey) + pem(ed.privateKey, "pkcs8")],
    "between bags, with CRLF": [
      "ES256",
      (
        bagAttributes +
        certificate +
        bagAttributes +
        pem(ec.privateKey, "pkcs8") +
        certificate
      ).replaceAll("\n", "\r\n"),
    ],
  };
  for (const [name, [algorithm, text]] of Object.entries(files)) {
    it.effect(`finds the private key ${name}`, () => check(algorithm, text));
  }

  const whole = pem(ec.privateKey, "pkcs8");
  const problems: Readonly<Record<string, readonly [text: string, says: RegExp]>> = {
    "refuses two private keys": [
      whole + pem(ec.privateKey, "sec1"),
      /several private keys.*leave only/,
    ],
    "refuses an encrypted one": [
      bagAttributes +
        String(
          ec.privateKey.export({
            type: "pkcs8",
            format: "pem",
            cipher: "aes-256-cbc",
            passphrase: "canary",
          }),
        ),
      /holds ENCRYPTED PRIVATE KEY, and only/,
    ],
    "refuses certificates alone": [bagAttributes + certificate, /PEM block labelled PRIVATE KEY/],
    "refuses parameters alone": [ecParameters, /PEM block labelled PRIVATE KEY/],
    "refuses half of a key": [ecParameters + whole.slice(0, 120), /PEM block labelled PRIVATE KEY/],
    "refuses a key that ends as another": [
      whole.replace("END PRIVATE KEY", "END EC PRIVATE KEY"),
      /PEM block labelled PRIVATE KEY/,
    ],
    "refuses a key around another block": [
      `-----BEGIN PRIVATE KEY-----\n${certificate}-----END PRIVATE KEY-----`,
      /PEM block labelled PRIVATE KEY/,
    ],
  };
  for (const [name, [text, says]] of Object.entries(problems)) {
    it.effect(name, () => refused("ES256", text, says));
  }
});

describe("PrivateKeyJwt.make, of RSA,", () => {
  for (const bits of [512, 1024, 2047]) {
    const { privateKey } = rsaOf(bits);
    for (const algorithm of ["PS256", "RS256"] as const) {
      for (const [format, text] of [
        ["pkcs8", pem(privateKey, "pkcs8")],
        ["jwk", jwk(privateKey)],
      ] as const) {
        it.effect(`refuses ${bits} bits for ${algorithm} in ${format}`, () =>
          refused(
            algorithm,
            text,
            new RegExp(`it has ${bits} bits; make and register one of 2048 bits or more`),
          ),
        );
      }
    }
  }

  for (const bits of [2048, 2049, 3072]) {
    it.effect(`takes ${bits} bits`, () => check("PS256", pem(rsaOf(bits).privateKey, "pkcs8")));
  }
});

describe("PrivateKeyJwt.make, of a JWK,", () => {
  const fine: ReadonlyArray<object> = [
    { use: "sig" },
    { key_ops: ["sign"] },
    { use: "sig", key_ops: ["sign", "verify"], alg: "ES256", kid: "1", ext: true },
  ];
  for (const members of fine) {
    it.effect(`takes ${JSON.stringify(members)}`, () =>
      check("ES256", jwk(ec.privateKey, members)),
    );
  }

  const others: ReadonlyArray<object> = [
    { use: "enc" },
    { use: "canary" },
    { use: null },
    { key_ops: [] },
    { key_ops: ["verify"] },
    { key_ops: "sign" },
    { use: "sig", key_ops: ["deriveBits"] },
    { use: "enc", key_ops: ["sign"] },
  ];
  for (const members of others) {
    it.effect(`refuses ${JSON.stringify(members)}`, () =>
      refused("ES256", jwk(ec.privateKey, members), /not for signing.*take the key/),
    );
  }

  for (const [algorithm, key, alg] of [
    ["PS256", rsa, "RS256"],
    ["RS256", rsa, "PS256"],
    ["PS256", rsa, "RSA-OAEP"],
    ["ES256", ec, "ECDH-ES"],
  ] as const) {
    it.effect(`refuses alg ${alg} for ${algorithm}`, () =>
      refused(algorithm, jwk(key.privateKey, { alg }), new RegExp(`with alg ${algorithm}`)),
    );
  }
});

describe("PrivateKeyJwt.make, of an unknown algorithm,", () => {
  it.effect("names the algorithms that there are", () =>
    Effect.gen(function* () {
      for (const odd of ["ES521", "none", "HS256", "toString", ""]) {
        // As from a configuration that was not checked.
        const algorithm = odd as Jws.Algorithm;
        const reason = yield* Effect.flip(check(algorithm, pem(ec.privateKey, "pkcs8")));
        assert.strictEqual(
          reason.message,
          "option clientAuth.algorithm is not one of PS256, PS384, PS512, RS256, RS384, RS512, ES256, ES384, ES512, EdDSA, Ed25519",
        );
      }
    }),
  );
});
