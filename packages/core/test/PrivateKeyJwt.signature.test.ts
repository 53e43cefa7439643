import { assert, describe, it } from "@effect/vitest";
import type * as Jws from "@x/core/Jws";
import * as PrivateKeyJwt from "@x/core/PrivateKeyJwt";
import * as TokenRequest from "@x/core/TokenRequest";
import * as Effect from "effect/Effect";
import { generateKeyPairSync, sign } from "node:crypto";
import { everyText } from "./scripted.ts";

const request = TokenRequest.make("https://login.acme.test/token", {});
const endpoint = { url: request.url, tokenUrl: request.url, issuer: "https://auth.acme.test" };

const asserting = (algorithm: Jws.Algorithm, signature: (input: Uint8Array) => Uint8Array) =>
  PrivateKeyJwt.make({
    key: { algorithm, sign: (input) => Effect.sync(() => signature(input)) },
  })
    .of({ clientId: "client-1" })
    .pipe(Effect.flatMap((auth) => auth.authenticate(request, endpoint)));

const bytes = (length: number) => new Uint8Array(length).fill(65);

const ecdsa = (namedCurve: string) => {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve });
  return (input: Uint8Array) => new Uint8Array(sign("sha256", input, privateKey));
};

/** A signature in DER whose `r` and `s` have so many bytes. */
const der = (r: number, s: number) =>
  Uint8Array.of(0x30, r + s + 4, 2, r, ...bytes(r), 2, s, ...bytes(s));

describe("Jws, of a signer's signature,", () => {
  const mistakes: ReadonlyArray<
    readonly [name: string, Jws.Algorithm, (input: Uint8Array) => Uint8Array, says: RegExp]
  > = [
    ["DER, as OpenSSL and KMS write it", "ES256", ecdsa("P-256"), /in DER .*64 bytes of r\|\|s/],
    ["DER of short numbers", "ES256", () => der(31, 30), /in DER .*64 bytes of r\|\|s/],
    ["DER of another curve", "ES256", ecdsa("P-384"), /in DER .*64 bytes of r\|\|s/],
    ["r||s of another curve", "ES256", () => bytes(96), /of 96 bytes .*64/],
    ["half of r||s", "ES256", () => bytes(32), /of 32 bytes .*64/],
    ["nothing", "ES256", () => bytes(0), /of 0 bytes .*64/],
    ["an Ed448 signature", "EdDSA", () => bytes(114), /of 114 bytes .*64/],
    ["an ECDSA signature for EdDSA", "EdDSA", () => der(33, 33), /of 72 bytes .*64/],
    ["no signature for EdDSA", "EdDSA", () => bytes(0), /of 0 bytes .*64/],
    ["RSA of 1024 bits", "PS256", () => bytes(128), /of 128 bytes .*RSA key of 2048 bits or more/],
    ["RSA of 2040 bits", "RS256", () => bytes(255), /of 255 bytes .*RSA key of 2048 bits or more/],
    ["ECDSA for PS256", "PS256", () => bytes(64), /of 64 bytes .*RSA key of 2048 bits or more/],
  ];
  for (const [name, algorithm, signature, says] of mistakes) {
    it.effect(`refuses ${name}, for ${algorithm}`, () =>
      Effect.gen(function* () {
        const reason = yield* Effect.flip(asserting(algorithm, signature));
        assert.strictEqual(reason._tag, "OptionInvalid");
        assert.strictEqual(
          reason._tag === "OptionInvalid" && reason.problems[0].option,
          "clientAuth.key",
        );
        assert.match(reason.message, says);
        assert.notInclude(everyText(reason), "eyJh");
        assert.notInclude(everyText(reason), "AAAA");
      }),
    );
  }

  for (const [algorithm, length] of [
    ["ES256", 64],
    ["EdDSA", 64],
    ["PS256", 256],
    ["RS256", 256],
    ["PS256", 384],
    ["RS256", 512],
  ] as const) {
    it.effect(`takes ${length} bytes for ${algorithm}`, () =>
      asserting(algorithm, () => bytes(length)),
    );
  }

  it.effect("takes r||s that begins as DER does", () =>
    asserting("ES256", () => Uint8Array.of(0x30, 62, ...bytes(62))),
  );
});
