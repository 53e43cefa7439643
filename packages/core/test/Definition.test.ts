import { assert, describe, it } from "@effect/vitest";
import * as Definition from "@x/core/Definition";
import * as RefreshPolicy from "@x/core/RefreshPolicy";
import * as Effect from "effect/Effect";
import * as Redacted from "effect/Redacted";
import { Acme, Bound } from "./acme.ts";

const secret = Redacted.make("canary-secret");
const options = { environment: "production", clientId: "id", clientSecret: secret } as const;

const without = (name: string) => ({ ...options, [name]: undefined });

describe("Definition.check", () => {
  it.effect("finds the environment of good options", () =>
    Effect.gen(function* () {
      const environment = yield* Definition.check(Acme.definition, options);
      assert.strictEqual(environment, Acme.definition.environments.production);
    }),
  );

  it.effect("requires the options whose Config has no default", () =>
    Effect.gen(function* () {
      for (const name of ["clientId", "clientSecret"]) {
        const reason = yield* Effect.flip(Definition.check(Acme.definition, without(name)));
        assert.strictEqual(reason._tag === "OptionInvalid" && reason.option, name);
      }
      for (const name of ["scope", "tokenUrl", "apiUrl", "apiOrigins", "refresh"]) {
        yield* Definition.check(Acme.definition, without(name));
      }
    }),
  );

  it.effect("checks the options of discovery too", () =>
    Effect.gen(function* () {
      const bound = {
        environment: "production",
        clientId: "id",
        clientAuth: "tls_client_auth",
      } as const;
      for (const [name, changes] of [
        ["issuer", { issuer: "auth.test" }],
        ["endpointHosts", { endpointHosts: ["a.test", ""] }],
      ] as const) {
        const reason = yield* Effect.flip(
          Definition.check(Bound.definition, { ...bound, ...changes }),
        );
        assert.strictEqual(reason._tag === "OptionInvalid" && reason.option, name);
      }
    }),
  );
});

describe("Definition.identify", () => {
  it("names the vendor and every text option, in one order, with secrets redacted", () => {
    const identity = Definition.identify("Acme", {
      scope: "read",
      ...options,
      apiUrl: undefined,
      refresh: RefreshPolicy.make(),
    });
    assert.deepStrictEqual(identity, [
      ["provider", "Acme"],
      ["clientId", "id"],
      ["clientSecret", secret],
      ["environment", "production"],
      ["scope", "read"],
    ]);
  });
});
