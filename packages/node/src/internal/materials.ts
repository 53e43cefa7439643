import type * as TokenError from "@x/core/TokenError";
import * as Effect from "effect/Effect";
import * as Redacted from "effect/Redacted";
import * as Crypto from "node:crypto";
import * as KeyMaterial from "./keyMaterial.ts";
import * as Trust from "./trust.ts";

interface Shared {
  readonly passphrase: string | undefined;
  readonly authorities: ReadonlyArray<KeyMaterial.Material>;
}

interface PemMaterials extends Shared {
  readonly format: "pem";
  readonly certificate: KeyMaterial.Material;
  readonly privateKey: KeyMaterial.Material;
}

interface PfxMaterials extends Shared {
  readonly format: "pfx";
  readonly pfx: KeyMaterial.Material;
}

/** All that one generation is made of, read together and not yet checked. Holds secrets in clear. */
export type Materials = PemMaterials | PfxMaterials;

interface SharedOptions {
  readonly passphrase?: KeyMaterial.Passphrase;
  readonly certificateAuthorities?: ReadonlyArray<KeyMaterial.File> | undefined;
}

export interface PemOptions extends SharedOptions {
  readonly certificate: KeyMaterial.File;
  readonly privateKey: KeyMaterial.File;
}

export interface PfxOptions extends SharedOptions {
  readonly pfx: KeyMaterial.File;
}

/** Reads the files of options that name some. */
export const read = (
  options: PemOptions | PfxOptions,
): Effect.Effect<Materials, TokenError.CertificateUnusable> =>
  "pfx" in options
    ? Effect.all({
        format: Effect.succeed("pfx" as const),
        pfx: KeyMaterial.read("pfx", options.pfx),
        ...readShared(options),
      })
    : Effect.all({
        format: Effect.succeed("pem" as const),
        certificate: KeyMaterial.read("certificate", options.certificate),
        privateKey: KeyMaterial.read("privateKey", options.privateKey),
        ...readShared(options),
      });

const readShared = ({ passphrase, certificateAuthorities }: SharedOptions) => ({
  passphrase: KeyMaterial.readPassphrase(passphrase),
  authorities: Trust.read(certificateAuthorities),
});

/** The files that options name. */
export const paths = (options: PemOptions | PfxOptions): ReadonlyArray<string> => {
  const { passphrase, certificateAuthorities = [] } = options;
  const files = "pfx" in options ? [options.pfx] : [options.certificate, options.privateKey];
  return [
    ...files,
    ...certificateAuthorities,
    ...(passphrase === undefined || Redacted.isRedacted(passphrase) ? [] : [passphrase.file]),
  ].filter((file) => typeof file === "string");
};

/** Tells contents apart without keeping them. */
export const digest = (materials: Materials): string =>
  digestOf([
    materials.format,
    materials.passphrase ?? "",
    ...(materials.format === "pfx"
      ? [materials.pfx.bytes]
      : [materials.certificate.bytes, materials.privateKey.bytes]),
    trustDigest(materials),
  ]);

/** The same for the authorities alone. */
export const trustDigest = ({ authorities }: Materials): string =>
  digestOf(authorities.map(({ bytes }) => bytes));

const digestOf = (parts: ReadonlyArray<string | Uint8Array>): string => {
  const hash = Crypto.createHash("sha256");
  for (const part of parts) hash.update(`${Buffer.byteLength(part)}:`).update(part);
  return hash.digest("base64url");
};
