import * as Effect from "effect/Effect";
import * as Crypto from "node:crypto";
import type { Contents } from "./contents.ts";
import * as Inputs from "./inputs.ts";
import * as Trust from "./trust.ts";

interface Shared {
  readonly passphrase: string | undefined;
  readonly authorities: ReadonlyArray<Inputs.Material>;
}

interface PemMaterials extends Shared {
  readonly format: "pem";
  readonly certificate: Inputs.Material;
  readonly privateKey: Inputs.Material;
}

interface PfxMaterials extends Shared {
  readonly format: "pfx";
  readonly pfx: Inputs.Material;
}

/** All inputs of one generation, read together and not checked yet. Holds secrets in clear. */
export type Materials = PemMaterials | PfxMaterials;

/** Reads all inputs. */
export const read = (contents: Contents): Effect.Effect<Materials, Inputs.Unusable> => {
  const shared = {
    passphrase: Inputs.readPassphrase(contents.passphrase),
    authorities: Trust.read(contents),
  };
  return "pfx" in contents
    ? Effect.all({
        format: Effect.succeed("pfx" as const),
        pfx: Inputs.read("pfx", contents.pfx, "base64"),
        ...shared,
      })
    : Effect.all({
        format: Effect.succeed("pem" as const),
        certificate: Inputs.read("certificate", contents.certificate),
        privateKey: Inputs.read("privateKey", contents.privateKey),
        ...shared,
      });
};

/** Returns the paths of all inputs that are files. */
export const paths = (contents: Contents): ReadonlyArray<string> =>
  [
    ...("pfx" in contents ? [contents.pfx] : [contents.certificate, contents.privateKey]),
    ...(contents.certificateAuthorities ?? []),
    ...(contents.passphrase === undefined ? [] : [contents.passphrase]),
  ]
    .filter(Inputs.isFile)
    .map(({ file }) => file);

/** Hashes all inputs, to tell contents apart without keeping them. */
export const digest = (materials: Materials): string =>
  digestOf([
    materials.format,
    materials.passphrase ?? "",
    ...(materials.format === "pfx"
      ? [materials.pfx.bytes]
      : [materials.certificate.bytes, materials.privateKey.bytes]),
    trustDigest(materials),
  ]);

/** Hashes the authorities alone. */
export const trustDigest = ({ authorities }: Materials): string =>
  digestOf(authorities.map(({ bytes }) => bytes));

const digestOf = (parts: ReadonlyArray<string | Uint8Array>): string => {
  const hash = Crypto.createHash("sha256");
  for (const part of parts) hash.update(`${Buffer.byteLength(part)}:`).update(part);
  return hash.digest("base64url");
};
