import { describe, it } from "@effect/vitest";
import * as ClientAuth from "@x/core/ClientAuth";
import type * as MutualTls from "@x/core/MutualTls";
import * as PrivateKeyJwt from "@x/core/PrivateKeyJwt";
import { Raidiam } from "@x/raidiam";
import * as Config from "effect/Config";
import type { HttpClient } from "effect/http/HttpClient";
import type * as Layer from "effect/Layer";
import * as Redacted from "effect/Redacted";
import { expectTypeOf } from "vitest";

const options = { environment: "sandbox", clientId: "id", scope: "directory:software" } as const;
const clientAuth = ClientAuth.tlsClientAuth;
const key = Redacted.make("{}");

type Needs<L> = L extends Layer.Layer<infer _A, infer _E, infer R> ? R : never;

describe("Types of Raidiam", () => {
  it("Raidiam.layer requires MutualTls with the methods of RFC 8705", () => {
    const tls = () => Raidiam.layer({ ...options, clientAuth });
    const selfSigned = () =>
      Raidiam.layer({ ...options, clientAuth: ClientAuth.selfSignedTlsClientAuth });
    expectTypeOf<Needs<ReturnType<typeof tls>>>().toEqualTypeOf<HttpClient | MutualTls.MutualTls>();
    expectTypeOf<Needs<ReturnType<typeof selfSigned>>>().toEqualTypeOf<
      HttpClient | MutualTls.MutualTls
    >();
  });

  it("Raidiam.layer requires only an HttpClient with private_key_jwt and unbound tokens", () => {
    const jwt = () => Raidiam.layer({ ...options, clientAuth: PrivateKeyJwt.make({ key }) });
    expectTypeOf<Needs<ReturnType<typeof jwt>>>().toEqualTypeOf<HttpClient>();
  });

  it("Raidiam.layer requires MutualTls with private_key_jwt and bound tokens", () => {
    const bound = () =>
      Raidiam.layer({
        ...options,
        clientAuth: PrivateKeyJwt.make({ key, certificateBoundTokens: true }),
      });
    expectTypeOf<Needs<ReturnType<typeof bound>>>().toEqualTypeOf<
      HttpClient | MutualTls.MutualTls
    >();
  });

  it("Raidiam.layer requires MutualTls when the type of the options leaves the method open", () => {
    const wide = (either: typeof clientAuth | ClientAuth.Method) =>
      Raidiam.layer({ ...options, clientAuth: either });
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

  it("Raidiam.layer rejects invalid options", () => {
    const wrong = () => [
      // @ts-expect-error an environment that does not exist
      Raidiam.layer({ ...options, environment: "staging", clientAuth }),
      // @ts-expect-error a word in place of a method
      Raidiam.layer({ ...options, clientAuth: "client_secret_basic" }),
      // @ts-expect-error a misspelt option
      Raidiam.layer({ ...options, clientAuth, isuer: "https://a.example" }),
      // @ts-expect-error a missing option
      Raidiam.layer({ environment: "sandbox", clientId: "id", clientAuth }),
    ];
    expectTypeOf(wrong).toBeFunction();
  });
});
