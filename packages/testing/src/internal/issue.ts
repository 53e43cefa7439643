// oxlint-disable-next-line import/no-unassigned-import -- @peculiar/x509 needs this polyfill before it loads
import "reflect-metadata";
import * as x509 from "@peculiar/x509";
import * as Effect from "effect/Effect";
import * as Crypto from "node:crypto";
import * as Net from "node:net";
import * as DistinguishedName from "./distinguishedName.ts";

/**
 * A certificate with its private key.
 *
 * @since 0.1.0
 */
export interface Certificate {
  /** PEM. */
  readonly certificate: string;
  /** PKCS#8 PEM, not encrypted. */
  readonly privateKey: string;
  /** `x5t#S256`: base64url of the SHA-256 of the DER bytes (RFC 8705 §3.1). */
  readonly thumbprint: string;
  /** Distinguished name in the form of RFC 4514, as `tls_client_auth_subject_dn` expects it. */
  readonly subject: string;
}

/**
 * A root certificate with the keys that sign other certificates.
 *
 * @since 0.1.0
 */
export interface Authority extends Certificate {
  readonly keys: Crypto.webcrypto.CryptoKeyPair;
}

/**
 * Key types: EC is P-256, RSA has 2048 bits.
 *
 * @since 0.1.0
 */
export type Algorithm = "EC" | "RSA";

/**
 * Dates between which a certificate is valid; by default from an hour ago to a day ahead.
 *
 * @since 0.1.0
 */
export interface Validity {
  readonly notBefore?: Date | undefined;
  readonly notAfter?: Date | undefined;
}

/** Purpose of a certificate. */
export type Usage =
  | { readonly _tag: "authority" }
  | { readonly _tag: "server"; readonly hosts: ReadonlyArray<string> }
  | { readonly _tag: "client" };

/** Generates keys and a certificate for them; without an issuer the certificate is self-signed. */
export const issue = (
  options: Validity & {
    readonly commonName: string;
    readonly algorithm: Algorithm;
    readonly usage: Usage;
    readonly issuer: Authority | undefined;
  },
): Effect.Effect<Authority> =>
  Effect.promise(async () => {
    const keys = await generateKeys(options.algorithm);
    const signer = options.issuer?.keys ?? keys;
    const attributes = DistinguishedName.attributes(options.commonName);
    const subject = DistinguishedName.toJsonName(attributes);
    const certificate = await x509.X509CertificateGenerator.create({
      // the leading zero bit keeps the INTEGER positive
      serialNumber: `01${Crypto.randomBytes(15).toString("hex")}`,
      subject,
      issuer:
        options.issuer === undefined
          ? subject
          : new x509.X509Certificate(options.issuer.certificate).subjectName,
      publicKey: keys.publicKey,
      signingKey: signer.privateKey,
      signingAlgorithm: { name: signer.privateKey.algorithm.name, hash: "SHA-256" },
      notBefore: options.notBefore ?? new Date(Date.now() - hour),
      notAfter: options.notAfter ?? new Date(Date.now() + 24 * hour),
      extensions: [
        ...extensionsFor(options.usage),
        // Two authorities may have the same name: the key ids tell which one signed (RFC 5280 §4.2.1.1).
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
        await x509.AuthorityKeyIdentifierExtension.create(signer.publicKey),
      ],
    });
    return {
      certificate: `${certificate.toString("pem")}\n`,
      privateKey: Crypto.KeyObject.from(keys.privateKey).export({ type: "pkcs8", format: "pem" }),
      thumbprint: Crypto.createHash("sha256")
        .update(new Uint8Array(certificate.rawData))
        .digest("base64url"),
      subject: DistinguishedName.format(attributes),
      keys,
    };
  });

const hour = 3_600_000;

const generateKeys = (algorithm: Algorithm): Promise<Crypto.webcrypto.CryptoKeyPair> =>
  algorithm === "EC"
    ? Crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"])
    : Crypto.subtle.generateKey(
        {
          name: "RSASSA-PKCS1-v1_5",
          hash: "SHA-256",
          modulusLength: 2048,
          publicExponent: new Uint8Array([1, 0, 1]),
        },
        true,
        ["sign", "verify"],
      );

const extensionsFor = (usage: Usage): ReadonlyArray<x509.Extension> => {
  switch (usage._tag) {
    case "authority":
      return [
        new x509.BasicConstraintsExtension(true, undefined, true),
        new x509.KeyUsagesExtension(
          x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign,
          true,
        ),
      ];
    case "server":
      return [
        new x509.SubjectAlternativeNameExtension(
          usage.hosts.map((value) => ({ type: Net.isIP(value) === 0 ? "dns" : "ip", value })),
        ),
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      ];
    case "client":
      return [
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth]),
      ];
  }
};
