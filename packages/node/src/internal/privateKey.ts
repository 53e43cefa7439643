import * as Effect from "effect/Effect";
import * as Crypto from "node:crypto";
import * as Inputs from "./inputs.ts";

/** Reads a private key in PEM, DER or JWK, encrypted or not. Of several in a PEM it takes the first. */
export const read = Effect.fnUntraced(function* (
  material: Inputs.Material,
  passphrase: string | undefined,
): Effect.fn.Return<Crypto.KeyObject, Inputs.Unusable> {
  const { source } = material;
  const text = Inputs.text(material.bytes);
  if (/^\s*\{/.test(text)) return yield* readJwk(source, text);
  const forms = formsOf(material.bytes, text);
  return yield* Effect.catch(open(forms), (code) => {
    if (!wantsPassphrase.has(code)) return notOpened(source, text, code);
    return passphrase === undefined
      ? Inputs.unusable(
          "passphrase",
          source,
          "it is encrypted; give its passphrase in the option passphrase",
        )
      : Effect.mapError(open(forms, { passphrase }), (code) =>
          code === retiredCipher
            ? notOpened(source, text, code)
            : // A wrong passphrase may decrypt to bytes that look whole, so that the code varies.
              Inputs.unusable(
                "passphrase",
                source,
                "the passphrase does not open it; give the one that it was encrypted with",
              ),
        );
  });
});

/** Writes a key as PKCS#8 PEM, not encrypted. */
export const toPem = (key: Crypto.KeyObject): string =>
  key.export({ type: "pkcs8", format: "pem" }).toString();

/** Opens the first form that is right. Fails with the code of the last one. */
const open = (
  forms: ReadonlyArray<Crypto.PrivateKeyInput>,
  protection: { readonly passphrase?: string } = {},
): Effect.Effect<Crypto.KeyObject, string> =>
  Effect.firstSuccessOf(
    forms.map((form) =>
      Effect.try({
        try: () => Crypto.createPrivateKey({ ...form, ...protection }),
        catch: Inputs.codeOf,
      }),
    ),
  );

/** DER does not say its form. PKCS#8 comes last, because only its code tells that it is encrypted. */
const formsOf = (bytes: Buffer, text: string): ReadonlyArray<Crypto.PrivateKeyInput> =>
  bytes[0] === derSequence && !text.includes("-----BEGIN")
    ? (["pkcs1", "sec1", "pkcs8"] as const).map((type) => ({ key: bytes, format: "der", type }))
    : [{ key: text }];

const readJwk = Effect.fnUntraced(function* (
  source: string,
  text: string,
): Effect.fn.Return<Crypto.KeyObject, Inputs.Unusable> {
  const refuse = (advice: string) => Inputs.unusable("unreadable", source, advice);
  const { key, isForSigning } = yield* Inputs.attempt(
    () => {
      const jwk: Crypto.webcrypto.JsonWebKey = JSON.parse(text);
      const { use = "sig", key_ops = ["sign"] } = jwk;
      return {
        key: Crypto.createPrivateKey({ key: jwk, format: "jwk" }),
        // RFC 7517 §4.2 and §4.3.
        isForSigning: use === "sig" && key_ops.includes("sign"),
      };
    },
    () => refuse("its JWK is cut off, damaged or not a private key; copy the private key again"),
  );
  return isForSigning
    ? key
    : yield* refuse(
        "the JWK's use or key_ops says that it is not for signing; take the key that is registered for signatures",
      );
});

const notOpened = (source: string, text: string, code: string): Inputs.Unusable =>
  Inputs.unusable(
    "unreadable",
    source,
    code === retiredCipher
      ? "it is encrypted with a retired cipher; encrypt it anew with openssl pkcs8 -topk8"
      : /-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text)
        ? "it holds a private key that is cut off or damaged; copy it again"
        : text.includes("-----BEGIN CERTIFICATE-----")
          ? "it holds a certificate and no private key; check whether the two options are swapped"
          : "it is not a private key; give a private key in PEM, DER or JWK",
  );

/** The codes for an encrypted key without a passphrase: in PEM, and in DER. */
const wantsPassphrase: ReadonlySet<string> = new Set([
  "ERR_OSSL_CRYPTO_INTERRUPTED_OR_CANCELLED",
  "ERR_MISSING_PASSPHRASE",
]);

/** The code for a cipher of OpenSSL's legacy provider, such as RC2. */
const retiredCipher = "ERR_OSSL_EVP_UNSUPPORTED";

/** The first byte of DER. */
const derSequence = 0x30;
