import type { Refusal } from "@x/testing/Emulator";
import * as Crypto from "node:crypto";
import type { JWK } from "oidc-provider";

/** Claims of the access tokens that the emulator issues (RFC 9068 §2.2). */
interface Claims {
  readonly jti: string;
  readonly iss: string;
  readonly aud: string;
  /** Epoch seconds. */
  readonly exp: number;
  readonly cnf?: { readonly "x5t#S256"?: string };
}

/** The key that signs access tokens, and the check of what it signed. */
export interface AccessTokens {
  /** Private key for oidc-provider. */
  readonly jwk: JWK;
  /** Returns the claims of a token from this issuer for this resource, or why the API refuses it. */
  readonly verify: (token: string) => Claims | Extract<Refusal, "unknown" | "expired">;
}

/** Generates a PS256 key for access tokens. */
export const make = (options: {
  readonly issuer: string;
  readonly resource: string;
}): AccessTokens => {
  const { privateKey, publicKey } = Crypto.generateKeyPairSync("rsa", { modulusLength: 2048 });
  const key = {
    key: publicKey,
    padding: Crypto.constants.RSA_PKCS1_PSS_PADDING,
    saltLength: Crypto.constants.RSA_PSS_SALTLEN_DIGEST,
  };
  return {
    jwk: { ...privateKey.export({ format: "jwk" }), kid: Crypto.randomUUID(), use: "sig" } as JWK,
    verify: (token) => {
      const [head = "", body = "", signature = ""] = token.split(".");
      const signed = Buffer.from(`${head}.${body}`);
      if (!Crypto.verify("sha256", signed, key, Buffer.from(signature, "base64url")))
        return "unknown";
      const { typ } = parse<{ readonly typ?: string }>(head);
      const claims = parse<Claims>(body);
      if (typ !== "at+jwt" || claims.iss !== options.issuer || claims.aud !== options.resource)
        return "unknown";
      return claims.exp * 1000 <= Date.now() ? "expired" : claims;
    },
  };
};

/** Parses a part of a JWT whose signature has been verified. */
const parse = <A>(part: string): A => JSON.parse(Buffer.from(part, "base64url").toString());
