import { assert, describe, it } from "@effect/vitest";
import * as PrivateKeyJwt from "@x/core/PrivateKeyJwt";
import * as Effect from "effect/Effect";
import * as Redacted from "effect/Redacted";
import { generateKeyPairSync, verify } from "node:crypto";
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

const signerOf = (algorithm: PrivateKeyJwt.Algorithm, text: string) =>
  PrivateKeyJwt.signer({ key: Redacted.make(text), algorithm });

const refused = (algorithm: PrivateKeyJwt.Algorithm, text: string, says: RegExp) =>
  Effect.gen(function* () {
    const reason = yield* Effect.flip(signerOf(algorithm, text));
    assert.strictEqual(reason._tag, "OptionInvalid");
    assert.strictEqual(reason.option, "clientAuth.key");
    assert.match(reason.problem, new RegExp(`^is not usable with ${algorithm}, which takes an? `));
    assert.match(reason.problem, says);
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

describe("PrivateKeyJwt.signer finds the private key", () => {
  const files: Readonly<
    Record<string, readonly [PrivateKeyJwt.Algorithm, { readonly publicKey: KeyObject }, string]>
  > = {
    "behind EC parameters": ["ES256", ec, ecParameters + pem(ec.privateKey, "sec1")],
    "behind bag attributes": ["RS256", rsa, bagAttributes + pem(rsa.privateKey, "pkcs8")],
    "behind a certificate": ["RS256", rsa, certificate + pem(rsa.privateKey, "pkcs1")],
    "before a certificate": ["RS256", rsa, pem(rsa.privateKey, "pkcs8") + certificate],
    "behind its public key": ["EdDSA", ed, spki(ed.publicKey) + pem(ed.privateKey, "pkcs8")],
    "between bags, with CRLF": [
      "ES256",
      ec,
      (
        bagAttributes +
        certificate +
        bagAttributes +
        pem(ec.privateKey, "pkcs8") +
        certificate
      ).replaceAll("\n", "\r\n"),
    ],
  };
  const input = new TextEncoder().encode("header.claims");
  for (const [name, [algorithm, { publicKey }, text]] of Object.entries(files)) {
    it.effect(name, () =>
      Effect.gen(function* () {
        const signature = yield* Effect.flatMap(signerOf(algorithm, text), ({ sign }) =>
          sign(input),
        );
        const hash = algorithm === "EdDSA" ? null : "sha256";
        assert.isTrue(
          verify(hash, input, { key: publicKey, dsaEncoding: "ieee-p1363" }, signature),
        );
      }),
    );
  }

  const whole = pem(ec.privateKey, "pkcs8");
  const problems: Readonly<Record<string, readonly [text: string, says: RegExp]>> = {
    "nor takes one of two": [
      whole + pem(ec.privateKey, "sec1"),
      /several private keys.*leave only/,
    ],
    "nor opens an encrypted one": [
      bagAttributes +
        String(
          ec.privateKey.export({
            type: "pkcs8",
            format: "pem",
            cipher: "aes-256-cbc",
            passphrase: "canary",
          }),
        ),
      /is encrypted; decrypt it first/,
    ],
    "nor in certificates": [bagAttributes + certificate, /PEM block labelled PRIVATE KEY/],
    "nor behind parameters alone": [ecParameters, /PEM block labelled PRIVATE KEY/],
    "nor half of one": [
      ecParameters + pem(ec.privateKey, "sec1").slice(0, 120),
      /PEM block labelled EC PRIVATE KEY/,
    ],
    "nor one that ends as another": [
      whole.replace("END PRIVATE KEY", "END EC PRIVATE KEY"),
      /PEM block labelled PRIVATE KEY/,
    ],
    "nor at the end of another block": [
      `-----BEGIN PRIVATE KEY-----\n${certificate}-----END PRIVATE KEY-----`,
      /PEM block labelled PRIVATE KEY/,
    ],
  };
  for (const [name, [text, says]] of Object.entries(problems)) {
    it.effect(name, () => refused("ES256", text, says));
  }
});

describe("PrivateKeyJwt.signer asks for 2048 bits of RSA", () => {
  for (const bits of [512, 1024, 2047]) {
    const { privateKey } = rsaOf(bits);
    for (const algorithm of ["PS256", "RS256"] as const) {
      for (const [format, text] of [
        ["pkcs8", pem(privateKey, "pkcs8")],
        ["pkcs1", pem(privateKey, "pkcs1")],
        ["jwk", jwk(privateKey)],
      ] as const) {
        it.effect(`so refuses ${bits} for ${algorithm}, in ${format}`, () =>
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
    it.effect(`and takes ${bits}`, () => signerOf("PS256", pem(rsaOf(bits).privateKey, "pkcs8")));
  }
});

describe("PrivateKeyJwt.signer heeds what a JWK is for", () => {
  const fine: ReadonlyArray<object> = [
    { use: "sig" },
    { key_ops: ["sign"] },
    { use: "sig", key_ops: ["sign", "verify"], alg: "ES256", kid: "1", ext: true },
  ];
  for (const members of fine) {
    it.effect(`and takes ${JSON.stringify(members)}`, () =>
      signerOf("ES256", jwk(ec.privateKey, members)),
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
    it.effect(`and refuses ${JSON.stringify(members)}`, () =>
      refused("ES256", jwk(ec.privateKey, members), /not for signing.*take the key/),
    );
  }

  for (const [algorithm, key, alg] of [
    ["PS256", rsa, "RS256"],
    ["RS256", rsa, "PS256"],
    ["PS256", rsa, "RSA-OAEP"],
    ["ES256", ec, "ECDH-ES"],
  ] as const) {
    it.effect(`and refuses ${alg} for ${algorithm}`, () =>
      refused(algorithm, jwk(key.privateKey, { alg }), new RegExp(`with alg ${algorithm}`)),
    );
  }
});

describe("PrivateKeyJwt.signer takes its algorithms alone", () => {
  it.effect("and says which they are", () =>
    Effect.gen(function* () {
      for (const odd of ["ES512", "none", "HS256", "toString", ""]) {
        // As from a configuration that was not checked.
        const algorithm = odd as PrivateKeyJwt.Algorithm;
        const reason = yield* Effect.flip(signerOf(algorithm, pem(ec.privateKey, "pkcs8")));
        assert.strictEqual(
          reason.message,
          "option clientAuth.algorithm is not one of PS256, RS256, ES256, EdDSA",
        );
      }
    }),
  );
});
