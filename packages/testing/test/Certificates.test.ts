import { assert, describe, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as Redacted from "effect/Redacted";
import * as Crypto from "node:crypto";
import * as Fs from "node:fs";
import * as Tls from "node:tls";
import * as Certificates from "@x/testing/Certificates";

const passphrase = Redacted.make("correct horse");

const thumbprintByNode = (certificate: string) =>
  Buffer.from(
    new Crypto.X509Certificate(certificate).fingerprint256.replaceAll(":", ""),
    "hex",
  ).toString("base64url");

const read = (path: string) => Fs.readFileSync(path);

describe("Certificates", () => {
  it.live("issues server certificates for localhost and the given hosts", () =>
    Effect.gen(function* () {
      const authority = yield* Certificates.makeAuthority("Root");
      const issued = yield* Certificates.issueServer(authority, {
        hosts: ["auth.example.test", "127.0.0.2"],
      });
      const parsed = new Crypto.X509Certificate(issued.certificate);
      assert.isTrue(parsed.checkIssued(new Crypto.X509Certificate(authority.certificate)));
      assert.isTrue(parsed.verify(new Crypto.X509Certificate(authority.certificate).publicKey));
      for (const name of ["localhost", "auth.example.test"])
        assert.strictEqual(parsed.checkHost(name), name);
      for (const ip of ["127.0.0.1", "::1", "127.0.0.2"])
        assert.strictEqual(parsed.checkIP(ip), ip);
      assert.isUndefined(parsed.checkHost("elsewhere.test"));
    }),
  );

  it.live("issues certificates that distinguish authorities with the same name", () =>
    Effect.gen(function* () {
      const [one, other] = yield* Effect.all([
        Certificates.makeAuthority("Root"),
        Certificates.makeAuthority("Root"),
      ]);
      const issued = new Crypto.X509Certificate((yield* Certificates.issueServer(one)).certificate);
      assert.isTrue(issued.checkIssued(new Crypto.X509Certificate(one.certificate)));
      assert.isFalse(issued.checkIssued(new Crypto.X509Certificate(other.certificate)));
    }),
  );

  for (const algorithm of ["EC", "RSA"] as const) {
    it.live(`issues ${algorithm} client certificates with a matching key and thumbprint`, () =>
      Effect.gen(function* () {
        const authority = yield* Certificates.makeAuthority("Root");
        const issued = yield* Certificates.issueClient(authority, {
          commonName: "client",
          algorithm,
        });
        const parsed = new Crypto.X509Certificate(issued.certificate);
        assert.strictEqual(issued.thumbprint, thumbprintByNode(issued.certificate));
        assert.isTrue(parsed.checkPrivateKey(Crypto.createPrivateKey(issued.privateKey)));
        assert.strictEqual(parsed.publicKey.asymmetricKeyType, algorithm.toLowerCase());
        assert.deepStrictEqual(parsed.keyUsage, ["1.3.6.1.5.5.7.3.2"]);
        assert.include(issued.privateKey, "BEGIN PRIVATE KEY");
      }),
    );

    it.live(`packs ${algorithm} certificates in PFX files that Node opens`, () =>
      Effect.gen(function* () {
        const issued = yield* Certificates.selfSigned({ commonName: "client", algorithm });
        const pfx = Buffer.from(yield* Certificates.pfx(issued, passphrase));
        Tls.createSecureContext({ pfx, passphrase: "correct horse" });
        assert.throws(
          () => Tls.createSecureContext({ pfx, passphrase: "wrong" }),
          /mac verify failure/,
        );
        for (const [omit, message] of [
          ["privateKey", /Unable to load private key/],
          ["certificate", /Unable to load certificate/],
        ] as const) {
          const part = Buffer.from(yield* Certificates.pfx(issued, passphrase, { omit }));
          assert.throws(
            () => Tls.createSecureContext({ pfx: part, passphrase: "correct horse" }),
            message,
          );
        }
      }),
    );
  }

  it.live("formats the subject as RFC 4514 says", () =>
    Effect.gen(function* () {
      const plain = yield* Certificates.selfSigned({ commonName: "client" });
      assert.strictEqual(plain.subject, "CN=client,O=X Testing,C=GB");
      const odd = yield* Certificates.selfSigned({ commonName: " a, b+c\\ " });
      assert.strictEqual(odd.subject, "CN=\\ a\\, b\\+c\\\\\\ ,O=X Testing,C=GB");
    }),
  );

  it.live("issues expired certificates and certificates that are not yet valid", () =>
    Effect.gen(function* () {
      const authority = yield* Certificates.makeAuthority("Root");
      const expired = yield* Certificates.issueExpiredClient(authority, { commonName: "client" });
      const future = yield* Certificates.issueFutureClient(authority, { commonName: "client" });
      assert.isBelow(
        new Crypto.X509Certificate(expired.certificate).validToDate.getTime(),
        Date.now(),
      );
      assert.isAbove(
        new Crypto.X509Certificate(future.certificate).validFromDate.getTime(),
        Date.now(),
      );
    }),
  );

  it.live("makes self-signed certificates", () =>
    Effect.gen(function* () {
      const issued = yield* Certificates.selfSigned({ commonName: "client" });
      const parsed = new Crypto.X509Certificate(issued.certificate);
      assert.isTrue(parsed.verify(parsed.publicKey));
    }),
  );

  it.live("encrypts private keys with a passphrase", () =>
    Effect.gen(function* () {
      const issued = yield* Certificates.selfSigned({ commonName: "client" });
      const encrypted = yield* Certificates.encryptPrivateKey(issued.privateKey, passphrase);
      assert.include(encrypted, "BEGIN ENCRYPTED PRIVATE KEY");
      Tls.createSecureContext({
        cert: issued.certificate,
        key: encrypted,
        passphrase: "correct horse",
      });
      assert.throws(() => Crypto.createPrivateKey({ key: encrypted, passphrase: "wrong" }));
    }),
  );

  it.live("fails with CertificateError when a key or certificate is not PEM", () =>
    Effect.gen(function* () {
      const garbage = { certificate: "no PEM", privateKey: "no PEM" };
      const key = yield* Effect.flip(Certificates.encryptPrivateKey("no PEM", passphrase));
      const pfx = yield* Effect.flip(Certificates.pfx(garbage, passphrase));
      assert.strictEqual(key._tag, "CertificateError");
      assert.strictEqual(pfx._tag, "CertificateError");
    }),
  );

  it.live("writes files that Node loads and removes them with the scope", () =>
    Effect.gen(function* () {
      const issued = yield* Certificates.selfSigned({ commonName: "client" });
      const directory = yield* Effect.scoped(
        Effect.gen(function* () {
          const files = yield* Certificates.writeFiles(issued, { passphrase });
          Tls.createSecureContext({ cert: read(files.certificate), key: read(files.privateKey) });
          Tls.createSecureContext({
            cert: read(files.certificate),
            key: read(files.encryptedPrivateKey),
            passphrase: Redacted.value(files.passphrase),
          });
          Tls.createSecureContext({
            pfx: read(files.pfx),
            passphrase: Redacted.value(files.passphrase),
          });
          assert.strictEqual(Fs.statSync(files.privateKey).mode & 0o777, 0o600);
          return files.directory;
        }),
      );
      assert.isFalse(Fs.existsSync(directory));
    }),
  );
});
