/** Turns the fault of a transport into a reason. */
import * as Predicate from "effect/Predicate";
import * as TokenError from "../TokenError.ts";

/** Returns the reason for a transport's codes, outermost first. `certificate` is where ours comes from, if one was shown. */
export const transportReason = (
  codes: ReadonlyArray<string>,
  certificate: string | undefined,
): TokenError.Reason => {
  const untrusted = codes.find((code) => serverCertificateCodes.has(code));
  if (untrusted !== undefined) {
    return new TokenError.ServerUntrusted({ problem: "certificate", code: untrusted });
  }
  if (codes.includes("ERR_IP_BLOCKED")) {
    return new TokenError.ServerUntrusted({ problem: "address" });
  }
  const alert = codes
    .map((code) => certificateAlert.exec(code)?.[1])
    .find(Predicate.isNotUndefined);
  if (alert !== undefined && certificate !== undefined) {
    return new TokenError.CertificateUnusable({
      problem: "refused",
      source: certificate,
      advice: `the server refused it: ${alert.toLowerCase().replaceAll("_", " ")}; check that it is the one registered for this environment`,
    });
  }
  const dns = codes.find((code) => code === "ENOTFOUND" || code.startsWith("EAI_"));
  return new TokenError.ServerUnavailable(
    dns === undefined
      ? { problem: "connection", ...firstCode(codes) }
      : { problem: "dns", code: dns },
  );
};

/** Returns the `code` field of a reason, if there is a code. */
export const firstCode = ([code]: ReadonlyArray<string>): { readonly code?: string } =>
  code === undefined ? {} : { code };

// X509_verify_cert's results as Node names them, and its own check of the host name.
const serverCertificateCodes = new Set(
  `
  CERT_CHAIN_TOO_LONG CERT_HAS_EXPIRED CERT_NOT_YET_VALID CERT_REJECTED CERT_REVOKED
  CERT_SIGNATURE_FAILURE CERT_UNTRUSTED DEPTH_ZERO_SELF_SIGNED_CERT
  ERR_TLS_CERT_ALTNAME_INVALID HOSTNAME_MISMATCH INVALID_CA INVALID_PURPOSE
  PATH_LENGTH_EXCEEDED SELF_SIGNED_CERT_IN_CHAIN UNABLE_TO_DECRYPT_CERT_SIGNATURE
  UNABLE_TO_GET_ISSUER_CERT UNABLE_TO_GET_ISSUER_CERT_LOCALLY UNABLE_TO_VERIFY_LEAF_SIGNATURE
  `
    .trim()
    .split(/\s+/),
);

// The alerts of RFC 8446 §6.2 with which a server refuses a client's certificate.
const certificateAlert =
  /_ALERT_(UNKNOWN_CA|BAD_CERTIFICATE|UNSUPPORTED_CERTIFICATE|CERTIFICATE_REVOKED|CERTIFICATE_EXPIRED|CERTIFICATE_UNKNOWN|CERTIFICATE_REQUIRED|ACCESS_DENIED|HANDSHAKE_FAILURE)$/;
