/** The one claim of a token that is looked at: which certificate it is bound to. Tokens stay opaque for all else. */
import * as Base64Url from "effect/encoding/Base64Url";
import * as Result from "effect/Result";
import * as Schema from "effect/Schema";

const Bound = Schema.fromJsonString(
  Schema.Struct({ cnf: Schema.Struct({ "x5t#S256": Schema.String }) }),
);

const decodeBound = Schema.decodeUnknownResult(Bound);

/** `cnf.x5t#S256` (RFC 8705 §3.1) of a token that is a JWT and has one. */
export const boundThumbprint = (token: string): string | undefined => {
  const parts = token.split(".");
  if (parts.length !== 3) return undefined;
  return Base64Url.decodeString(parts[1] ?? "").pipe(
    Result.flatMap((claims) => decodeBound(claims)),
    Result.match({ onFailure: () => undefined, onSuccess: ({ cnf }) => cnf["x5t#S256"] }),
  );
};
