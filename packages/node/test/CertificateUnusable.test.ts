import { assert, describe, it } from "@effect/vitest";
import * as MutualTls from "@x/core/MutualTls";
import type * as TokenError from "@x/core/TokenError";
import * as NodeMutualTls from "@x/node/NodeMutualTls";
import * as Certificates from "@x/testing/Certificates";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Redacted from "effect/Redacted";
import * as TestClock from "effect/testing/TestClock";
import { execFile } from "node:child_process";
import * as Fs from "node:fs/promises";
import * as Path from "node:path";
import * as Url from "node:url";
import * as Util from "node:util";
import { promisify } from "node:util";
import * as Pki from "./fixtures/pki.ts";

const { bytes, canary } = Pki;
const passphrase = Redacted.make(canary);
const wrong = Redacted.make(`wrong-${canary}`);

type Layers = Layer.Layer<
  Layer.Success<ReturnType<typeof NodeMutualTls.layerPem>>,
  TokenError.TokenError | Certificates.CertificateError
>;
type Pki = Effect.Success<typeof Pki.make>;

interface Case {
  readonly layer: (pki: Pki) => Layers;
  readonly problem: TokenError.CertificateUnusable["problem"];
  /** `DIR` stands for the directory of the files. */
  readonly source: string;
  readonly advice: RegExp;
}

const pem = (pki: Pki, options: Partial<NodeMutualTls.PemOptions>) =>
  NodeMutualTls.layerPem({
    certificate: pki.files.certificate,
    privateKey: pki.files.privateKey,
    ...options,
  });

const of = (certificate: Effect.Effect<Certificates.Certificate>) =>
  Layer.unwrap(
    Effect.map(certificate, (issued) =>
      NodeMutualTls.layerPem({
        certificate: bytes(issued.certificate),
        privateKey: bytes(issued.privateKey),
      }),
    ),
  );

const ofPfx = (pfx: Effect.Effect<Uint8Array, Certificates.CertificateError>) =>
  Layer.unwrap(Effect.map(pfx, (pfx) => NodeMutualTls.layerPfx({ pfx, passphrase })));

const file = (pki: Pki, name: string) => Path.join(pki.files.directory, name);
const cut = (text: string) => bytes(text.slice(0, 150));

const labelled = (pki: Pki, label: string) =>
  pki.client.certificate.replaceAll("CERTIFICATE", label);

const utf16 = (text: string) => Buffer.from(`\uFEFF${text}`, "utf16le");

/** Well-formed PEM around bytes that are not a key. */
const damaged = (text: string) => bytes(text.replace(/\n.{8}/, "\nAAAAAAAA"));

const cases: Record<string, Case> = {
  "no certificate file": {
    layer: (pki) => pem(pki, { certificate: file(pki, "absent.crt") }),
    problem: "missing",
    source: "certificate DIR/absent.crt",
    advice: /no such file; check the path/,
  },
  "no key file": {
    layer: (pki) => pem(pki, { privateKey: file(pki, "absent.key") }),
    problem: "missing",
    source: "privateKey DIR/absent.key",
    advice: /no such file/,
  },
  "no PFX file": {
    layer: (pki) => NodeMutualTls.layerPfx({ pfx: file(pki, "absent.pfx") }),
    problem: "missing",
    source: "pfx DIR/absent.pfx",
    advice: /no such file/,
  },
  "no CA file": {
    layer: (pki) => pem(pki, { certificateAuthorities: [file(pki, "absent.ca")] }),
    problem: "missing",
    source: "certificateAuthorities DIR/absent.ca",
    advice: /no such file/,
  },
  "an empty path": {
    layer: (pki) => pem(pki, { certificate: "" }),
    problem: "missing",
    source: "certificate ",
    advice: /no such file/,
  },
  "a path through a file": {
    layer: (pki) => pem(pki, { certificate: `${pki.files.certificate}/client.crt` }),
    problem: "missing",
    source: "certificate DIR/client.crt/client.crt",
    advice: /no such file/,
  },
  "a directory": {
    layer: (pki) => pem(pki, { certificate: pki.files.directory }),
    problem: "unreadable",
    source: "certificate DIR",
    advice: /it is a directory/,
  },
  "a path that no system takes": {
    layer: (pki) => pem(pki, { certificate: "client\0.crt" }),
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
  "an empty CA file": {
    layer: (pki) => pem(pki, { certificateAuthorities: [new Uint8Array()] }),
    problem: "unreadable",
    source: "certificateAuthorities (in memory)",
    advice: /it is empty/,
  },
  "a certificate that is none": {
    layer: (pki) => pem(pki, { certificate: bytes("hello") }),
    problem: "unreadable",
    source: "certificate (in memory)",
    advice: /not a certificate; give an X.509 certificate in PEM/,
  },
  "a certificate that is cut off": {
    layer: (pki) => pem(pki, { certificate: cut(pki.client.certificate) }),
    problem: "unreadable",
    source: "certificate (in memory)",
    advice: /cut off or damaged/,
  },
  "a certificate whose bytes are damaged": {
    layer: (pki) => pem(pki, { certificate: damaged(pki.client.certificate) }),
    problem: "unreadable",
    source: "certificate (in memory)",
    advice: /cut off or damaged/,
  },
  "a chain that is cut off": {
    layer: (pki) =>
      pem(pki, {
        certificate: bytes(pki.client.certificate + pki.authority.certificate.slice(0, 150)),
      }),
    problem: "unreadable",
    source: "certificate (in memory)",
    advice: /cut off or damaged/,
  },
  "a DER certificate that is cut off": {
    layer: (pki) => pem(pki, { certificate: new Uint8Array([0x30, 0x82, 1, 2, 3]) }),
    problem: "unreadable",
    source: "certificate (in memory)",
    advice: /cut off or damaged/,
  },
  "a key without a certificate": {
    layer: (pki) => pem(pki, { certificate: pki.files.privateKey }),
    problem: "unreadable",
    source: "certificate DIR/client.key",
    advice: /a private key and no certificate; check whether the two options are swapped/,
  },
  "a certificate without a key": {
    layer: (pki) => pem(pki, { privateKey: pki.files.certificate }),
    problem: "unreadable",
    source: "privateKey DIR/client.crt",
    advice: /a certificate and no private key; check whether the two options are swapped/,
  },
  "a key that is none": {
    layer: (pki) => pem(pki, { privateKey: bytes("hello") }),
    problem: "unreadable",
    source: "privateKey (in memory)",
    advice: /not a private key; give a private key in PEM/,
  },
  "a key that is cut off": {
    layer: (pki) => pem(pki, { privateKey: cut(pki.client.privateKey) }),
    problem: "unreadable",
    source: "privateKey (in memory)",
    advice: /a private key that is cut off/,
  },
  "a key whose bytes are damaged": {
    layer: (pki) => pem(pki, { privateKey: damaged(pki.client.privateKey) }),
    problem: "unreadable",
    source: "privateKey (in memory)",
    advice: /a damaged private key/,
  },
  "an encrypted key with a retired cipher": {
    layer: (pki) =>
      Layer.unwrap(
        Effect.map(
          Certificates.encryptPrivateKey(pki.client.privateKey, passphrase, { legacy: true }),
          (key) => pem(pki, { privateKey: bytes(key), passphrase }),
        ),
      ),
    problem: "unreadable",
    source: "privateKey (in memory)",
    advice: /retired cipher; encrypt it anew with openssl pkcs8 -topk8/,
  },
  "contents where a path belongs": {
    layer: (pki) => pem(pki, { privateKey: pki.client.privateKey }),
    problem: "unreadable",
    source: "privateKey (contents in place of a path)",
    advice: /a string is taken for a path/,
  },
  "contents on one line where a path belongs": {
    layer: (pki) =>
      pem(pki, { privateKey: pki.client.privateKey.replaceAll(/-----[A-Z ]+-----|\n/g, "") }),
    problem: "unreadable",
    source: "privateKey (contents in place of a path)",
    advice: /a string is taken for a path/,
  },
  "contents in base64 where a path belongs": {
    layer: (pki) => pem(pki, { privateKey: Buffer.from(pki.client.privateKey).toString("base64") }),
    problem: "unreadable",
    source: "privateKey (contents in place of a path)",
    advice: /a string is taken for a path/,
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
  "a chain with the authority first": {
    layer: (pki) =>
      pem(pki, { certificate: bytes(pki.authority.certificate + pki.client.certificate) }),
    problem: "mismatch",
    source: "certificate (in memory) and privateKey DIR/client.key",
    advice: /the client's own certificate first/,
  },
  "an encrypted key without a passphrase": {
    layer: (pki) => pem(pki, { privateKey: pki.files.encryptedPrivateKey }),
    problem: "passphrase",
    source: "privateKey DIR/client.encrypted.key",
    advice: /it is encrypted; give its passphrase/,
  },
  "an encrypted key with an empty passphrase": {
    layer: (pki) =>
      pem(pki, { privateKey: pki.files.encryptedPrivateKey, passphrase: Redacted.make("") }),
    problem: "passphrase",
    source: "privateKey DIR/client.encrypted.key",
    advice: /it is encrypted; give its passphrase/,
  },
  "an encrypted key with a wrong passphrase": {
    layer: (pki) => pem(pki, { privateKey: pki.files.encryptedPrivateKey, passphrase: wrong }),
    problem: "passphrase",
    source: "privateKey DIR/client.encrypted.key",
    advice: /the passphrase does not open it/,
  },
  "a PFX with a wrong passphrase": {
    layer: (pki) => NodeMutualTls.layerPfx({ pfx: pki.files.pfx, passphrase: wrong }),
    problem: "passphrase",
    source: "pfx DIR/client.pfx",
    advice: /the passphrase does not open it/,
  },
  "a PFX without a passphrase": {
    layer: (pki) => NodeMutualTls.layerPfx({ pfx: pki.files.pfx }),
    problem: "passphrase",
    source: "pfx DIR/client.pfx",
    advice: /it is encrypted; give its passphrase/,
  },
  "a PFX that is cut off": {
    layer: (pki) =>
      ofPfx(Effect.map(Certificates.pfx(pki.client, passphrase), (pfx) => pfx.slice(0, 300))),
    problem: "unreadable",
    source: "pfx (in memory)",
    advice: /not a PFX \(PKCS#12\) file, or it is cut off/,
  },
  "a PFX that is none": {
    layer: (pki) => NodeMutualTls.layerPfx({ pfx: pki.files.certificate, passphrase }),
    problem: "unreadable",
    source: "pfx DIR/client.crt",
    advice: /not a PFX/,
  },
  "a PFX with retired ciphers": {
    layer: (pki) => ofPfx(Certificates.pfx(pki.client, passphrase, { legacy: true })),
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
  "a PFX whose key is of another certificate": {
    layer: (pki) =>
      ofPfx(Certificates.pfx({ ...pki.client, privateKey: pki.server.privateKey }, passphrase)),
    problem: "unreadable",
    source: "pfx (in memory)",
    advice: /does not hold a private key and the certificate for it/,
  },
  "a certificate that has expired": {
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
  "a PFX whose certificate has expired": {
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
  "a certificate in OpenSSL's own format": {
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
  "a key in UTF-16, the other way round": {
    layer: (pki) => pem(pki, { privateKey: utf16(pki.client.privateKey).swap16() }),
    problem: "unreadable",
    source: "privateKey (in memory)",
    advice: /text in UTF-16; save it as UTF-8/,
  },
  "a CA file that is none": {
    layer: (pki) => pem(pki, { certificateAuthorities: [bytes("hello")] }),
    problem: "unreadable",
    source: "certificateAuthorities (in memory)",
    advice: /not a certificate/,
  },
  "a CA file that is a key, beside a good one": {
    layer: (pki) =>
      pem(pki, {
        certificateAuthorities: [...pki.certificateAuthorities, pki.files.privateKey],
      }),
    problem: "unreadable",
    source: "certificateAuthorities DIR/client.key",
    advice: /a private key and no certificate/,
  },
};

describe("CertificateUnusable", () => {
  for (const [name, { layer, problem, source, advice }] of Object.entries(cases)) {
    it.live(name, () =>
      Effect.gen(function* () {
        const pki = yield* Pki.make;
        const error = yield* failure(layer(pki));
        assert.strictEqual(error.provider, "NodeMutualTls");
        assert(error.reason._tag === "CertificateUnusable");
        assert.strictEqual(error.reason.problem, problem);
        assert.strictEqual(error.reason.source, source.replace("DIR", pki.files.directory));
        assert.match(error.reason.advice, advice);
        assert.include(error.message, error.reason.advice);
        assert.isFalse(error.isTransient);
        assertSecretsAbsent(error, pki);
      }),
    );
  }

  it.live("a key that this process may not read", () =>
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

  it.effect("goes by the clock of Effect", () =>
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

const failure = (layer: Layers) =>
  Effect.flip(Effect.scoped(Layer.build(layer))).pipe(
    Effect.map((error) => {
      assert(error._tag === "TokenError");
      return error;
    }),
  );

const assertSecretsAbsent = (error: TokenError.TokenError, pki: Pki) => {
  const printed = [
    Util.inspect(error, { depth: Infinity, showHidden: true }),
    JSON.stringify(error),
    String(error),
    error.stack,
    String(error.cause),
    String(error.reason.cause),
  ].join("\n");
  const keyText = pki.client.privateKey.split("\n")[1] ?? assert.fail("a key has a first line");
  for (const secret of [
    canary,
    "s3cret",
    "BEGIN",
    keyText,
    Buffer.from(keyText).toString("base64"),
  ]) {
    assert.notInclude(printed, secret);
  }
  assert.isUndefined(error.cause);
  assert.isUndefined(error.reason.cause);
};
