import type * as TokenError from "@x/core/TokenError";
import * as Effect from "effect/Effect";
import type * as Crypto from "node:crypto";
import * as Tls from "node:tls";
import * as KeyMaterial from "./keyMaterial.ts";

/** Reads the files of the option `certificateAuthorities`. */
export const read = (
  files: ReadonlyArray<KeyMaterial.File> = [],
): Effect.Effect<ReadonlyArray<KeyMaterial.Material>, TokenError.CertificateUnusable> =>
  Effect.forEach(files, (file) => KeyMaterial.read("certificateAuthorities", file));

/** Which servers a TLS context trusts: those of Node's roots and of these authorities. */
export const verify = Effect.fnUntraced(function* (
  materials: ReadonlyArray<KeyMaterial.Material>,
): Effect.fn.Return<Tls.SecureContextOptions, TokenError.CertificateUnusable> {
  // Node passes over what is no certificate, so that the file would be missed in the first handshake.
  const authorities = yield* Effect.forEach(materials, KeyMaterial.certificates);
  return {
    minVersion: "TLSv1.2",
    ...(authorities.length > 0 && {
      // Node takes `ca` in place of its own roots, and does not list those of `--use-openssl-ca`.
      ca: [...Tls.getCACertificates("default"), ...authorities.map(toPem)],
    }),
  };
});

/** Certificates as they stand in one file, the client's own first. */
export const toPem = (certificates: ReadonlyArray<Crypto.X509Certificate>): string =>
  certificates.join("");
