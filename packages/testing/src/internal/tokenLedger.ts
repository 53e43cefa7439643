import * as Crypto from "node:crypto";
import { bearerToken, type ReceivedRequest } from "../ReceivedRequest.ts";

/**
 * Reason why an API refuses a call.
 *
 * `certificate`: the token is bound to another certificate than the connection's (RFC 8705 §3).
 *
 * @since 0.1.0
 */
export type Refusal = "missing" | "unknown" | "expired" | "revoked" | "certificate";

interface Entry {
  readonly scope: string | undefined;
  /** Thumbprint of the certificate to which the token is bound (RFC 8705 §3). */
  readonly certificate: string | undefined;
  /** Epoch milliseconds. */
  readonly expiresAt: number;
}

/** Maximum number of tokens that a ledger remembers; older tokens become unknown. */
const capacity = 100_000;

/** The tokens that an emulator issued. */
export interface TokenLedger {
  readonly issue: (format: "opaque" | "jwt", entry: Entry) => string;
  readonly check: (request: ReceivedRequest) => Refusal | undefined;
  readonly revokeAll: () => void;
}

export const make = (): TokenLedger => {
  const entries = new Map<string, Entry & { revoked: boolean }>();
  return {
    issue: (format, entry) => {
      const token = format === "jwt" ? jwtShaped(entry) : random(32);
      entries.set(token, { ...entry, revoked: false });
      if (entries.size > capacity) {
        for (const oldest of entries.keys()) {
          entries.delete(oldest);
          break;
        }
      }
      return token;
    },
    check: (request) => {
      const token = bearerToken(request);
      if (token === undefined) return "missing";
      const entry = entries.get(token);
      if (entry === undefined) return "unknown";
      if (entry.revoked) return "revoked";
      if (request.at >= entry.expiresAt) return "expired";
      if (entry.certificate !== undefined && entry.certificate !== request.certificate)
        return "certificate";
      return undefined;
    },
    revokeAll: () => {
      for (const entry of entries.values()) entry.revoked = true;
    },
  };
};

const random = (bytes: number): string => Crypto.randomBytes(bytes).toString("base64url");

const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");

// the signature is random: the API looks tokens up in the ledger and nothing else may read them
const jwtShaped = (entry: Entry): string => {
  const claims = { jti: random(16), exp: Math.floor(entry.expiresAt / 1000), scope: entry.scope };
  return `${part({ alg: "RS256", typ: "JWT" })}.${part(claims)}.${random(64)}`;
};
