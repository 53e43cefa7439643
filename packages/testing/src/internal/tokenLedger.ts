import * as Crypto from "node:crypto";
import type { Refusal } from "../Emulator.ts";

interface Entry {
  readonly scope: string | undefined;
  /** Thumbprint of the certificate that the token is bound to (RFC 8705 §3). */
  readonly certificate: string | undefined;
  /** Epoch milliseconds. */
  readonly expiresAt: number;
}

/** How many tokens a ledger remembers; older ones become unknown. */
const capacity = 100_000;

export interface TokenLedger {
  readonly issue: (format: "opaque" | "jwt", entry: Entry) => string;
  readonly check: (
    authorization: string | undefined,
    presented: { readonly certificate: string | undefined; readonly at: number },
  ) => Refusal | undefined;
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
    check: (authorization, presented) => {
      const token = bearer(authorization);
      if (token === undefined) return "missing";
      const entry = entries.get(token);
      if (entry === undefined) return "unknown";
      if (entry.revoked) return "revoked";
      if (presented.at >= entry.expiresAt) return "expired";
      if (entry.certificate !== undefined && entry.certificate !== presented.certificate)
        return "certificate";
      return undefined;
    },
    revokeAll: () => {
      for (const entry of entries.values()) entry.revoked = true;
    },
  };
};

/** Reads the token of an `Authorization: Bearer` header (RFC 6750 §2.1). */
export const bearer = (authorization: string | undefined): string | undefined =>
  /^bearer +([A-Za-z0-9\-._~+/]+=*)$/i.exec(authorization ?? "")?.[1];

const random = (bytes: number): string => Crypto.randomBytes(bytes).toString("base64url");

const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");

// it only has to look like the vendor's: an API finds it in the ledger and nobody else may read it
const jwtShaped = (entry: Entry): string => {
  const claims = { jti: random(16), exp: Math.floor(entry.expiresAt / 1000), scope: entry.scope };
  return `${part({ alg: "RS256", typ: "JWT" })}.${part(claims)}.${random(64)}`;
};
