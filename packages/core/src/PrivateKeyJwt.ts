/**
 * `private_key_jwt`: client authentication by a signed assertion (RFC 7523 §2.2).
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock";
import * as KeyFormat from "effect/crypto/KeyFormat";
import * as SecureRandom from "effect/crypto/SecureRandom";
import * as Signature from "effect/crypto/Signature";
import type * as CryptoError from "effect/crypto/CryptoError";
import * as Effect from "effect/Effect";
import * as Base64Url from "effect/encoding/Base64Url";
import * as Layer from "effect/Layer";
import * as Redacted from "effect/Redacted";
import * as Result from "effect/Result";
import * as Schema from "effect/Schema";
import type * as ClientAuth from "./ClientAuth.ts";
import * as TokenError from "./TokenError.ts";
import * as TokenRequest from "./TokenRequest.ts";

/**
 * JWS algorithms (RFC 7518 §3.1, RFC 8037 §3.1). FAPI 2.0 allows all of them but RS256.
 *
 * @since 0.1.0
 */
export type Algorithm = "PS256" | "RS256" | "ES256" | "EdDSA";

/**
 * What signs an assertion: a key in this process (`signer`), or one in an HSM or KMS.
 *
 * @since 0.1.0
 */
export interface Signer {
  readonly algorithm: Algorithm;
  /** The key's id at the authorization server, sent as `kid` if given. */
  readonly keyId?: string | undefined;
  /**
   * JWS signature over the signing input (RFC 7518 §3): for ES256 the 64 bytes of `r` and `s`, not
   * the DER that AWS KMS and OpenSSL return; for PS256 and RS256 of a key of 2048 bits or more.
   * A signature of another length fails with `OptionInvalid` when it is made, and is not sent.
   */
  readonly sign: (signingInput: Uint8Array) => Effect.Effect<Uint8Array, TokenError.Reason>;
}

/**
 * The option value of a vendor that takes `private_key_jwt`.
 *
 * @since 0.1.0
 */
export interface PrivateKeyJwt<Bound extends boolean = boolean> {
  readonly signer: Effect.Effect<Signer, TokenError.OptionInvalid>;
  /**
   * What the assertion is for, whichever endpoint it goes to: the issuer identifier (FAPI 2.0), or
   * the token endpoint as older deployments ask.
   */
  readonly audience: "issuer" | "token_endpoint";
  /** Whether the assertion goes over mutual TLS, so that tokens are bound to the certificate (RFC 8705 §3). */
  readonly certificateBoundTokens: Bound;
}

/**
 * A private key in this process: PEM (`PRIVATE KEY`, `RSA PRIVATE KEY` or `EC PRIVATE KEY`, with
 * whatever else is in the file) or a JWK as JSON text.
 *
 * @since 0.1.0
 */
export interface Key {
  readonly key: Redacted.Redacted;
  /** @default "PS256" */
  readonly algorithm?: Algorithm | undefined;
  readonly keyId?: string | undefined;
}

/**
 * Authentication by signed assertion, with a key or with any other `Signer`, or an effect that makes
 * one when the layer is built.
 *
 * @example
 * import * as PrivateKeyJwt from "@x/core/PrivateKeyJwt"
 *
 * const clientAuth = PrivateKeyJwt.make({ key: pem, keyId: "2026-11", algorithm: "PS256" })
 *
 * @since 0.1.0
 */
export const make = <const Bound extends boolean = false>(
  options: (Key | { readonly signer: Signer | Effect.Effect<Signer, TokenError.OptionInvalid> }) & {
    /** @default "issuer" */
    readonly audience?: "issuer" | "token_endpoint" | undefined;
    /** @default false */
    readonly certificateBoundTokens?: Bound | undefined;
  },
  // NoInfer, or the option that this becomes would widen `Bound`, and the layer ask for a certificate.
): PrivateKeyJwt<NoInfer<Bound>> => ({
  signer: !("signer" in options)
    ? signer(options)
    : Effect.isEffect(options.signer)
      ? options.signer
      : Effect.succeed(options.signer),
  audience: options.audience ?? "issuer",
  // An absent option infers `Bound` as its default, `false`.
  certificateBoundTokens: options.certificateBoundTokens ?? (false as Bound),
});

/**
 * A signer on a private key in this process, through WebCrypto.
 *
 * Fails with `OptionInvalid` for a key that cannot be read, does not fit the algorithm, is RSA of
 * fewer than 2048 bits, or is a JWK for something else than signing.
 *
 * @since 0.1.0
 */
export const signer = Effect.fnUntraced(function* (
  options: Key,
): Effect.fn.Return<Signer, TokenError.OptionInvalid> {
  const algorithm = options.algorithm ?? "PS256";
  if (!Object.hasOwn(algorithms, algorithm)) {
    return yield* new TokenError.OptionInvalid({
      option: "clientAuth.algorithm",
      problem: `is not one of ${Object.keys(algorithms).join(", ")}`,
    });
  }
  const unusable = (problem: string) =>
    new TokenError.OptionInvalid({
      option: "clientAuth.key",
      problem: `is not usable with ${algorithm}, which takes ${keyOf[algorithm]}: ${problem}`,
    });
  const key = yield* readKey(Redacted.value(options.key).trim(), algorithm).pipe(
    Effect.tap((key) => largeEnough(key, algorithm)),
    Effect.mapError((error) => unusable(error.reason.message)),
  );
  const signature = yield* Signature.Signature.pipe(Effect.provide(signatures));
  const sign = (signingInput: Uint8Array) =>
    Effect.mapError(signature.sign(key, signingInput), (error) => unusable(error.reason.message));
  // A key can be readable and still not sign (its size, its curve): better found now than at 3 a.m.
  yield* sign(new Uint8Array(1));
  return { algorithm, keyId: options.keyId, sign };
});

const signatures = Signature.layerWebCrypto.pipe(Layer.provide(SecureRandom.layerWebCrypto));

const algorithms = {
  PS256: Signature.rsaPssSha256,
  RS256: Signature.rsaPkcs1v15Sha256,
  ES256: Signature.ecdsaP256,
  EdDSA: Signature.ed25519,
} satisfies Record<Algorithm, Signature.Algorithm>;

const keyOf = {
  PS256: "an RSA private key",
  RS256: "an RSA private key",
  ES256: "a P-256 private key",
  EdDSA: "an Ed25519 private key",
} satisfies Record<Algorithm, string>;

type PrivateKey = KeyFormat.PrivateKey<Signature.Algorithm>;

const JsonText = Schema.fromJsonString(Schema.Record(Schema.String, Schema.Unknown));

/** PKCS#8, PKCS#1 or SEC1; one that does not end is for the reader of its format to refuse. */
const privateKeyBlock = /-----BEGIN ((?:RSA |EC )?PRIVATE KEY)-----[^-]*(?:-----END \1-----)?/g;

const readKey = (
  text: string,
  algorithm: Algorithm,
): Effect.Effect<PrivateKey, CryptoError.CryptoError | Unreadable> => {
  const target = algorithms[algorithm];
  if (text.startsWith("{")) {
    return Schema.decodeEffect(JsonText)(text).pipe(
      Effect.mapError(() => unreadable("the JWK is not valid JSON")),
      Effect.flatMap((jwk) =>
        isForSigning(jwk)
          ? KeyFormat.decodePrivate(KeyFormat.jwk, target, jwk)
          : Effect.fail(notForSigning),
      ),
    );
  }
  // PKCS#8 says so in its label, PKCS#1 and SEC1 in a header (RFC 1421 §4.6.1.1).
  if (/^-----BEGIN ENCRYPTED |^Proc-Type: *4, *ENCRYPTED/m.test(text))
    return Effect.fail(encrypted);
  // OpenSSL writes parameters, attributes and certificates into the same file.
  const [found, another] = text.matchAll(privateKeyBlock);
  if (another !== undefined) return Effect.fail(several);
  const [block = text, label] = found ?? [];
  const format =
    label === "RSA PRIVATE KEY"
      ? KeyFormat.pkcs1
      : label === "EC PRIVATE KEY"
        ? KeyFormat.sec1
        : KeyFormat.pkcs8;
  return KeyFormat.decodePrivate(KeyFormat.pem(format), target, block);
};

/** What a JWK says that its key is for (RFC 7517 §4.2 and §4.3). */
const isForSigning = ({ use, key_ops }: Readonly<Record<string, unknown>>): boolean =>
  (use === undefined || use === "sig") &&
  (key_ops === undefined || (Array.isArray(key_ops) && key_ops.includes("sign")));

/** RFC 7518 §3.3 and §3.5, FAPI 2.0 §5.4: RSA of at least 2048 bits. */
const largeEnough = Effect.fnUntraced(function* (
  key: PrivateKey,
  algorithm: Algorithm,
): Effect.fn.Return<void, CryptoError.CryptoError | Unreadable> {
  if (algorithm !== "PS256" && algorithm !== "RS256") return;
  const { n = "" } = yield* KeyFormat.encode(KeyFormat.jwk, key);
  const modulus = Result.getOrElse(Base64Url.decode(n), () => new Uint8Array());
  // A JWK's modulus has no leading zeros (RFC 7518 §6.3.1.1), but for those of its first byte.
  const bits = modulus.length * 8 - (Math.clz32(modulus[0] ?? 0) - 24);
  if (bits < 2048) {
    return yield* Effect.fail(
      unreadable(`it has ${bits} bits; make and register one of 2048 bits or more`),
    );
  }
});

interface Unreadable {
  readonly reason: { readonly message: string };
}

const unreadable = (message: string): Unreadable => ({ reason: { message } });

const encrypted = unreadable(
  "the key is encrypted; decrypt it first, or use NodePrivateKey of @x/node or another Signer",
);

const several = unreadable(
  "there are several private keys in the PEM; leave only the one to sign with",
);

const notForSigning = unreadable(
  "the JWK's use or key_ops says that it is not for signing; take the key that is registered for signatures",
);

/**
 * Client authentication with a fresh assertion for each attempt (RFC 7523 §3): `iss` and `sub` are
 * the client id, `aud` is one string, `iat` is 5 s back and `exp` 60 s ahead, `jti` has 128 random
 * bits, and there is no `nbf`, because servers without leeway refuse a clock that is a little ahead.
 *
 * @since 0.1.0
 */
export const clientAuth = (options: {
  readonly clientId: string;
  /** The configured issuer, for assertions whose audience it is. */
  readonly issuer: string | undefined;
  readonly privateKeyJwt: PrivateKeyJwt;
}): Effect.Effect<ClientAuth.ClientAuth, TokenError.OptionInvalid> =>
  Effect.map(options.privateKeyJwt.signer, (signer) => {
    const issuer = options.privateKeyJwt.audience === "issuer" ? options.issuer : undefined;
    return {
      method: "private_key_jwt",
      authenticate: (request, clockSkew, tokenUrl = Effect.succeed(request.url)) =>
        (issuer === undefined ? tokenUrl : Effect.succeed(issuer)).pipe(
          Effect.flatMap((audience) =>
            assertion({ signer, clockSkew, clientId: options.clientId, audience }),
          ),
          Effect.map((client_assertion) =>
            TokenRequest.withParams(request, {
              client_id: options.clientId,
              client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
              client_assertion,
            }),
          ),
        ),
    };
  });

const assertion = Effect.fnUntraced(function* (options: {
  readonly signer: Signer;
  readonly clockSkew: number;
  readonly clientId: string;
  readonly audience: string;
}): Effect.fn.Return<Redacted.Redacted, TokenError.Reason> {
  const now = Math.floor(((yield* Clock.currentTimeMillis) + options.clockSkew) / 1000);
  const { algorithm, keyId } = options.signer;
  const header = { alg: algorithm, typ: "JWT", ...(keyId === undefined ? {} : { kid: keyId }) };
  const claims = {
    iss: options.clientId,
    sub: options.clientId,
    aud: options.audience,
    iat: now - 5,
    exp: now + 60,
    jti: Base64Url.encode(SecureRandom.randomBytesUnsafe(16)),
  };
  const signingInput = `${Base64Url.encode(JSON.stringify(header))}.${Base64Url.encode(JSON.stringify(claims))}`;
  const signature = yield* options.signer.sign(new TextEncoder().encode(signingInput));
  const problem = signatureProblem(algorithm, signature);
  if (problem !== undefined) {
    return yield* new TokenError.OptionInvalid({ option: "clientAuth.signer", problem });
  }
  return Redacted.make(`${signingInput}.${Base64Url.encode(signature)}`);
});

/** What a signature's length tells; servers would say no more than that the client is not known. */
const signatureProblem = (algorithm: Algorithm, signature: Uint8Array): string | undefined => {
  const { length } = signature;
  const returned = `returned a signature of ${length} bytes for ${algorithm}`;
  switch (algorithm) {
    case "PS256":
    case "RS256":
      return length >= 256
        ? undefined
        : `${returned}, which takes 256 or more: sign with an RSA key of 2048 bits or more (RFC 7518 §3)`;
    case "ES256":
      if (length === 64) return undefined;
      return signature[0] === 0x30 && signature[1] === length - 2
        ? `returned a signature in DER for ${algorithm}, which takes the 64 bytes of r||s (RFC 7518 §3.4): convert it`
        : `${returned}, which takes the 64 bytes of r||s (RFC 7518 §3.4): sign with a P-256 key`;
    case "EdDSA":
      return length === 64
        ? undefined
        : `${returned}, which takes 64 (RFC 8037 §3.1): sign with an Ed25519 key`;
  }
};
