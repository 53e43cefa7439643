import forge from "node-forge";
import * as Crypto from "node:crypto";

const { asn1, pki } = forge;
const { Class, Type } = asn1;

const iterations = 2048;

const sequence = (...values: Array<forge.asn1.Asn1>) =>
  asn1.create(Class.UNIVERSAL, Type.SEQUENCE, true, values);
const set = (...values: Array<forge.asn1.Asn1>) =>
  asn1.create(Class.UNIVERSAL, Type.SET, true, values);
const oid = (value: string) =>
  asn1.create(Class.UNIVERSAL, Type.OID, false, asn1.oidToDer(value).getBytes());
const octets = (bytes: string) => asn1.create(Class.UNIVERSAL, Type.OCTETSTRING, false, bytes);
const integer = (value: number) =>
  asn1.create(Class.UNIVERSAL, Type.INTEGER, false, asn1.integerToDer(value).getBytes());
const explicit = (value: forge.asn1.Asn1) =>
  asn1.create(Class.CONTEXT_SPECIFIC, Type.NONE, true, [value]);
const der = (value: forge.asn1.Asn1) => asn1.toDer(value).getBytes();

const named = (name: string): string => {
  const value = pki.oids[name];
  if (value === undefined) throw new Error(`node-forge knows no object identifier named ${name}`);
  return value;
};

const data = (content: forge.asn1.Asn1) =>
  sequence(oid(named("data")), explicit(octets(der(content))));

/** What Windows and OpenSSL 1 wrote: RC2 with a 40-bit key (RFC 7292 appendix C). */
const encryptWithRc2 = (content: forge.asn1.Asn1, passphrase: string) => {
  const salt = forge.random.getBytesSync(8);
  const derive = (id: number, length: number) =>
    forge.pkcs12.generateKey(passphrase, forge.util.createBuffer(salt), id, iterations, length);
  const cipher = forge.rc2.createEncryptionCipher(derive(1, 5), 40);
  cipher.start(derive(2, 8));
  cipher.update(asn1.toDer(content));
  cipher.finish();
  return {
    algorithm: sequence(
      oid(named("pbewithSHAAnd40BitRC2-CBC")),
      sequence(octets(salt), integer(iterations)),
    ),
    bytes: cipher.output.getBytes(),
  };
};

const rc2EncryptedData = (content: forge.asn1.Asn1, passphrase: string) => {
  const { algorithm, bytes } = encryptWithRc2(content, passphrase);
  return sequence(
    oid(named("encryptedData")),
    explicit(
      sequence(
        integer(0),
        sequence(
          oid(named("data")),
          algorithm,
          asn1.create(Class.CONTEXT_SPECIFIC, Type.NONE, false, bytes),
        ),
      ),
    ),
  );
};

const macData = (safe: forge.asn1.Asn1, passphrase: string) => {
  const salt = forge.random.getBytesSync(8);
  const mac = forge.hmac.create();
  mac.start(
    forge.md.sha1.create(),
    forge.pkcs12.generateKey(passphrase, forge.util.createBuffer(salt), 3, iterations, 20),
  );
  mac.update(der(safe));
  const algorithm = sequence(
    oid(named("sha1")),
    asn1.create(Class.UNIVERSAL, Type.NULL, false, ""),
  );
  return sequence(
    sequence(algorithm, octets(mac.getMac().getBytes())),
    octets(salt),
    integer(iterations),
  );
};

/**
 * Builds the PKCS#12 file (RFC 7292) of one certificate and its key.
 *
 * forge's own writer parses the key and the certificate, and so takes RSA only.
 * Here both stay the bytes that they are, which admits EC.
 */
export const encode = (options: {
  readonly certificate: string;
  readonly privateKey: string;
  readonly passphrase: string;
  readonly legacy: boolean;
  readonly omit: "privateKey" | "certificate" | undefined;
}): Uint8Array => {
  const certificate = new Crypto.X509Certificate(options.certificate).raw;
  const privateKey = Crypto.createPrivateKey(options.privateKey).export({
    type: "pkcs8",
    format: "der",
  });
  const localKeyId = Crypto.createHash("sha1").update(certificate).digest("latin1");
  const attributes = set(sequence(oid(named("localKeyId")), set(octets(localKeyId))));

  const certificates = sequence(
    sequence(
      oid(named("certBag")),
      explicit(
        sequence(oid(named("x509Certificate")), explicit(octets(certificate.toString("latin1")))),
      ),
      attributes,
    ),
  );
  const keys = sequence(
    sequence(
      oid(named("pkcs8ShroudedKeyBag")),
      explicit(
        pki.encryptPrivateKeyInfo(asn1.fromDer(privateKey.toString("latin1")), options.passphrase, {
          algorithm: options.legacy ? "3des" : "aes256",
          count: iterations,
        }),
      ),
      attributes,
    ),
  );
  const safe = sequence(
    ...(options.omit === "certificate"
      ? []
      : [options.legacy ? rc2EncryptedData(certificates, options.passphrase) : data(certificates)]),
    ...(options.omit === "privateKey" ? [] : [data(keys)]),
  );
  return Buffer.from(
    der(sequence(integer(3), data(safe), macData(safe, options.passphrase))),
    "latin1",
  );
};

/** An encrypted PKCS#8 key, PEM, that OpenSSL 3 refuses to open. */
export const encryptKeyWithRc2 = (privateKey: string, passphrase: string): string => {
  const key = Crypto.createPrivateKey(privateKey).export({ type: "pkcs8", format: "der" });
  const { algorithm, bytes } = encryptWithRc2(asn1.fromDer(key.toString("latin1")), passphrase);
  return pki.encryptedPrivateKeyToPem(sequence(algorithm, octets(bytes)));
};
