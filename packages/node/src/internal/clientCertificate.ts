import * as MutualTls from "@x/core/MutualTls";
import * as Effect from "effect/Effect";
import type * as Crypto from "node:crypto";
import * as Net from "node:net";
import * as Tls from "node:tls";
import * as Certificates from "./certificates.ts";
import * as Inputs from "./inputs.ts";
import type * as Materials from "./materials.ts";
import * as PrivateKey from "./privateKey.ts";
import * as Trust from "./trust.ts";

/** A checked certificate as TLS contexts, which nobody can print as PEM again. */
export interface ClientCertificate {
  /** The option and the path, for messages. */
  readonly source: string;
  readonly leaf: Crypto.X509Certificate;
  /** Shows the certificate. */
  readonly identified: Tls.SecureContext;
  /** Trusts the same authorities and shows no certificate. */
  readonly anonymous: Tls.SecureContext;
}

/** Checks the pair, the passphrase, the authorities and the validity, and makes the TLS contexts. */
export const verify = (
  materials: Materials.Materials,
): Effect.Effect<ClientCertificate, Inputs.Unusable> =>
  Trust.verify(materials.authorities).pipe(
    Effect.flatMap((trust) =>
      materials.format === "pfx" ? fromPfx(materials, trust) : fromPem(materials, trust),
    ),
    Effect.flatMap(checkValidity),
  );

const fromPem = Effect.fnUntraced(function* (
  materials: Extract<Materials.Materials, { readonly format: "pem" }>,
  trust: Tls.SecureContextOptions,
): Effect.fn.Return<ClientCertificate, Inputs.Unusable> {
  const { certificate, privateKey, passphrase } = materials;
  const pair = `${certificate.source} and ${privateKey.source}`;
  const chain = yield* Certificates.read(certificate);
  const key = yield* PrivateKey.read(privateKey, passphrase);
  // OpenSSL takes a pair of different key types without an error.
  if (!chain[0].checkPrivateKey(key)) {
    return yield* Inputs.unusable(
      "mismatch",
      pair,
      "the key does not belong to the certificate; use the two that were issued together, the client's own certificate first in its file",
    );
  }
  const identified = yield* Inputs.attempt(
    () =>
      Tls.createSecureContext({
        ...trust,
        cert: Certificates.toPem(chain),
        key: PrivateKey.toPem(key),
      }),
    (code) =>
      Inputs.unusable(
        "unreadable",
        pair,
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
): Effect.fn.Return<ClientCertificate, Inputs.Unusable> {
  const { bytes, source } = pfx;
  const identified = yield* Inputs.attempt(
    () => Tls.createSecureContext({ ...trust, pfx: bytes, passphrase }),
    (code, error) => pfxProblem(source, code, error, passphrase !== undefined),
  );
  const leaf = localCertificate(identified);
  return leaf === undefined
    ? yield* withoutPair(source)
    : { source, leaf, identified, anonymous: Tls.createSecureContext(trust) };
});

const checkValidity = (
  certificate: ClientCertificate,
): Effect.Effect<ClientCertificate, Inputs.Unusable> =>
  Effect.clockWith((clock) => {
    const problem = MutualTls.validityProblem(
      { source: certificate.source, ...validity(certificate.leaf) },
      clock.currentTimeMillisUnsafe(),
    );
    return problem === undefined
      ? Effect.succeed(certificate)
      : Inputs.unusable(problem.problem, problem.source, problem.advice);
  });

/** Returns the validity of a certificate in epoch milliseconds. */
export const validity = (certificate: Crypto.X509Certificate) => ({
  notBefore: certificate.validFromDate.getTime(),
  notAfter: certificate.validToDate.getTime(),
});

/** Returns the certificate that a context shows. Only a socket tells it, and this one never connects. */
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
  code: string,
  error: unknown,
  hasPassphrase: boolean,
): Inputs.Unusable => {
  switch (code) {
    case "ERR_CRYPTO_UNSUPPORTED_OPERATION":
      return Inputs.unusable(
        "legacy-pfx",
        source,
        "it is encrypted with retired ciphers; export it anew with openssl pkcs12 -legacy -in old.pfx -out client.pem, then openssl pkcs12 -export -in client.pem -out new.pfx",
      );
    case "ERR_CRYPTO_OPERATION_FAILED":
      return withoutPair(source);
  }
  // Node has no code for this one error, so that OpenSSL's text has to tell it.
  if (error instanceof Error && error.message.includes("mac verify failure")) {
    return Inputs.unusable(
      "passphrase",
      source,
      hasPassphrase
        ? "the passphrase does not open it; give the one that it was exported with"
        : "it is encrypted; give its passphrase in the option passphrase",
    );
  }
  return Inputs.unusable(
    "unreadable",
    source,
    "it is not a PFX (PKCS#12) file, or it is cut off; copy or export it again, and give text as base64",
  );
};

const withoutPair = (source: string): Inputs.Unusable =>
  Inputs.unusable(
    "unreadable",
    source,
    "it does not hold a private key and the certificate for it; export both into it",
  );
