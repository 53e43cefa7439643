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

describe("Types of Reged", () => {
  it("Reged.layer requires a certificate and fails with a TokenError", () => {
    const layer = () => Reged.layer(options);
    expectTypeOf(layer).returns.toEqualTypeOf<
      Layer.Layer<Reged, TokenError, HttpClient | MutualTls.MutualTls>
    >();
  });

  it("Reged.layerTest requires nothing", () => {
    const layer = () => Reged.layerTest();
    expectTypeOf(layer).returns.toEqualTypeOf<Layer.Layer<Reged>>();
  });

  it("the service has a token and a client with both error types", () => {
    type Service = Effect.Success<typeof Reged>;
    expectTypeOf<Service["get"]>().toEqualTypeOf<Effect.Effect<AccessToken, TokenError>>();
    expectTypeOf<ReturnType<Service["httpClient"]["get"]>>().toExtend<
      Effect.Effect<unknown, HttpClientError | TokenError>
    >();
  });

  it("Reged.layer rejects invalid options", () => {
    const wrong = () => [
      // @ts-expect-error an environment that does not exist
      Reged.layer({ ...options, environment: "sandbox" }),
      // @ts-expect-error a misspelt option
      Reged.layer({ ...options, tokenURL: "https://a.example" }),
      // @ts-expect-error a missing option
      Reged.layer({ environment: "uat", clientId: "id", audience: "aud" }),
    ];
    expectTypeOf(wrong).toBeFunction();
  });
});
