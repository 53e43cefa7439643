import { assert, describe, it } from "@effect/vitest";
import * as MutualTls from "@x/core/MutualTls";
import * as PrivateKeyJwt from "@x/core/PrivateKeyJwt";
import * as TokenRequest from "@x/core/TokenRequest";
import * as Effect from "effect/Effect";
import * as Redacted from "effect/Redacted";
import * as TestClock from "effect/testing/TestClock";
import { issuing } from "./scripted.ts";

const generation: MutualTls.Generation = {
  thumbprint: "thumb",
  notBefore: 1000,
  notAfter: 2000,
  source: "certificate client.crt",
  httpClient: issuing().httpClient,
};
const service = { currentUnsafe: () => generation };

describe("MutualTls.current", () => {
  const times: ReadonlyArray<readonly [now: number, problem: string | undefined]> = [
    [999, "not-yet-valid"],
    [1000, undefined],
    [2000, undefined],
    [2001, "expired"],
  ];
  for (const [now, problem] of times) {
    it.effect(`finds a certificate ${problem ?? "valid"} at ${now}`, () =>
      Effect.gen(function* () {
        yield* TestClock.setTime(now);
        if (problem === undefined) {
          assert.strictEqual(yield* MutualTls.current(service), generation);
        } else {
          const error = yield* Effect.flip(MutualTls.current(service));
          assert.strictEqual(error.problem, problem);
          assert.strictEqual(error.source, generation.source);
          assert.match(error.message, /client\.crt.*1970-01-01T00:00:0[12]\.000Z/);
        }
      }),
    );
  }
});

describe("MutualTls.clientAuth", () => {
  it.effect("sends the client id in the body and nothing else", () =>
    Effect.gen(function* () {
      const auth = yield* MutualTls.clientAuth({ clientId: "id" });
      const request = yield* auth.authenticate(
        TokenRequest.make("https://login.acme.test/token", "client_credentials"),
        0,
      );
      assert.strictEqual(auth.method, "tls_client_auth");
      assert.strictEqual(TokenRequest.body(request), "grant_type=client_credentials&client_id=id");
      assert.deepStrictEqual(request.headers, {});
    }),
  );

  it.effect("bears the name of the method that is asked for", () =>
    Effect.gen(function* () {
      const auth = yield* MutualTls.clientAuth({
        clientId: "id",
        method: "self_signed_tls_client_auth",
      });
      assert.strictEqual(auth.method, "self_signed_tls_client_auth");
    }),
  );
});

// The same answers at compile time are in types.test.ts.
describe("MutualTls.isRequiredBy", () => {
  const key = Redacted.make("pem");
  const cases: ReadonlyArray<readonly [name: string, options: object, answer: boolean]> = [
    ["tls_client_auth", { clientAuth: "tls_client_auth" }, true],
    ["self_signed_tls_client_auth", { clientAuth: "self_signed_tls_client_auth" }, true],
    ["another method", { clientAuth: "client_secret_basic" }, false],
    ["an assertion", { clientAuth: PrivateKeyJwt.make({ key }) }, false],
    [
      "an assertion for bound tokens",
      { clientAuth: PrivateKeyJwt.make({ key, certificateBoundTokens: true }) },
      true,
    ],
    [
      "an assertion for unbound tokens",
      { clientAuth: PrivateKeyJwt.make({ key, certificateBoundTokens: false }) },
      false,
    ],
    ["no clientAuth", {}, false],
    ["null", { clientAuth: null }, false],
    ["undefined", { clientAuth: undefined }, false],
  ];
  for (const [name, options, answer] of cases) {
    it(`answers ${String(answer)} for ${name}`, () => {
      assert.strictEqual(MutualTls.isRequiredBy(options), answer);
    });
  }
});
