import type * as x509 from "@peculiar/x509";

/** Attributes of a subject in the order of the certificate. */
export type Attributes = ReadonlyArray<readonly [type: "C" | "O" | "CN", value: string]>;

export const attributes = (commonName: string): Attributes => [
  ["C", "GB"],
  ["O", "X Testing"],
  ["CN", commonName],
];

export const toJsonName = (self: Attributes): x509.JsonName =>
  self.map(([type, value]) => ({ [type]: [value] }));

/** Formats a subject by RFC 4514: last attribute first, special characters escaped. */
export const format = (self: Attributes): string =>
  self
    .toReversed()
    .map(([type, value]) => `${type}=${escape(value)}`)
    .join(",");

// RFC 4514 §2.4: leading "#" or space, trailing space, and the specials
const escape = (value: string): string =>
  value
    .replace(/[\\"+,;<>]/g, "\\$&")
    .replace(/^[# ]/, "\\$&")
    .replace(/(?<!^) $/, "\\ ");
