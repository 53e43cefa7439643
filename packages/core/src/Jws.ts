/**
 * Signed JWTs (RFC 7515, RFC 7519) for assertions: signers, algorithms and private keys.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect";
import * as Base64Url from "effect/encoding/Base64Url";
import * as Predicate from "effect/Predicate";
import * as Redacted from "effect/Redacted";
import * as keys from "./internal/signingKey.ts";
import * as Secret from "./Secret.ts";
import * as TokenError from "./TokenError.ts";
import type { Learner } from "./TokenRequest.ts";

/**
 * JWS algorithms (RFC 7518 §3.1, RFC 8037 §3.1, RFC 9864 §2.2). FAPI 2.0 allows PS256, ES256 and EdDSA.
 *
 * @since 0.1.0
 */
export type Algorithm = keys.Algorithm;

/**
 * Signs without showing its key, such as in an HSM or a KMS.
 *
 * @since 0.1.0
 */
export interface Signer {
  /** The `alg` of the JWT, such as `PS256`. */
  readonly algorithm: string;
  /** The key's id at the authorization server, sent as `kid` if given. */
  readonly keyId?: string | undefined;
  /**
   * Makes the JWS signature over the signing input (RFC 7518 §3). ECDSA gives r||s, not the DER of
   * AWS KMS and OpenSSL. A signature of a length that cannot be right fails with `OptionInvalid`.
   */
  readonly sign: (
    signingInput: Uint8Array,
  ) => Effect.Effect<Uint8Array, TokenError.CredentialUnavailable | TokenError.OptionInvalid>;
}

/**
 * What signs a JWT, and what its header says.
 *
 * @since 0.1.0
 */
export interface Signing {
  /** PKCS#8 PEM or a JWK as JSON text; a secret that is read again; or a signer of your own. */
  readonly key: Redacted.Redacted | Secret.Secret | Signer;
  /**
   * The algorithm of a key. A signer brings its own.
   *
   * @default "PS256"
   */
  readonly algorithm?: Algorithm | undefined;
  /** The key's id at the authorization server, sent as `kid` if given. */
  readonly keyId?: string | undefined;
  /**
   * The `typ` of the header.
   *
   * @default "JWT"
   */
  readonly type?: string | undefined;
  /** Further members of the header; they cannot replace `alg`, `typ` and `kid`. */
  readonly header?: Readonly<Record<string, unknown>> | undefined;
}

/**
 * A signing that was checked.
 *
 * @since 0.1.0
 */
export interface Ready {
  /**
   * Signs claims as a compact JWS. After a refusal of it, the learner moves on to the next key of a
   * secret.
   */
  readonly sign: (
    claims: Readonly<Record<string, unknown>>,
  ) => Effect.Effect<
    { readonly jws: Redacted.Redacted; readonly learner: Learner },
    TokenError.CredentialUnavailable | TokenError.OptionInvalid
  >;
  /** `keyId`, or the thumbprint of the public key (RFC 7638). */
  readonly fingerprint: Effect.Effect<
    string,
    TokenError.CredentialUnavailable | TokenError.OptionInvalid
  >;
}

/**
 * Checks a signing: a key in this process signs once, so that an unusable one is found now.
 *
 * Fails with `OptionInvalid` for an unknown algorithm and for a key that cannot be read, does not fit
 * the algorithm, is RSA of fewer than 2048 bits, or is a JWK for something else than signing. A
 * `Secret` is read at the first signature.
 *
 * @since 0.1.0
 */
export const prepare = Effect.fnUntraced(function* (
  signing: Signing,
  proves: "client" | "grant",
): Effect.fn.Return<Ready, TokenError.OptionInvalid> {
  const option = proves === "client" ? "clientAuth" : "grant";
  if (
    !isSigner(signing.key) &&
    !Redacted.isRedacted(signing.key) &&
    !Secret.isSecret(signing.key)
  ) {
    return yield* TokenError.optionInvalid(
      `${option}.key`,
      "is not Redacted, a Secret or a Signer",
    );
  }
  const source = isSigner(signing.key)
    ? fromSigner(signing.key)
    : yield* fromKey(signing.key, signing.algorithm ?? "PS256", proves, option);
  const keyId = signing.keyId ?? source.keyId;
  const header = {
    ...signing.header,
    alg: source.algorithm,
    typ: signing.type ?? "JWT",
    ...(keyId === undefined ? {} : { kid: keyId }),
  };
  return {
    sign: Effect.fnUntraced(function* (claims) {
      const input = `${encodeJson(header)}.${encodeJson(claims)}`;
      const { sign, learner } = yield* source.current;
      const signature = yield* sign(new TextEncoder().encode(input));
      const problem = keys.signatureProblem(source.algorithm, signature);
      if (problem !== undefined) return yield* TokenError.optionInvalid(`${option}.key`, problem);
      return { jws: Redacted.make(`${input}.${Base64Url.encode(signature)}`), learner };
    }),
    fingerprint: keyId === undefined ? source.thumbprint : Effect.succeed(keyId),
  };
});

const encodeJson = (value: unknown) => Base64Url.encode(JSON.stringify(value));

const isSigner = (key: Signing["key"]): key is Signer =>
  Predicate.hasProperty(key, "sign") && typeof key.sign === "function";

interface Source {
  readonly algorithm: string;
  readonly keyId?: string | undefined;
  /** The key for one signature. */
  readonly current: Effect.Effect<
    { readonly sign: Signer["sign"]; readonly learner: Learner },
    TokenError.CredentialUnavailable | TokenError.OptionInvalid
  >;
  readonly thumbprint: Ready["fingerprint"];
}

const fromSigner = (signer: Signer): Source => ({
  algorithm: signer.algorithm,
  keyId: signer.keyId,
  current: Effect.succeed({ sign: signer.sign, learner: () => Effect.succeed(false) }),
  thumbprint: Effect.succeed(signer.algorithm),
});

const fromKey = Effect.fnUntraced(function* (
  key: Redacted.Redacted | Secret.Secret,
  algorithm: Algorithm,
  proves: "client" | "grant",
  option: string,
): Effect.fn.Return<Source, TokenError.OptionInvalid> {
  if (!keys.isAlgorithm(algorithm)) {
    return yield* TokenError.optionInvalid(
      `${option}.algorithm`,
      `is not one of ${keys.algorithmNames.join(", ")}`,
    );
  }
  const rotating = Secret.rotating(key, proves);
  let last: { readonly text: string; readonly read: keys.SigningKey } | undefined;
  const current = Effect.flatMap(rotating, ({ value, learner }) => {
    const text = Redacted.value(value);
    if (last?.text === text) return Effect.succeed({ ...last.read, learner });
    return Effect.map(keys.read(text, algorithm), (read) => {
      last = { text, read };
      return { ...read, learner };
    });
  }).pipe(
    Effect.mapError((error) =>
      error._tag === "Unusable"
        ? TokenError.optionInvalid(
            `${option}.key`,
            `is not usable with ${algorithm}, which takes ${keys.keyOf(algorithm)}: ${error.problem}`,
          )
        : error,
    ),
  );
  // The secret of a running app may be away for now; a key in the options is either good or bad.
  if (Redacted.isRedacted(key))
    yield* Effect.catchTag(current, "CredentialUnavailable", Effect.die);
  return {
    algorithm,
    current,
    thumbprint: Effect.map(current, ({ thumbprint }) => thumbprint),
  };
});
