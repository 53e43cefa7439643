import { assert, describe, it } from "@effect/vitest";
import * as MutualTls from "@x/core/MutualTls";
import * as NodeMutualTls from "@x/node/NodeMutualTls";
import * as Certificates from "@x/testing/Certificates";
import * as Effect from "effect/Effect";
import * as TestClock from "effect/testing/TestClock";
import { execFile } from "node:child_process";
import * as Fs from "node:fs/promises";
import * as Url from "node:url";
import { promisify } from "node:util";
import * as Pki from "./fixtures/pki.ts";

import {
  type Case,
  cut,
  damaged,
  failure,
  file,
  labelled,
  of,
  pem,
  run,
  utf16,
} from "./fixtures/unusable.ts";

const { bytes } = Pki;

const cases: Record<string, Case> = {
  "a missing certificate file": {
    layer: (pki) => pem(pki, { certificate: file(pki, "absent.crt") }),
    problem: "missing",
    source: "certificate DIR/absent.crt",
    advice: /no such file; check the path/,
  },
  "a missing key file": {
    layer: (pki) => pem(pki, { privateKey: file(pki, "absent.key") }),
    problem: "missing",
    source: "privateKey DIR/absent.key",
    advice: /no such file/,
  },
  "a missing PFX file": {
    layer: (pki) => NodeMutualTls.layerPfx({ pfx: file(pki, "absent.pfx") }),
    problem: "missing",
    source: "pfx DIR/absent.pfx",
    advice: /no such file/,
  },
  "a missing CA file": {
    layer: (pki) => pem(pki, { certificateAuthorities: [file(pki, "absent.ca")] }),
    problem: "missing",
    source: "certificateAuthorities DIR/absent.ca",
    advice: /no such file/,
  },
  "an empty path": {
    layer: (pki) => pem(pki, { certificate: { file: "" } }),
    problem: "unreadable",
    source: "certificate (no path)",
    advice: /the path is empty; give the path of a file/,
  },
  "a path through a file": {
    layer: (pki) => pem(pki, { certificate: { file: `${pki.files.certificate}/client.crt` } }),
    problem: "missing",
    source: "certificate DIR/client.crt/client.crt",
    advice: /no such file/,
  },
  "a directory": {
    layer: (pki) => pem(pki, { certificate: { file: pki.files.directory } }),
    problem: "unreadable",
    source: "certificate DIR",
    advice: /it is a directory/,
  },
  "a path with a NUL character": {
    layer: (pki) => pem(pki, { certificate: { file: "client\0.crt" } }),
    problem: "unreadable",
    source: "certificate client\0.crt",
    advice: /cannot be read \(ERR_INVALID_ARG_VALUE\)/,
  },
  "an empty certificate": {
    layer: (pki) => pem(pki, { certificate: bytes(" \n") }),
    problem: "unreadable",
    source: "certificate (in memory)",
    advice: /it is empty/,
  },
  "an empty CA file": {
    layer: (pki) => pem(pki, { certificateAuthorities: [new Uint8Array()] }),
    problem: "unreadable",
    source: "certificateAuthorities (in memory)",
    advice: /it is empty/,
  },
  "a certificate that is plain text": {
    layer: (pki) => pem(pki, { certificate: bytes("hello") }),
    problem: "unreadable",
    source: "certificate (in memory)",
    advice: /not a certificate; give an X.509 certificate in PEM/,
  },
  "a truncated certificate": {
    layer: (pki) => pem(pki, { certificate: cut(pki.client.certificate) }),
    problem: "unreadable",
    source: "certificate (in memory)",
    advice: /cut off or damaged/,
  },
  "a damaged certificate": {
    layer: (pki) => pem(pki, { certificate: damaged(pki.client.certificate) }),
    problem: "unreadable",
    source: "certificate (in memory)",
    advice: /cut off or damaged/,
  },
  "a truncated chain": {
    layer: (pki) =>
      pem(pki, {
        certificate: bytes(pki.client.certificate + pki.authority.certificate.slice(0, 150)),
      }),
    problem: "unreadable",
    source: "certificate (in memory)",
    advice: /cut off or damaged/,
  },
  "a truncated DER certificate": {
    layer: (pki) => pem(pki, { certificate: new Uint8Array([0x30, 0x82, 1, 2, 3]) }),
    problem: "unreadable",
    source: "certificate (in memory)",
    advice: /cut off or damaged/,
  },
  "a chain with the authority first": {
    layer: (pki) =>
      pem(pki, { certificate: bytes(pki.authority.certificate + pki.client.certificate) }),
    problem: "mismatch",
    source: "certificate (in memory) and privateKey DIR/client.key",
    advice: /the client's own certificate first/,
  },
  "an expired certificate": {
    layer: (pki) => of(Certificates.issueExpiredClient(pki.authority, { commonName: "old" })),
    problem: "expired",
    source: "certificate (in memory)",
    advice: /it expired on 2/,
  },
  "a certificate that is not valid yet": {
    layer: (pki) => of(Certificates.issueFutureClient(pki.authority, { commonName: "new" })),
    problem: "not-yet-valid",
    source: "certificate (in memory)",
    advice: /it is valid only from 2/,
  },
  "a certificate with OpenSSL's own label": {
    layer: (pki) => pem(pki, { certificate: bytes(labelled(pki, "TRUSTED CERTIFICATE")) }),
    problem: "unreadable",
    source: "certificate (in memory)",
    advice: /labelled TRUSTED CERTIFICATE, .* openssl x509 -in/,
  },
  "a CA file with an old label": {
    layer: (pki) =>
      pem(pki, { certificateAuthorities: [bytes(labelled(pki, "X509 CERTIFICATE"))] }),
    problem: "unreadable",
    source: "certificateAuthorities (in memory)",
    advice: /labelled X509 CERTIFICATE, .* openssl x509 -in/,
  },
  "a certificate in UTF-16": {
    layer: (pki) => pem(pki, { certificate: utf16(pki.client.certificate) }),
    problem: "unreadable",
    source: "certificate (in memory)",
    advice: /text in UTF-16; save it as UTF-8/,
  },
  "a CA file that is plain text": {
    layer: (pki) => pem(pki, { certificateAuthorities: [bytes("hello")] }),
    problem: "unreadable",
    source: "certificateAuthorities (in memory)",
    advice: /not a certificate/,
  },
  "a key in place of a CA file, beside a good CA file": {
    layer: (pki) =>
      pem(pki, {
        certificateAuthorities: [...pki.certificateAuthorities, pki.inputs.privateKey],
      }),
    problem: "unreadable",
    source: "certificateAuthorities DIR/client.key",
    advice: /a private key and no certificate/,
  },
};

describe("CertificateUnusable of certificates and files", () => {
  run(cases);

  it.live("names a key that this process may not read", () =>
    Effect.gen(function* () {
      const pki = yield* Pki.make;
      yield* Effect.promise(() => Fs.chmod(pki.files.privateKey, 0o000));
      const { stdout } = yield* Effect.promise(() =>
        promisify(execFile)(process.execPath, [
          Url.fileURLToPath(new URL("./fixtures/unprivileged.ts", import.meta.url)),
          pki.files.certificate,
          pki.files.privateKey,
        ]),
      );
      assert.match(stdout, /privateKey .*client\.key: this process may not read it/);
    }),
  );

  it.effect("judges the validity by the clock of Effect", () =>
    Effect.gen(function* () {
      const pki = yield* Pki.make;
      const early = yield* failure(pem(pki, {}));
      assert.include(early.message, "it is valid only from");
      yield* TestClock.setTime(Date.now());
      const { notAfter } = yield* Effect.scoped(
        Effect.map(MutualTls.MutualTls, ({ currentUnsafe }) => currentUnsafe()).pipe(
          Effect.provide(pem(pki, {})),
        ),
      );
      yield* TestClock.setTime(notAfter + 1);
      const late = yield* failure(pem(pki, {}));
      assert.include(late.message, "it expired on");
    }),
  );
});
