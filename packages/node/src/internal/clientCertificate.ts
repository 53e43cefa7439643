import * as MutualTls from "@x/core/MutualTls";
import type * as TokenError from "@x/core/TokenError";
import * as Effect from "effect/Effect";
import type * as Crypto from "node:crypto";
import * as Net from "node:net";
import * as Tls from "node:tls";
import * as KeyMaterial from "./keyMaterial.ts";
import type * as Materials from "./materials.ts";
import * as Trust from "./trust.ts";

/** A certificate that was checked, as TLS contexts: nothing in it can be printed as PEM again. */
export interface ClientCertificate {
  /** For messages. */
  readonly source: string;
  readonly leaf: Crypto.X509Certificate;
  /** Shows the certificate. */
  readonly identified: Tls.SecureContext;
  /** Trusts the same authorities and has no certificate to show. */
  readonly anonymous: Tls.SecureContext;
}

/** Checks what was read: the pair, the passphrase, the authorities and the validity. */
export const verify = (
  materials: Materials.Materials,
): Effect.Effect<ClientCertificate, TokenError.CertificateUnusable> =>
  Trust.verify(materials.authorities).pipe(
    Effect.flatMap((trust) =>
      materials.format === "pfx" ? fromPfx(materials, trust) : fromPem(materials, trust),
    ),
    Effect.flatMap(checkValidity),
  );

const fromPem = Effect.fnUntraced(function* (
  materials: Extract<Materials.Materials, { readonly format: "pem" }>,
  trust: Tls.SecureContextOptions,
): Effect.fn.Return<ClientCertificate, TokenError.CertificateUnusable> {
  const { certificate, privateKey, passphrase } = materials;
  const chain = yield* KeyMaterial.certificates(certificate);
  const { key, pem } = yield* KeyMaterial.privateKey(privateKey, passphrase);
  // OpenSSL alone does not see a pair of different key types.
  if (!chain[0].checkPrivateKey(key)) {
    return yield* KeyMaterial.unusable(
      "mismatch",
      `${certificate.source} and ${privateKey.source}`,
      "the key does not belong to the certificate; use the two that were issued together, the client's own certificate first in its file",
    );
  }
  const identified = yield* KeyMaterial.attempt(
    () => Tls.createSecureContext({ ...trust, cert: Trust.toPem(chain), key: pem, passphrase }),
    ({ code }) =>
      KeyMaterial.unusable(
        "unreadable",
        `${certificate.source} and ${privateKey.source}`,
        `OpenSSL refuses them${code === "" ? "" : ` (${code})`}; have a certificate issued for a key of P-256 or of RSA with 2048 bits`,
      ),
  );
  return {
    source: certificate.source,
    leaf: chain[0],
    identified,
    anonymous: Tls.createSecureContext(trust),
  };
});

const fromPfx = Effect.fnUntraced(function* (
  { pfx, passphrase }: Extract<Materials.Materials, { readonly format: "pfx" }>,
  trust: Tls.SecureContextOptions,
): Effect.fn.Return<ClientCertificate, TokenError.CertificateUnusable> {
  const { bytes, source } = pfx;
  const identified = yield* KeyMaterial.attempt(
    () => Tls.createSecureContext({ ...trust, pfx: bytes, passphrase }),
    ({ message }) => pfxProblem(source, message, passphrase !== undefined),
  );
  const leaf = localCertificate(identified);
  if (leaf === undefined) {
    return yield* withoutPair(source);
  }
  return { source, leaf, identified, anonymous: Tls.createSecureContext(trust) };
});

const checkValidity = (
  certificate: ClientCertificate,
): Effect.Effect<ClientCertificate, TokenError.CertificateUnusable> =>
  Effect.clockWith((clock) => {
    const problem = MutualTls.validityProblem(
      { source: certificate.source, ...validity(certificate.leaf) },
      clock.currentTimeMillisUnsafe(),
    );
    return problem === undefined ? Effect.succeed(certificate) : Effect.fail(problem);
  });

/** When a certificate is valid, in epoch milliseconds. */
export const validity = (certificate: Crypto.X509Certificate) => ({
  notBefore: certificate.validFromDate.getTime(),
  notAfter: certificate.validToDate.getTime(),
});

/** The certificate that a context shows; a socket that never connects is the documented way to it. */
const localCertificate = (secureContext: Tls.SecureContext): Crypto.X509Certificate | undefined => {
  const socket = new Tls.TLSSocket(new Net.Socket(), { secureContext });
  try {
    return socket.getX509Certificate();
  } finally {
    socket.destroy();
  }
};

const pfxProblem = (
  source: string,
  message: string,
  hasPassphrase: boolean,
): TokenError.CertificateUnusable => {
  if (message.includes("mac verify failure")) {
    return KeyMaterial.unusable(
      "passphrase",
      source,
      hasPassphrase
        ? "the passphrase does not open it; give the one that it was exported with"
        : "it is encrypted; give its passphrase in the option passphrase",
    );
  }
  if (message.includes("Unsupported PKCS12")) {
    return KeyMaterial.unusable(
      "legacy-pfx",
      source,
      "it is encrypted with retired ciphers; export it anew with openssl pkcs12 -legacy -in old.pfx -out client.pem, then openssl pkcs12 -export -in client.pem -out new.pfx",
    );
  }
  return message.includes("Unable to load")
    ? withoutPair(source)
    : KeyMaterial.unusable(
        "unreadable",
        source,
        "it is not a PFX (PKCS#12) file, or it is cut off; copy or export it again",
      );
};

const withoutPair = (source: string): TokenError.CertificateUnusable =>
  KeyMaterial.unusable(
    "unreadable",
    source,
    "it does not hold a private key and the certificate for it; export both into it",
  );
