import { describe } from "@effect/vitest";
import * as NodeMutualTls from "@x/node/NodeMutualTls";
import * as Certificates from "@x/testing/Certificates";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Redacted from "effect/Redacted";
import * as Legacy from "./fixtures/legacy.ts";
import * as Pki from "./fixtures/pki.ts";

import {
  type Case,
  cut,
  damaged,
  encryptedDer,
  jwk,
  ofPfx,
  passphrase,
  pem,
  run,
  utf16,
  wrong,
} from "./fixtures/unusable.ts";

const { bytes, canary } = Pki;

const cases: Record<string, Case> = {
  "an empty key": {
    layer: (pki) => pem(pki, { privateKey: new Uint8Array() }),
    problem: "unreadable",
    source: "privateKey (in memory)",
    advice: /it is empty/,
  },
  "an empty PFX": {
    layer: () => NodeMutualTls.layerPfx({ pfx: new Uint8Array() }),
    problem: "unreadable",
    source: "pfx (in memory)",
    advice: /it is empty/,
  },
  "a key in place of a certificate": {
    layer: (pki) => pem(pki, { certificate: pki.inputs.privateKey }),
    problem: "unreadable",
    source: "certificate DIR/client.key",
    advice: /a private key and no certificate; check whether the two options are swapped/,
  },
  "a certificate in place of a key": {
    layer: (pki) => pem(pki, { privateKey: pki.inputs.certificate }),
    problem: "unreadable",
    source: "privateKey DIR/client.crt",
    advice: /a certificate and no private key; check whether the two options are swapped/,
  },
  "a key that is plain text": {
    layer: (pki) => pem(pki, { privateKey: bytes("hello") }),
    problem: "unreadable",
    source: "privateKey (in memory)",
    advice: /not a private key; give a private key in PEM, DER or JWK/,
  },
  "a truncated key": {
    layer: (pki) => pem(pki, { privateKey: cut(pki.client.privateKey) }),
    problem: "unreadable",
    source: "privateKey (in memory)",
    advice: /a private key that is cut off/,
  },
  "a damaged key": {
    layer: (pki) => pem(pki, { privateKey: damaged(pki.client.privateKey) }),
    problem: "unreadable",
    source: "privateKey (in memory)",
    advice: /a private key that is cut off or damaged/,
  },
  "an encrypted key with a retired cipher": {
    layer: (pki) => pem(pki, { privateKey: Legacy.privateKey, passphrase: Legacy.passphrase }),
    problem: "unreadable",
    source: "privateKey (in memory)",
    advice: /retired cipher; encrypt it anew with openssl pkcs8 -topk8/,
  },
  "PEM in place of a path": {
    layer: (pki) => pem(pki, { privateKey: { file: pki.client.privateKey } }),
    problem: "unreadable",
    source: "privateKey (no path)",
    advice: /it holds contents in place of a path; write them to a file/,
  },
  "base64 of DER in place of a path": {
    layer: (pki) =>
      pem(pki, {
        privateKey: { file: pki.client.privateKey.replaceAll(/-----[A-Z ]+-----|\n/g, "") },
      }),
    problem: "unreadable",
    source: "privateKey (no path)",
    advice: /it holds contents in place of a path/,
  },
  "a JWK in place of a path": {
    layer: (pki) => pem(pki, { privateKey: { file: JSON.stringify(jwk(pki.client.privateKey)) } }),
    problem: "unreadable",
    source: "privateKey (no path)",
    advice: /it holds contents in place of a path/,
  },
  "contents in place of the path of a passphrase": {
    layer: (pki) => pem(pki, { passphrase: { file: pki.client.privateKey } }),
    problem: "unreadable",
    source: "passphrase (no path)",
    advice: /it holds contents in place of a path/,
  },
  "a truncated JWK": {
    layer: (pki) => pem(pki, { privateKey: Redacted.make(`{"kty":"EC","d":"${canary}"`) }),
    problem: "unreadable",
    source: "privateKey (in memory)",
    advice: /its JWK is cut off, damaged or not a private key/,
  },
  "a JWK with damaged key_ops": {
    layer: (pki) =>
      pem(pki, {
        privateKey: Redacted.make(JSON.stringify({ ...jwk(pki.client.privateKey), key_ops: 1 })),
      }),
    problem: "unreadable",
    source: "privateKey (in memory)",
    advice: /its JWK is cut off, damaged or not a private key/,
  },
  "a JWK for encryption": {
    layer: (pki) =>
      pem(pki, {
        privateKey: Redacted.make(JSON.stringify({ ...jwk(pki.client.privateKey), use: "enc" })),
      }),
    problem: "unreadable",
    source: "privateKey (in memory)",
    advice: /use or key_ops says that it is not for signing/,
  },
  "an encrypted DER key without a passphrase": {
    layer: (pki) => pem(pki, { privateKey: encryptedDer(pki.client.privateKey) }),
    problem: "passphrase",
    source: "privateKey (in memory)",
    advice: /it is encrypted; give its passphrase/,
  },
  "an encrypted DER key with a wrong passphrase": {
    layer: (pki) =>
      pem(pki, { privateKey: encryptedDer(pki.client.privateKey), passphrase: wrong }),
    problem: "passphrase",
    source: "privateKey (in memory)",
    advice: /the passphrase does not open it/,
  },
  "a key of another certificate": {
    layer: (pki) => pem(pki, { privateKey: bytes(pki.server.privateKey) }),
    problem: "mismatch",
    source: "certificate DIR/client.crt and privateKey (in memory)",
    advice: /does not belong to the certificate/,
  },
  "a key of another type": {
    layer: (pki) =>
      Layer.unwrap(
        Effect.map(
          Certificates.issueClient(pki.authority, { commonName: "rsa", algorithm: "RSA" }),
          ({ privateKey }) => pem(pki, { privateKey: bytes(privateKey) }),
        ),
      ),
    problem: "mismatch",
    source: "certificate DIR/client.crt and privateKey (in memory)",
    advice: /does not belong to the certificate/,
  },
  "an encrypted key without a passphrase": {
    layer: (pki) => pem(pki, { privateKey: pki.inputs.encryptedPrivateKey }),
    problem: "passphrase",
    source: "privateKey DIR/client.encrypted.key",
    advice: /it is encrypted; give its passphrase/,
  },
  "an encrypted key with an empty passphrase": {
    layer: (pki) =>
      pem(pki, { privateKey: pki.inputs.encryptedPrivateKey, passphrase: Redacted.make("") }),
    problem: "passphrase",
    source: "privateKey DIR/client.encrypted.key",
    advice: /it is encrypted; give its passphrase/,
  },
  "an encrypted key with a wrong passphrase": {
    layer: (pki) => pem(pki, { privateKey: pki.inputs.encryptedPrivateKey, passphrase: wrong }),
    problem: "passphrase",
    source: "privateKey DIR/client.encrypted.key",
    advice: /the passphrase does not open it/,
  },
  "a PFX with a wrong passphrase": {
    layer: (pki) => NodeMutualTls.layerPfx({ pfx: pki.inputs.pfx, passphrase: wrong }),
    problem: "passphrase",
    source: "pfx DIR/client.pfx",
    advice: /the passphrase does not open it/,
  },
  "a PFX without a passphrase": {
    layer: (pki) => NodeMutualTls.layerPfx({ pfx: pki.inputs.pfx }),
    problem: "passphrase",
    source: "pfx DIR/client.pfx",
    advice: /it is encrypted; give its passphrase/,
  },
  "a truncated PFX": {
    layer: (pki) =>
      ofPfx(Effect.map(Certificates.pfx(pki.client, passphrase), (pfx) => pfx.slice(0, 300))),
    problem: "unreadable",
    source: "pfx (in memory)",
    advice: /not a PFX \(PKCS#12\) file, or it is cut off/,
  },
  "a PEM file in place of a PFX": {
    layer: (pki) => NodeMutualTls.layerPfx({ pfx: pki.inputs.certificate, passphrase }),
    problem: "unreadable",
    source: "pfx DIR/client.crt",
    advice: /not a PFX/,
  },
  "a PFX with retired ciphers": {
    layer: () => NodeMutualTls.layerPfx({ pfx: Legacy.pfx, passphrase: Legacy.passphrase }),
    problem: "legacy-pfx",
    source: "pfx (in memory)",
    advice: /openssl pkcs12 -legacy -in old\.pfx -out client\.pem, then openssl pkcs12 -export/,
  },
  "a PFX without a key": {
    layer: (pki) => ofPfx(Certificates.pfx(pki.client, passphrase, { omit: "privateKey" })),
    problem: "unreadable",
    source: "pfx (in memory)",
    advice: /does not hold a private key and the certificate for it/,
  },
  "a PFX without a certificate": {
    layer: (pki) => ofPfx(Certificates.pfx(pki.client, passphrase, { omit: "certificate" })),
    problem: "unreadable",
    source: "pfx (in memory)",
    advice: /does not hold a private key and the certificate for it/,
  },
  "a PFX with the key of another certificate": {
    layer: (pki) =>
      ofPfx(Certificates.pfx({ ...pki.client, privateKey: pki.server.privateKey }, passphrase)),
    problem: "unreadable",
    source: "pfx (in memory)",
    advice: /does not hold a private key and the certificate for it/,
  },
  "a PFX with an expired certificate": {
    layer: (pki) =>
      ofPfx(
        Effect.flatMap(
          Certificates.issueExpiredClient(pki.authority, { commonName: "old" }),
          (issued) => Certificates.pfx(issued, passphrase),
        ),
      ),
    problem: "expired",
    source: "pfx (in memory)",
    advice: /it expired on 2/,
  },
  "a key in big-endian UTF-16": {
    layer: (pki) => pem(pki, { privateKey: utf16(pki.client.privateKey).swap16() }),
    problem: "unreadable",
    source: "privateKey (in memory)",
    advice: /text in UTF-16; save it as UTF-8/,
  },
};

describe("CertificateUnusable of keys and PFX", () => {
  run(cases);
});
