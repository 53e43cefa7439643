import { describe, it } from "@effect/vitest";
import type * as MutualTls from "@x/core/MutualTls";
import * as PrivateKeyJwt from "@x/core/PrivateKeyJwt";
import { Raidiam, type RaidiamOptions } from "@x/raidiam";
import * as Config from "effect/Config";
import type { HttpClient } from "effect/http/HttpClient";
import type * as Layer from "effect/Layer";
import * as Redacted from "effect/Redacted";
import { expectTypeOf } from "vitest";

const options = { environment: "sandbox", clientId: "id", scope: "directory:software" } as const;
const key = Redacted.make("{}");

type Needs<L> = L extends Layer.Layer<infer _A, infer _E, infer R> ? R : never;

describe("The types of Raidiam", () => {
  it("ask for MutualTls with the methods of RFC 8705", () => {
    const tls = () => Raidiam.layer({ ...options, clientAuth: "tls_client_auth" });
    const selfSigned = () =>
      Raidiam.layer({ ...options, clientAuth: "self_signed_tls_client_auth" });
    expectTypeOf<Needs<ReturnType<typeof tls>>>().toEqualTypeOf<HttpClient | MutualTls.MutualTls>();
    expectTypeOf<Needs<ReturnType<typeof selfSigned>>>().toEqualTypeOf<
      HttpClient | MutualTls.MutualTls
    >();
  });

  it("ask for an HttpClient alone with private_key_jwt and unbound tokens", () => {
    const jwt = () => Raidiam.layer({ ...options, clientAuth: PrivateKeyJwt.make({ key }) });
    expectTypeOf<Needs<ReturnType<typeof jwt>>>().toEqualTypeOf<HttpClient>();
  });

  it("ask for MutualTls with private_key_jwt and bound tokens", () => {
    const bound = () =>
      Raidiam.layer({
        ...options,
        clientAuth: PrivateKeyJwt.make({ key, certificateBoundTokens: true }),
      });
    expectTypeOf<Needs<ReturnType<typeof bound>>>().toEqualTypeOf<
      HttpClient | MutualTls.MutualTls
    >();
  });

  it("ask for MutualTls where the options do not tell", () => {
    const wide = (any: RaidiamOptions) => Raidiam.layer(any);
    expectTypeOf<Needs<ReturnType<typeof wide>>>().toEqualTypeOf<
      HttpClient | MutualTls.MutualTls
    >();
    const configured = () => Raidiam.layerConfig();
    expectTypeOf<Needs<ReturnType<typeof configured>>>().toEqualTypeOf<
      HttpClient | MutualTls.MutualTls
    >();
    const overridden = () =>
      Raidiam.layerConfig({ clientAuth: Config.succeed(PrivateKeyJwt.make({ key })) });
    expectTypeOf<Needs<ReturnType<typeof overridden>>>().toEqualTypeOf<HttpClient>();
  });

  it("refuse what is not an option", () => {
    const wrong = () => [
      // @ts-expect-error an environment that does not exist
      Raidiam.layer({ ...options, environment: "staging", clientAuth: "tls_client_auth" }),
      // @ts-expect-error a method that Raidiam does not take
      Raidiam.layer({ ...options, clientAuth: "client_secret_basic" }),
      // @ts-expect-error an option with a typing mistake
      Raidiam.layer({ ...options, clientAuth: "tls_client_auth", isuer: "https://a.example" }),
      // @ts-expect-error an option that is missing
      Raidiam.layer({ environment: "sandbox", clientId: "id", clientAuth: "tls_client_auth" }),
    ];
    expectTypeOf(wrong).toBeFunction();
  });
});
