import * as Effect from "effect/Effect";
import * as Crypto from "node:crypto";
import * as Inputs from "./inputs.ts";

/** The certificates of a file in its order: at least one. */
export type Chain = readonly [Crypto.X509Certificate, ...ReadonlyArray<Crypto.X509Certificate>];

/** Reads all certificates of a PEM file, or the one of a DER file. */
export const read = Effect.fnUntraced(function* (
  material: Inputs.Material,
): Effect.fn.Return<Chain, Inputs.Unusable> {
  const damaged = () =>
    Inputs.unusable(
      "unreadable",
      material.source,
      "it holds a certificate that is cut off or damaged; copy it again",
    );
  const text = material.bytes.toString("latin1");
  const isDer = material.bytes[0] === derSequence && !text.includes("-----BEGIN");
  const blocks: ReadonlyArray<string | Buffer> = isDer
    ? [material.bytes]
    : (text.match(certificateBlock) ?? []);
  // A file that is still being written may end between the certificate and the rest of its chain.
  if (!isDer && (cutOff.test(text) || certificateBegin.test(text.replaceAll(pemBlock, "")))) {
    return yield* damaged();
  }
  const [first, ...others] = yield* Effect.forEach(blocks, (block) =>
    Inputs.attempt(() => new Crypto.X509Certificate(block), damaged),
  );
  return first === undefined
    ? yield* Inputs.unusable("unreadable", material.source, adviceFor(text))
    : [first, ...others];
});

/** Writes certificates as one PEM text. */
export const toPem = (certificates: ReadonlyArray<Crypto.X509Certificate>): string =>
  certificates.join("");

const adviceFor = (text: string): string => {
  const [, label] = otherCertificateBegin.exec(text) ?? [];
  if (label !== undefined) {
    return `it is labelled ${label}, and not CERTIFICATE; convert it with openssl x509 -in old.pem -out new.pem`;
  }
  return /-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text)
    ? "it holds a private key and no certificate; check whether the two options are swapped"
    : "it is not a certificate; give an X.509 certificate in PEM";
};

/** The first byte of DER. */
const derSequence = 0x30;
const pemBlock = /-----BEGIN ([A-Z0-9 ]+)-----[^]+?-----END \1-----/g;
// A line of PEM that was cut off. A comment may have dashes too, but its line goes on or ends.
const cutOff = /(?:^|[\r\n])(?:-{1,4}|-----(?:B[A-Z0-9 ]*-{0,4})?)$/;
const certificateBegin = /-----BEGIN CERTIFICATE-----/;
const otherCertificateBegin = /-----BEGIN ((?:TRUSTED|X509) CERTIFICATE)-----/;
const certificateBlock = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;
