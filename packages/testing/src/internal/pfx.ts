import * as Asn1 from "asn1js";
import * as Crypto from "node:crypto";
import * as Pki from "pkijs";

/** Rounds of key derivation; 2048 is the default of `openssl pkcs12 -export`. */
const iterations = 2048;

// RFC 7292 §4.2 and RFC 2985 §5.5.2
const certificateBag = "1.2.840.113549.1.12.10.1.3";
const shroudedKeyBag = "1.2.840.113549.1.12.10.1.2";
const localKeyId = "1.2.840.113549.1.9.21";

/** Encodes a certificate and its key as a PKCS#12 file (RFC 7292) under AES-256-CBC. */
export const encode = async (options: {
  readonly certificate: string;
  readonly privateKey: string;
  readonly passphrase: string;
  readonly omit: "privateKey" | "certificate" | undefined;
}): Promise<Uint8Array> => {
  const password = bufferOf(Buffer.from(options.passphrase, "utf8"));
  const encryption = {
    password,
    contentEncryptionAlgorithm: { name: "AES-CBC", length: 256 },
    hmacHashAlgorithm: "SHA-256",
    iterationCount: iterations,
  };
  const certificate = new Crypto.X509Certificate(options.certificate).raw;
  const key = Crypto.createPrivateKey(options.privateKey).export({ type: "pkcs8", format: "der" });

  const bags: Array<Pki.SafeBag> = [];
  // the same id in both bags tells a reader which key belongs to the certificate
  const id = new Pki.Attribute({
    type: localKeyId,
    values: [
      new Asn1.OctetString({
        valueHex: bufferOf(Crypto.createHash("sha1").update(certificate).digest()),
      }),
    ],
  });
  if (options.omit !== "certificate") {
    bags.push(
      new Pki.SafeBag({
        bagId: certificateBag,
        bagValue: new Pki.CertBag({ parsedValue: Pki.Certificate.fromBER(bufferOf(certificate)) }),
        bagAttributes: [id],
      }),
    );
  }
  if (options.omit !== "privateKey") {
    const bagValue = new Pki.PKCS8ShroudedKeyBag({
      parsedValue: Pki.PrivateKeyInfo.fromBER(bufferOf(key)),
    });
    await bagValue.makeInternalValues(encryption);
    bags.push(new Pki.SafeBag({ bagId: shroudedKeyBag, bagValue, bagAttributes: [id] }));
  }

  const authenticatedSafe = new Pki.AuthenticatedSafe({
    parsedValue: {
      safeContents: bags.map((bag) => ({
        // RFC 7292 §3.1: 1 encrypts the bag with the password, 0 leaves it as it is
        privacyMode: bag.bagId === certificateBag ? 1 : 0,
        value: new Pki.SafeContents({ safeBags: [bag] }),
      })),
    },
  });
  await authenticatedSafe.makeInternalValues({
    safeContents: bags.map(({ bagId }) => (bagId === certificateBag ? encryption : {})),
  });
  const pfx = new Pki.PFX({ parsedValue: { integrityMode: 0, authenticatedSafe } });
  await pfx.makeInternalValues({
    password,
    iterations,
    pbkdf2HashAlgorithm: { name: "SHA-256" },
    hmacHashAlgorithm: "SHA-256",
  });
  return new Uint8Array(pfx.toSchema().toBER());
};

const bufferOf = (bytes: Uint8Array): ArrayBuffer => new Uint8Array(bytes).buffer;
