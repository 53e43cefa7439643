/** Reads private keys (PKCS#8 PEM or JWK) and signs with them through WebCrypto. */
import * as KeyFormat from "effect/crypto/KeyFormat";
import * as SecureRandom from "effect/crypto/SecureRandom";
import * as Signature from "effect/crypto/Signature";
import * as Data from "effect/Data";
import * as Effect from "effect/Effect";
import * as Base64Url from "effect/encoding/Base64Url";
import * as Layer from "effect/Layer";
import * as Result from "effect/Result";
import * as Schema from "effect/Schema";
import * as TokenError from "../TokenError.ts";

const rsa = "an RSA private key";

const algorithms = {
  PS256: { algorithm: Signature.rsaPssSha256, key: rsa },
  PS384: { algorithm: Signature.rsaPssSha384, key: rsa },
  PS512: { algorithm: Signature.rsaPssSha512, key: rsa },
  RS256: { algorithm: Signature.rsaPkcs1v15Sha256, key: rsa },
  RS384: { algorithm: Signature.rsaPkcs1v15Sha384, key: rsa },
  RS512: { algorithm: Signature.rsaPkcs1v15Sha512, key: rsa },
  ES256: { algorithm: Signature.ecdsaP256, key: "a P-256 private key", bytes: 64 },
  ES384: { algorithm: Signature.ecdsaP384, key: "a P-384 private key", bytes: 96 },
  ES512: { algorithm: Signature.ecdsaP521, key: "a P-521 private key", bytes: 132 },
  EdDSA: { algorithm: Signature.ed25519, key: "an Ed25519 private key", bytes: 64 },
  Ed25519: { algorithm: Signature.ed25519, key: "an Ed25519 private key", bytes: 64 },
} satisfies Record<
  string,
  { readonly algorithm: Signature.Algorithm; readonly key: string; readonly bytes?: number }
>;

export type Algorithm = keyof typeof algorithms;

export const algorithmNames = Object.keys(algorithms);

export const isAlgorithm = (name: string): name is Algorithm => Object.hasOwn(algorithms, name);

/** Names the kind of key that an algorithm takes. */
export const keyOf = (algorithm: Algorithm): string => algorithms[algorithm].key;

/** Says why a key cannot be used, without its text. */
export class Unusable extends Data.TaggedError("Unusable")<{ readonly problem: string }> {}

export interface SigningKey {
  readonly sign: (input: Uint8Array) => Effect.Effect<Uint8Array, TokenError.OptionInvalid>;
  /** The thumbprint of the public key (RFC 7638). */
  readonly thumbprint: string;
}

/** Reads a key and signs once, because a readable key may still have a size or curve that cannot sign. */
export const read = Effect.fnUntraced(function* (
  text: string,
  name: Algorithm,
): Effect.fn.Return<SigningKey, Unusable> {
  const { algorithm } = algorithms[name];
  const signature = yield* Signature.Signature.pipe(Effect.provide(signatures));
  const key = yield* decode(text.trim(), algorithm);
  const jwk = yield* Effect.mapError(KeyFormat.encode(KeyFormat.jwk, key), unusable);
  const bits = jwk.n === undefined ? 2048 : modulusBits(jwk.n);
  // RFC 7518 §3.3 and §3.5, FAPI 2.0 §5.4.
  if (bits < 2048) {
    return yield* new Unusable({
      problem: `it has ${bits} bits; make and register one of 2048 bits or more`,
    });
  }
  const sign = (input: Uint8Array) => signature.sign(key, input);
  yield* Effect.mapError(sign(new Uint8Array(1)), unusable);
  return {
    sign: (input) =>
      Effect.mapError(sign(input), (error) =>
        TokenError.optionInvalid("clientAuth.key", `cannot sign: ${error.reason.message}`),
      ),
    thumbprint: yield* thumbprint(jwk),
  };
});

const signatures = Signature.layerWebCrypto.pipe(Layer.provide(SecureRandom.layerWebCrypto));

const JsonText = Schema.fromJsonString(Schema.Record(Schema.String, Schema.Unknown));

const unusable = (error: { readonly reason: { readonly message: string } }) =>
  new Unusable({ problem: error.reason.message });

const decode = (text: string, algorithm: Signature.Algorithm) => {
  if (text.startsWith("{")) {
    return Schema.decodeEffect(JsonText)(text).pipe(
      Effect.mapError(() => new Unusable({ problem: "the JWK is not valid JSON" })),
      Effect.flatMap((jwk) =>
        isForSigning(jwk)
          ? Effect.mapError(KeyFormat.decodePrivate(KeyFormat.jwk, algorithm, jwk), unusable)
          : Effect.fail(
              new Unusable({
                problem:
                  "the JWK's use or key_ops says that it is not for signing; take the key that is registered for signatures",
              }),
            ),
      ),
    );
  }
  // OpenSSL writes parameters, attributes and certificates into the same file.
  const blocks = text.match(/-----BEGIN [A-Z ]*PRIVATE KEY-----/g) ?? [];
  if (blocks.length > 1) {
    return Effect.fail(
      new Unusable({
        problem: "there are several private keys in the PEM; leave only the one to sign with",
      }),
    );
  }
  if (blocks.length === 1 && blocks[0] !== "-----BEGIN PRIVATE KEY-----") {
    return Effect.fail(
      new Unusable({
        problem: `the PEM holds ${blocks[0]?.slice(11, -5)}, and only PRIVATE KEY (PKCS#8, not encrypted) is read here; convert it with openssl pkcs8 -topk8 -nodes, or take NodePrivateKey of @x/node`,
      }),
    );
  }
  const begin = text.indexOf("-----BEGIN PRIVATE KEY-----");
  const end = "-----END PRIVATE KEY-----";
  const at = text.indexOf(end, begin);
  const block = begin < 0 ? text : text.slice(begin, at < 0 ? undefined : at + end.length);
  return Effect.mapError(
    KeyFormat.decodePrivate(KeyFormat.pem(KeyFormat.pkcs8), algorithm, block),
    unusable,
  );
};

/** Tests whether a JWK says that its key is for signing (RFC 7517 §4.2 and §4.3). */
const isForSigning = ({ use, key_ops }: Readonly<Record<string, unknown>>): boolean =>
  (use === undefined || use === "sig") &&
  (key_ops === undefined || (Array.isArray(key_ops) && key_ops.includes("sign")));

const modulusBits = (n: string): number => {
  const modulus = Result.getOrElse(Base64Url.decode(n), () => new Uint8Array());
  // A JWK's modulus has no leading zeros (RFC 7518 §6.3.1.1), but for those of its first byte.
  return modulus.length * 8 - (Math.clz32(modulus[0] ?? 0) - 24);
};

/** Hashes the required members in the order of their names (RFC 7638 §3). */
const thumbprint = (
  jwk: Readonly<Partial<Record<"kty" | "crv" | "e" | "n" | "x" | "y", string | undefined>>>,
): Effect.Effect<string> => {
  const { kty, crv, e, n, x, y } = jwk;
  const members =
    kty === "RSA" ? { e, kty, n } : kty === "EC" ? { crv, kty, x, y } : { crv, kty, x };
  const bytes = new TextEncoder().encode(JSON.stringify(members));
  return Effect.map(
    Effect.promise(() => crypto.subtle.digest("SHA-256", bytes)),
    (digest) => Base64Url.encode(new Uint8Array(digest)),
  );
};

/** Says what a signature's length shows. A server would say only that it does not know the client. */
export const signatureProblem = (name: string, signature: Uint8Array): string | undefined => {
  if (!isAlgorithm(name)) return undefined;
  const { length } = signature;
  const known: { readonly key: string; readonly bytes?: number } = algorithms[name];
  const returned = `made a signature of ${length} bytes for ${name}`;
  if (known.bytes === undefined) {
    return length >= 256
      ? undefined
      : `${returned}, which takes 256 or more: sign with an RSA key of 2048 bits or more (RFC 7518 §3)`;
  }
  if (length === known.bytes) return undefined;
  return name.startsWith("ES") && signature[0] === 0x30
    ? `made a signature in DER for ${name}, which takes the ${known.bytes} bytes of r||s (RFC 7518 §3.4): convert it`
    : `${returned}, which takes ${known.bytes}: sign with ${known.key}`;
};
