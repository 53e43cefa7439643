import * as Effect from "effect/Effect";
import type { JWK } from "jose";
import * as Crypto from "node:crypto";

export interface AssertionKey {
  readonly client: {
    readonly algorithm: "PS256" | "RS256" | "ES256" | "EdDSA";
    readonly keyId: string;
    readonly privateKey: string;
    readonly privateKeyJwk: Readonly<Record<string, unknown>>;
  };
  readonly publicKeyJwk: JWK;
}

/** Makes a key that signs client assertions with the algorithm. */
export const generate = (
  algorithm: AssertionKey["client"]["algorithm"],
): Effect.Effect<AssertionKey> =>
  Effect.sync(() => {
    const { privateKey, publicKey } = keyPair(algorithm);
    const keyId = Crypto.randomUUID();
    const members = { kid: keyId, alg: algorithm, use: "sig" };
    return {
      client: {
        algorithm,
        keyId,
        privateKey: privateKey.export({ type: "pkcs8", format: "pem" }),
        privateKeyJwk: { ...privateKey.export({ format: "jwk" }), ...members },
      },
      publicKeyJwk: { ...publicKey.export({ format: "jwk" }), ...members },
    };
  });

const keyPair = (algorithm: AssertionKey["client"]["algorithm"]) => {
  switch (algorithm) {
    case "ES256":
      return Crypto.generateKeyPairSync("ec", { namedCurve: "P-256" });
    case "EdDSA":
      return Crypto.generateKeyPairSync("ed25519");
    default:
      return Crypto.generateKeyPairSync("rsa", { modulusLength: 2048 });
  }
};
