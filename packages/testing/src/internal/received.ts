/** Parts of a request that every listener records in the same way. */
import type * as Crypto from "node:crypto";
import type * as ReceivedRequest from "../ReceivedRequest.ts";

/** Pairs up raw headers in order of arrival, with names in lower case. */
export const headersOf = (
  raw: ReadonlyArray<string>,
): ReceivedRequest.ReceivedRequest["headers"] => {
  const headers: Array<readonly [string, string]> = [];
  for (let i = 0; i + 1 < raw.length; i += 2) headers.push([raw[i]!.toLowerCase(), raw[i + 1]!]);
  return headers;
};

/** Returns the `x5t#S256` of a client certificate (RFC 8705 §3.1). */
export const thumbprintOf = (certificate: Crypto.X509Certificate | undefined): string | undefined =>
  certificate &&
  Buffer.from(certificate.fingerprint256.replaceAll(":", ""), "hex").toString("base64url");
