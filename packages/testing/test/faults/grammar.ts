/** The grammar of a token answer, written from RFC 6749 and not from the code under test. */

export interface Answer {
  readonly status: number;
  readonly contentType: string | undefined;
  readonly body: Uint8Array;
}

const isPrintable = (text: string, from: number) =>
  [...text].every((character) => {
    const code = character.codePointAt(0) ?? 0;
    return code >= from && code <= 0x7e;
  });

/** Returns the object in a body if RFC 8259 and the README of @x/core allow it. */
const objectIn = ({ body, contentType }: Answer): Readonly<Record<string, unknown>> | undefined => {
  const [type = ""] = (contentType ?? "").split(";");
  if (!/^application\/(json|[a-z0-9._-]+\+json)$/.test(type.trim().toLowerCase())) return undefined;
  const text = Buffer.from(body).toString("utf8");
  // Invalid UTF-8 decodes to other bytes.
  if (!Buffer.from(text).equals(Buffer.from(body))) return undefined;
  try {
    const json = text.startsWith("\ufeff") ? text.slice(1) : text;
    const value: unknown = JSON.parse(json);
    if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
    return Object.fromEntries(Object.entries(value));
  } catch {
    return undefined;
  }
};

/** Returns the token of a valid answer (RFC 6749 §5.1). */
export const granted = (answer: Answer): string | undefined => {
  if (answer.status !== 200) return undefined;
  const object = objectIn(answer);
  if (object === undefined) return undefined;
  // Some servers send a null or empty error in every answer.
  if ("error" in object && object["error"] !== null && object["error"] !== "") return undefined;
  const { access_token: token, expires_in: expires, scope, token_type: type } = object;
  if (typeof token !== "string" || token.length < 1 || token.length > 16_384) return undefined;
  if (!isPrintable(token, 0x21)) return undefined;
  if (typeof type !== "string" || type.replace(/ +$/, "").toLowerCase() !== "bearer")
    return undefined;
  if (scope !== undefined && scope !== null) {
    if (typeof scope !== "string" || scope.length > 4096 || !isPrintable(scope, 0x20))
      return undefined;
  }
  if (expires !== undefined && expires !== null) {
    const isNumber = typeof expires === "number" && Number.isFinite(expires) && expires >= 0;
    const isDigits = typeof expires === "string" && /^[0-9]{1,20}$/.test(expires);
    if (!isNumber && !isDigits) return undefined;
  }
  return token;
};
