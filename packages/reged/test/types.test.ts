import { describe, it } from "@effect/vitest";
import type { AccessToken } from "@x/core/AccessToken";
import type * as MutualTls from "@x/core/MutualTls";
import type { TokenError } from "@x/core/TokenError";
import { Reged } from "@x/reged";
import type * as Effect from "effect/Effect";
import type { HttpClient } from "effect/http/HttpClient";
import type { HttpClientError } from "effect/http/HttpClientError";
import type * as Layer from "effect/Layer";
import { expectTypeOf } from "vitest";

const options = { environment: "uat", clientId: "id", audience: "aud", scope: "scope" } as const;

describe("The types of Reged", () => {
  it("ask for the certificate, and fail with a TokenError", () => {
    const layer = () => Reged.layer(options);
    expectTypeOf(layer).returns.toEqualTypeOf<
      Layer.Layer<Reged, TokenError, HttpClient | MutualTls.MutualTls>
    >();
  });

  it("ask for nothing in tests", () => {
    const layer = () => Reged.layerTest();
    expectTypeOf(layer).returns.toEqualTypeOf<Layer.Layer<Reged>>();
  });

  it("give a token, and a client with both kinds of error", () => {
    type Service = Effect.Success<typeof Reged>;
    expectTypeOf<Service["get"]>().toEqualTypeOf<Effect.Effect<AccessToken, TokenError>>();
    expectTypeOf<ReturnType<Service["httpClient"]["get"]>>().toExtend<
      Effect.Effect<unknown, HttpClientError | TokenError>
    >();
  });

  it("refuse what is not an option", () => {
    const wrong = () => [
      // @ts-expect-error an environment that does not exist
      Reged.layer({ ...options, environment: "sandbox" }),
      // @ts-expect-error an option with a typing mistake
      Reged.layer({ ...options, tokenURL: "https://a.example" }),
      // @ts-expect-error an option that is missing
      Reged.layer({ environment: "uat", clientId: "id", audience: "aud" }),
    ];
    expectTypeOf(wrong).toBeFunction();
  });
});
