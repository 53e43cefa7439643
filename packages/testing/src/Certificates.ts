/**
 * Throw-away certificates, made in the process and written nowhere unless asked.
 *
 * Validity is judged by TLS libraries on the machine's clock, so dates here are
 * wall-clock dates even under a `TestClock`.
 *
 * @since 0.1.0
 */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem";
// oxlint-disable-next-line import/no-unassigned-import -- a polyfill that @peculiar/x509 wants before it loads
import "reflect-metadata";
import * as x509 from "@peculiar/x509";
import * as Data from "effect/Data";
import * as Effect from "effect/Effect";
import * as FileSystem from "effect/FileSystem";
import type * as PlatformError from "effect/PlatformError";
import * as Redacted from "effect/Redacted";
import type * as Scope from "effect/Scope";
import * as Crypto from "node:crypto";
import * as Net from "node:net";
import * as Path from "node:path";
import * as DistinguishedName from "./internal/distinguishedName.ts";
import * as Pfx from "./internal/pfx.ts";

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
  /** Distinguished name as RFC 4514 prints it, which is what `tls_client_auth_subject_dn` holds. */
  readonly subject: string;
}

/**
 * A root certificate that issues others.
 *
 * @since 0.1.0
 */
export interface Authority extends Certificate {
  readonly keys: Crypto.webcrypto.CryptoKeyPair;
}

/**
 * Key types that a certificate can be asked for: P-256 or RSA with 2048 bits.
 *
 * @since 0.1.0
 */
export type Algorithm = "EC" | "RSA";

/**
 * When a certificate is valid; by default from an hour ago until tomorrow.
 *
 * @since 0.1.0
 */
export interface Validity {
  readonly notBefore?: Date | undefined;
  readonly notAfter?: Date | undefined;
}

/**
 * What a client certificate says.
 *
 * @since 0.1.0
 */
export interface ClientOptions extends Validity {
  readonly commonName: string;
  /** Default `"EC"`. */
  readonly algorithm?: Algorithm | undefined;
}

/**
 * What a server certificate says; names and addresses of `hosts` come beside localhost, 127.0.0.1 and ::1.
 *
 * @since 0.1.0
 */
export interface ServerOptions extends Validity {
  readonly hosts?: ReadonlyArray<string> | undefined;
}

/**
 * Key material that could not be read or rewritten.
 *
 * @since 0.1.0
 */
export class CertificateError extends Data.TaggedError("CertificateError")<{
  readonly message: string;
  readonly cause: unknown;
}> {}

/**
 * Makes a root certificate.
 *
 * @since 0.1.0
 */
export const makeAuthority = (name: string): Effect.Effect<Authority> =>
  Effect.gen(function* () {
    const keys = yield* generateKeys("EC");
    const certificate = yield* sign({
      subject: name,
      keys,
      issuer: undefined,
      extensions: [
        new x509.BasicConstraintsExtension(true, undefined, true),
        new x509.KeyUsagesExtension(
          x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign,
          true,
        ),
      ],
    });
    return { ...certificate, keys };
  });

/**
 * Issues the certificate of a server on this machine.
 *
 * @since 0.1.0
 */
export const issueServer = (
  authority: Authority,
  options: ServerOptions = {},
): Effect.Effect<Certificate> =>
  Effect.flatMap(generateKeys("EC"), (keys) =>
    sign({
      ...options,
      subject: "localhost",
      keys,
      issuer: authority,
      extensions: [
        new x509.SubjectAlternativeNameExtension(
          ["localhost", "127.0.0.1", "::1", ...(options.hosts ?? [])].map((value) => ({
            type: Net.isIP(value) === 0 ? "dns" : "ip",
            value,
          })),
        ),
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      ],
    }),
  );

/**
 * Issues a client certificate.
 *
 * Dates in the past or the future make it expired or not yet valid.
 *
 * @since 0.1.0
 */
export const issueClient = (
  authority: Authority,
  options: ClientOptions,
): Effect.Effect<Certificate> =>
  Effect.flatMap(generateKeys(options.algorithm ?? "EC"), (keys) =>
    sign({
      ...options,
      subject: options.commonName,
      keys,
      issuer: authority,
      extensions: clientExtensions,
    }),
  );

/**
 * Issues a client certificate that ended a day ago.
 *
 * @since 0.1.0
 */
export const issueExpiredClient = (
  authority: Authority,
  options: ClientOptions,
): Effect.Effect<Certificate> =>
  Effect.suspend(() =>
    issueClient(authority, { ...options, notBefore: daysFromNow(-2), notAfter: daysFromNow(-1) }),
  );

/**
 * Issues a client certificate that begins tomorrow.
 *
 * @since 0.1.0
 */
export const issueFutureClient = (
  authority: Authority,
  options: ClientOptions,
): Effect.Effect<Certificate> =>
  Effect.suspend(() =>
    issueClient(authority, { ...options, notBefore: daysFromNow(1), notAfter: daysFromNow(2) }),
  );

/**
 * Makes a client certificate that no authority signed.
 *
 * @since 0.1.0
 */
export const selfSigned = (options: ClientOptions): Effect.Effect<Certificate> =>
  Effect.flatMap(generateKeys(options.algorithm ?? "EC"), (keys) =>
    sign({
      ...options,
      subject: options.commonName,
      keys,
      issuer: undefined,
      extensions: clientExtensions,
    }),
  );

/**
 * Encrypts a private key: PKCS#8 PEM under AES-256-CBC.
 *
 * With `legacy`, it is under RC2-40, which OpenSSL 3 refuses to open.
 *
 * @since 0.1.0
 */
export const encryptPrivateKey = (
  privateKey: string,
  passphrase: Redacted.Redacted,
  options: { readonly legacy?: boolean | undefined } = {},
): Effect.Effect<string, CertificateError> =>
  attempt("The private key cannot be encrypted", () =>
    options.legacy === true
      ? Pfx.encryptKeyWithRc2(privateKey, Redacted.value(passphrase))
      : Crypto.createPrivateKey(privateKey).export({
          type: "pkcs8",
          format: "pem",
          cipher: "aes-256-cbc",
          passphrase: Redacted.value(passphrase),
        }),
  );

/**
 * Packs a certificate and its key into a PFX file (PKCS#12, RFC 7292) under AES-256.
 *
 * With `legacy`, the certificate is under RC2-40 as old Windows exports are, which OpenSSL 3 refuses to open;
 * `omit` leaves one of the two out.
 *
 * @since 0.1.0
 */
export const pfx = (
  self: Pick<Certificate, "certificate" | "privateKey">,
  passphrase: Redacted.Redacted,
  options: {
    readonly legacy?: boolean | undefined;
    readonly omit?: "privateKey" | "certificate" | undefined;
  } = {},
): Effect.Effect<Uint8Array, CertificateError> =>
  attempt("The PFX file cannot be made", () =>
    Pfx.encode({
      certificate: self.certificate,
      privateKey: self.privateKey,
      passphrase: Redacted.value(passphrase),
      legacy: options.legacy ?? false,
      omit: options.omit,
    }),
  );

/**
 * Where `writeFiles` put a certificate.
 *
 * @since 0.1.0
 */
export interface Files {
  readonly directory: string;
  /** `client.crt`, PEM. */
  readonly certificate: string;
  /** `client.key`, PEM, not encrypted. */
  readonly privateKey: string;
  /** `client.encrypted.key`, PEM under `passphrase`. */
  readonly encryptedPrivateKey: string;
  /** `client.pfx` under `passphrase`. */
  readonly pfx: string;
  readonly passphrase: Redacted.Redacted;
}

/**
 * Writes a certificate to a temporary directory that goes away with the scope.
 *
 * Without a passphrase a random one is made. Key files are readable by their owner alone.
 *
 * @since 0.1.0
 */
export const writeFiles = (
  self: Pick<Certificate, "certificate" | "privateKey">,
  options: { readonly passphrase?: Redacted.Redacted | undefined } = {},
): Effect.Effect<Files, CertificateError | PlatformError.PlatformError, Scope.Scope> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem;
    const directory = yield* fs.makeTempDirectoryScoped({ prefix: "x-testing-" });
    const passphrase =
      options.passphrase ?? Redacted.make(Crypto.randomBytes(12).toString("base64url"));
    const files: Files = {
      directory,
      certificate: Path.join(directory, "client.crt"),
      privateKey: Path.join(directory, "client.key"),
      encryptedPrivateKey: Path.join(directory, "client.encrypted.key"),
      pfx: Path.join(directory, "client.pfx"),
      passphrase,
    };
    yield* fs.writeFileString(files.certificate, self.certificate);
    yield* fs.writeFileString(files.privateKey, self.privateKey, { mode: 0o600 });
    const encrypted = yield* encryptPrivateKey(self.privateKey, passphrase);
    yield* fs.writeFileString(files.encryptedPrivateKey, encrypted, { mode: 0o600 });
    yield* fs.writeFile(files.pfx, yield* pfx(self, passphrase), { mode: 0o600 });
    return files;
  }).pipe(Effect.provide(NodeFileSystem.layer));

const clientExtensions = [
  new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
  new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth]),
];

const attempt = <A>(message: string, evaluate: () => A): Effect.Effect<A, CertificateError> =>
  Effect.try({ try: evaluate, catch: (cause) => new CertificateError({ message, cause }) });

const daysFromNow = (days: number): Date => new Date(Date.now() + days * 86_400_000);

const generateKeys = (algorithm: Algorithm): Effect.Effect<Crypto.webcrypto.CryptoKeyPair> =>
  Effect.promise(() =>
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
        ),
  );

const sign = (
  options: Validity & {
    readonly subject: string;
    readonly keys: Crypto.webcrypto.CryptoKeyPair;
    readonly issuer: Authority | undefined;
    readonly extensions: Array<x509.Extension>;
  },
): Effect.Effect<Certificate> =>
  Effect.promise(async () => {
    const attributes = DistinguishedName.attributes(options.subject);
    const name = DistinguishedName.toJsonName(attributes);
    const issuer =
      options.issuer === undefined
        ? undefined
        : new x509.X509Certificate(options.issuer.certificate);
    const certificate = await x509.X509CertificateGenerator.create({
      // a leading zero bit keeps the INTEGER positive
      serialNumber: `01${Crypto.randomBytes(15).toString("hex")}`,
      subject: name,
      issuer: issuer?.subjectName ?? name,
      publicKey: options.keys.publicKey,
      signingKey: (options.issuer?.keys ?? options.keys).privateKey,
      signingAlgorithm: {
        name: (options.issuer?.keys ?? options.keys).privateKey.algorithm.name,
        hash: "SHA-256",
      },
      notBefore: options.notBefore ?? new Date(Date.now() - 3_600_000),
      notAfter: options.notAfter ?? daysFromNow(1),
      extensions: [
        ...options.extensions,
        // Two authorities may have one name; these tell a client which of them signed (RFC 5280 §4.2.1.1).
        await x509.SubjectKeyIdentifierExtension.create(options.keys.publicKey),
        await x509.AuthorityKeyIdentifierExtension.create(
          (options.issuer?.keys ?? options.keys).publicKey,
        ),
      ],
    });
    return {
      certificate: certificate.toString("pem") + "\n",
      privateKey: Crypto.KeyObject.from(options.keys.privateKey).export({
        type: "pkcs8",
        format: "pem",
      }),
      thumbprint: Crypto.createHash("sha256")
        .update(new Uint8Array(certificate.rawData))
        .digest("base64url"),
      subject: DistinguishedName.format(attributes),
    };
  });
