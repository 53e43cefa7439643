import { assert, describe, it } from "@effect/vitest";
import * as ClientAuth from "@x/core/ClientAuth";
import * as TokenRequest from "@x/core/TokenRequest";
import * as Effect from "effect/Effect";
import * as Redacted from "effect/Redacted";
import * as wire from "../src/internal/wire.ts";
import { everyText } from "./scripted.ts";

const request = TokenRequest.make("https://login.acme.test/token", {
  grant_type: "client_credentials",
});
const endpoint = { url: request.url, tokenUrl: request.url, issuer: undefined };
const plainHeaders = ({ headers }: TokenRequest.TokenRequest) =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, wire.plain(value)]));

// Every character that RFC 6749 appendix B treats differently from RFC 7617.
const clientId = "i d+\u00e9";
const clientSecret = Redacted.make("+ % / \u00e9:\u20ac");

describe("ClientAuth.secretBasic", () => {
  const cases = [
    ["form", "i+d%2B%C3%A9:%2B+%25+%2F+%C3%A9%3A%E2%82%AC"],
    ["raw", "i d+\u00e9:+ % / \u00e9:\u20ac"],
  ] as const;
  for (const [encoding, pair] of cases) {
    it.effect(`sends the ${encoding} encoding of id and secret, in the header alone`, () =>
      Effect.gen(function* () {
        const auth = yield* ClientAuth.secretBasic({ clientId, clientSecret, encoding });
        const authenticated = yield* auth.authenticate(request, endpoint);
        assert.strictEqual(auth.method, "client_secret_basic");
        assert.deepStrictEqual(plainHeaders(authenticated), {
          authorization: `Basic ${Buffer.from(pair, "utf8").toString("base64")}`,
        });
        assert.strictEqual(wire.body(authenticated), "grant_type=client_credentials");
        assert.notInclude(everyText(authenticated), "Basic ");
      }),
    );
  }

  it.effect("encodes the example of RFC 6749 appendix B", () =>
    Effect.gen(function* () {
      const auth = yield* ClientAuth.secretBasic({
        clientId: " %&+\u00a3\u20ac",
        clientSecret: Redacted.make("s"),
        encoding: "form",
      });
      const { authorization } = plainHeaders(yield* auth.authenticate(request, endpoint));
      assert.strictEqual(authorization, `Basic ${btoa("+%25%26%2B%C2%A3%E2%82%AC:s")}`);
    }),
  );

  it.effect("refuses an id with a colon when the encoding cannot carry it", () =>
    Effect.gen(function* () {
      const secret = { clientId: "urn:id", clientSecret: Redacted.make("s") };
      const error = yield* Effect.flip(ClientAuth.secretBasic({ ...secret, encoding: "raw" }));
      assert.strictEqual(error.problems[0].option, "clientId");
      const form = yield* ClientAuth.secretBasic({ ...secret, encoding: "form" });
      const { authorization } = plainHeaders(yield* form.authenticate(request, endpoint));
      assert.strictEqual(authorization, `Basic ${btoa("urn%3Aid:s")}`);
    }),
  );
});

describe("ClientAuth.secretPost", () => {
  it.effect("sends id and secret in the body and no Authorization", () =>
    Effect.gen(function* () {
      const auth = ClientAuth.secretPost({ clientId, clientSecret });
      const authenticated = yield* auth.authenticate(request, endpoint);
      assert.strictEqual(auth.method, "client_secret_post");
      assert.strictEqual(
        wire.body(authenticated),
        "grant_type=client_credentials&client_id=i+d%2B%C3%A9&client_secret=%2B+%25+%2F+%C3%A9%3A%E2%82%AC",
      );
      assert.deepStrictEqual(authenticated.headers, {});
    }),
  );
});

describe("ClientAuth.publicClient", () => {
  it.effect("sends the id alone", () =>
    Effect.gen(function* () {
      const auth = ClientAuth.publicClient({ clientId: "id" });
      const authenticated = yield* auth.authenticate(request, endpoint);
      assert.strictEqual(auth.method, "none");
      assert.strictEqual(wire.body(authenticated), "grant_type=client_credentials&client_id=id");
      assert.deepStrictEqual(authenticated.headers, {});
    }),
  );
});

describe("ClientAuth.none", () => {
  it.effect("leaves the request as it is", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* ClientAuth.none.authenticate(request, endpoint), request);
    }),
  );
});

describe("ClientAuth.tls", () => {
  it.effect("sends the client id in the body and nothing else", () =>
    Effect.gen(function* () {
      for (const method of ["tls_client_auth", "self_signed_tls_client_auth"] as const) {
        const auth = ClientAuth.tls({ clientId: "id", method });
        const authenticated = yield* auth.authenticate(request, endpoint);
        assert.strictEqual(auth.method, method);
        assert.strictEqual(wire.body(authenticated), "grant_type=client_credentials&client_id=id");
        assert.deepStrictEqual(authenticated.headers, {});
      }
    }),
  );

  it.effect("bears the registered name of its method", () =>
    Effect.gen(function* () {
      for (const [method, name] of [
        [ClientAuth.tlsClientAuth, "tls_client_auth"],
        [ClientAuth.selfSignedTlsClientAuth, "self_signed_tls_client_auth"],
      ] as const) {
        assert.strictEqual(method.name, name);
        assert.strictEqual((yield* method.of({ clientId: "id" })).method, name);
      }
    }),
  );
});
