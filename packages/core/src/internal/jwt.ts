/** Reads the one claim of a token that matters here: the certificate that it is bound to. */
import * as Base64Url from "effect/encoding/Base64Url";
import * as Result from "effect/Result";
import * as Schema from "effect/Schema";

const Bound = Schema.fromJsonString(
  Schema.Struct({ cnf: Schema.Struct({ "x5t#S256": Schema.String }) }),
);

const decodeBound = Schema.decodeUnknownResult(Bound);

/** Returns `cnf.x5t#S256` (RFC 8705 §3.1), if the token is a JWT that has it. */
export const boundThumbprint = (token: string): string | undefined => {
  const parts = token.split(".");
  if (parts.length !== 3) return undefined;
  return Base64Url.decodeString(parts[1] ?? "").pipe(
    Result.flatMap((claims) => decodeBound(claims)),
    Result.match({ onFailure: () => undefined, onSuccess: ({ cnf }) => cnf["x5t#S256"] }),
  );
};
