import { describe, it } from "@effect/vitest";
import type { TokenError } from "@x/core/TokenError";
import { Tigr } from "@x/tigr";
import type * as Effect from "effect/Effect";
import type { HttpClient } from "effect/http/HttpClient";
import type { HttpClientError } from "effect/http/HttpClientError";
import type * as Layer from "effect/Layer";
import * as Redacted from "effect/Redacted";
import { expectTypeOf } from "vitest";

const secret = Redacted.make("s");
const options = {
  environment: "uat",
  clientId: "id",
  clientSecret: secret,
  username: "u",
  password: secret,
} as const;

describe("Types of Tigr", () => {
  it("Tigr.layer requires only an HttpClient", () => {
    const layer = () => Tigr.layer(options);
    expectTypeOf(layer).returns.toEqualTypeOf<Layer.Layer<Tigr, TokenError, HttpClient>>();
  });

  it("the service has a typed ping", () => {
    expectTypeOf<Effect.Success<typeof Tigr>["ping"]>().toEqualTypeOf<
      Effect.Effect<void, HttpClientError | TokenError>
    >();
  });

  it("Tigr.layer rejects invalid options", () => {
    const wrong = () => [
      // @ts-expect-error a secret that is not redacted
      Tigr.layer({ ...options, password: "p" }),
      // @ts-expect-error undocumented field names
      Tigr.layer({ ...options, fieldNames: "UPPER" }),
      // @ts-expect-error an environment that does not exist
      Tigr.layer({ ...options, environment: "acceptance" }),
    ];
    expectTypeOf(wrong).toBeFunction();
  });
});
