import type * as x509 from "@peculiar/x509";

/** The attributes of a subject, in the order in which the certificate holds them. */
export type Attributes = ReadonlyArray<readonly [type: "C" | "O" | "CN", value: string]>;

export const attributes = (commonName: string): Attributes => [
  ["C", "GB"],
  ["O", "X Testing"],
  ["CN", commonName],
];

export const toJsonName = (self: Attributes): x509.JsonName =>
  self.map(([type, value]) => ({ [type]: [value] }));

/** Prints a subject as RFC 4514 wants it: last attribute first, special characters escaped. */
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
