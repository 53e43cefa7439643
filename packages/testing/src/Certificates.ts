/**
 * Throw-away certificates for tests, made in memory.
 *
 * TLS libraries check validity against the machine's clock. So dates here are wall-clock
 * dates, even under a `TestClock`.
 *
 * @since 0.1.0
 */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem";
import * as Data from "effect/Data";
import * as Effect from "effect/Effect";
import * as FileSystem from "effect/FileSystem";
import type * as PlatformError from "effect/PlatformError";
import * as Redacted from "effect/Redacted";
import type * as Scope from "effect/Scope";
import * as Crypto from "node:crypto";
import * as Path from "node:path";
import {
  type Algorithm,
  type Authority,
  type Certificate,
  issue,
  type Validity,
} from "./internal/issue.ts";
import * as Pfx from "./internal/pfx.ts";

export type { Algorithm, Authority, Certificate, Validity } from "./internal/issue.ts";

/**
 * Options of a client certificate.
 *
 * @since 0.1.0
 */
export interface ClientOptions extends Validity {
  readonly commonName: string;
  /** Default `"EC"`. */
  readonly algorithm?: Algorithm | undefined;
}

/**
 * Options of a server certificate.
 *
 * @since 0.1.0
 */
export interface ServerOptions extends Validity {
  /** Names and addresses besides `localhost`, `127.0.0.1` and `::1`. */
  readonly hosts?: ReadonlyArray<string> | undefined;
}

/**
 * Error for key material that cannot be read or encrypted.
 *
 * @since 0.1.0
 */
export class CertificateError extends Data.TaggedError("CertificateError")<{
  readonly message: string;
  readonly cause: unknown;
}> {}

/**
 * Makes a root certificate that can issue others.
 *
 * @since 0.1.0
 */
export const makeAuthority = (name: string): Effect.Effect<Authority> =>
  issue({
    commonName: name,
    algorithm: "EC",
    usage: { _tag: "authority" },
    issuer: undefined,
  });

/**
 * Issues a server certificate for this machine.
 *
 * @since 0.1.0
 */
export const issueServer = (
  authority: Authority,
  options: ServerOptions = {},
): Effect.Effect<Certificate> =>
  issue({
    ...options,
    commonName: "localhost",
    algorithm: "EC",
    usage: {
      _tag: "server",
      hosts: ["localhost", "127.0.0.1", "::1", ...(options.hosts ?? [])],
    },
    issuer: authority,
  });

/**
 * Issues a client certificate.
 *
 * @since 0.1.0
 */
export const issueClient = (
  authority: Authority,
  options: ClientOptions,
): Effect.Effect<Certificate> => client(options, authority);

/**
 * Issues a client certificate that expired a day ago.
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
 * Issues a client certificate that becomes valid tomorrow.
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
 * Makes a self-signed client certificate.
 *
 * @since 0.1.0
 */
export const selfSigned = (options: ClientOptions): Effect.Effect<Certificate> =>
  client(options, undefined);

/**
 * Encrypts a private key as PKCS#8 PEM under AES-256-CBC.
 *
 * @since 0.1.0
 */
export const encryptPrivateKey = (
  privateKey: string,
  passphrase: Redacted.Redacted,
): Effect.Effect<string, CertificateError> =>
  Effect.try({
    try: () =>
      Crypto.createPrivateKey(privateKey).export({
        type: "pkcs8",
        format: "pem",
        cipher: "aes-256-cbc",
        passphrase: Redacted.value(passphrase),
      }),
    catch: (cause) =>
      new CertificateError({ message: "The private key cannot be encrypted", cause }),
  });

/**
 * Packs a certificate and its key into a PFX file under AES-256-CBC (PKCS#12, RFC 7292).
 *
 * `omit` leaves out the key or the certificate.
 *
 * @since 0.1.0
 */
export const pfx = (
  self: Pick<Certificate, "certificate" | "privateKey">,
  passphrase: Redacted.Redacted,
  options: { readonly omit?: "privateKey" | "certificate" | undefined } = {},
): Effect.Effect<Uint8Array, CertificateError> =>
  Effect.tryPromise({
    try: () =>
      Pfx.encode({
        certificate: self.certificate,
        privateKey: self.privateKey,
        passphrase: Redacted.value(passphrase),
        omit: options.omit,
      }),
    catch: (cause) => new CertificateError({ message: "The PFX file cannot be made", cause }),
  });

/**
 * Paths of the files that `writeFiles` wrote.
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
 * Writes a certificate to a temporary directory that the scope removes.
 *
 * The passphrase is random unless one is given. Only the owner can read the key files.
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

const client = (options: ClientOptions, issuer: Authority | undefined) =>
  issue({ ...options, algorithm: options.algorithm ?? "EC", usage: { _tag: "client" }, issuer });

const daysFromNow = (days: number): Date => new Date(Date.now() + days * 86_400_000);
