import * as Effect from "effect/Effect";
import * as Tls from "node:tls";
import type * as TransportOptions from "../TransportOptions.ts";
import * as Certificates from "./certificates.ts";
import * as Inputs from "./inputs.ts";

/** Reads the option `certificateAuthorities`. */
export const read = ({
  certificateAuthorities = [],
}: Pick<TransportOptions.TransportOptions, "certificateAuthorities">): Effect.Effect<
  ReadonlyArray<Inputs.Material>,
  Inputs.Unusable
> =>
  Effect.forEach(certificateAuthorities, (input) => Inputs.read("certificateAuthorities", input));

/** Checks authorities and returns the part of a TLS context that trusts them beside Node's roots. */
export const verify = (
  materials: ReadonlyArray<Inputs.Material>,
): Effect.Effect<Tls.SecureContextOptions, Inputs.Unusable> =>
  // Node skips text that is no certificate, so that a wrong file would fail the first handshake.
  Effect.map(Effect.forEach(materials, Certificates.read), (authorities) => ({
    minVersion: "TLSv1.2",
    ...(authorities.length > 0 && {
      // `ca` replaces Node's own roots, so list them. Node cannot list the roots of `--use-openssl-ca`.
      ca: [...Tls.getCACertificates("default"), ...authorities.map(Certificates.toPem)],
    }),
  }));
