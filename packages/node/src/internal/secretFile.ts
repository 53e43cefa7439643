import * as Secret from "@x/core/Secret";
import * as TokenError from "@x/core/TokenError";
import * as Effect from "effect/Effect";
import type * as Redacted from "effect/Redacted";
import type * as Input from "../Input.ts";
import * as FileStamps from "./fileStamps.ts";
import * as Inputs from "./inputs.ts";

/** Makes a secret that is read from files again when their stamps have changed. */
export const make = (
  inputs: ReadonlyArray<Input.Input>,
  read: Effect.Effect<Redacted.Redacted, TokenError.CredentialUnavailable>,
): Secret.Secret => {
  const paths = inputs.filter(Inputs.isFile).map(({ file }) => file);
  let last: { readonly stamps: string; readonly value: Redacted.Redacted } | undefined;
  return Secret.make(
    Effect.gen(function* () {
      // Before the files are read, so that a later change is seen at the next use.
      const { text: stamps, isSettled } = yield* FileStamps.read(paths);
      if (last?.stamps === stamps) return last.value;
      const value = yield* read;
      last = isSettled ? { stamps, value } : undefined;
      return value;
    }),
  );
};

/** Turns an unusable input into `CredentialUnavailable`, which names what it is and where it comes from. */
export const orUnavailable =
  (what: string, input: Input.Input | undefined) =>
  <A>(
    self: Effect.Effect<A, Inputs.Unusable>,
  ): Effect.Effect<A, TokenError.CredentialUnavailable> =>
    Effect.mapError(
      self,
      ({ advice, isTransient }) =>
        new TokenError.CredentialUnavailable({
          credential: `${what} (${input === undefined ? "none" : Inputs.placeOf(input)})`,
          problem: advice,
          isTransient,
        }),
    );
