import * as Effect from "effect/Effect";
import * as Crypto from "node:crypto";
import type { JWK } from "oidc-provider";

/**
 * Algorithms of client assertions.
 *
 * @since 0.1.0
 */
export type AssertionAlgorithm = "PS256" | "RS256" | "ES256" | "EdDSA";

/** A key pair in the forms that the client and the server need. */
export interface AssertionKey {
  readonly client: {
    readonly algorithm: AssertionAlgorithm;
    readonly keyId: string;
    readonly privateKey: string;
    readonly privateKeyJwk: Readonly<Record<string, unknown>>;
  };
  readonly publicKeyJwk: JWK;
}

/** Generates a key that signs client assertions with the algorithm. */
export const generate = (algorithm: AssertionAlgorithm): Effect.Effect<AssertionKey> =>
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
      publicKeyJwk: { ...publicKey.export({ format: "jwk" }), ...members } as JWK,
    };
  });

const keyPair = (algorithm: AssertionAlgorithm) => {
  switch (algorithm) {
    case "ES256":
      return Crypto.generateKeyPairSync("ec", { namedCurve: "P-256" });
    case "EdDSA":
      return Crypto.generateKeyPairSync("ed25519");
    default:
      return Crypto.generateKeyPairSync("rsa", { modulusLength: 2048 });
  }
};
