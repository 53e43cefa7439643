import { assert, describe, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as Redacted from "effect/Redacted";
import * as ResharmonicsEmulator from "@x/resharmonics/testing";
import { accessToken, against, basic, call, post } from "@x/testing/RawHttp";

const run = against(ResharmonicsEmulator.ResharmonicsEmulator, ResharmonicsEmulator.layer());

const form = ({ options }: ResharmonicsEmulator.ResharmonicsEmulator["Service"]) => ({
  grant_type: "client_credentials",
  client_id: options.clientId,
  client_secret: Redacted.value(options.clientSecret),
});

describe("ResharmonicsEmulator", () => {
  it.live("issues a token for credentials in the body", () =>
    run(
      Effect.fnUntraced(function* (emulator) {
        const granted = yield* post(emulator.tokenUrl, form(emulator));
        assert.strictEqual(granted.status, 200);
        assert.deepInclude(granted.json, { token_type: "Bearer", expires_in: 3600 });
        assert.strictEqual(
          (yield* call(`${emulator.apiUrl}/properties`, accessToken(granted))).status,
          200,
        );
      }),
    ),
  );

  it.live("refuses credentials in the header", () =>
    run(
      Effect.fnUntraced(function* (emulator) {
        const { client_id, client_secret, grant_type } = form(emulator);
        const instead = yield* post(
          emulator.tokenUrl,
          { grant_type },
          basic(client_id, client_secret),
        );
        const both = yield* post(
          emulator.tokenUrl,
          form(emulator),
          basic(client_id, client_secret),
        );
        assert.strictEqual(instead.status, 400);
        assert.strictEqual(both.status, 400);
      }),
    ),
  );

  it.live("refuses wrong and missing credentials", () =>
    run(
      Effect.fnUntraced(function* (emulator) {
        const good = form(emulator);
        const { client_secret: _, ...without } = good;
        for (const bad of [
          { ...good, client_id: "wrong" },
          { ...good, client_secret: "wrong" },
          without,
        ]) {
          const refused = yield* post(emulator.tokenUrl, bad);
          assert.strictEqual(refused.status, 401);
          assert.strictEqual(refused.json["error"], "invalid_client");
        }
        const grant = yield* post(emulator.tokenUrl, { ...good, grant_type: "password" });
        assert.strictEqual(grant.json["error"], "unsupported_grant_type");
      }),
    ),
  );

  it.live("answers expired, revoked and missing tokens like API Gateway, without a challenge", () =>
    run(
      Effect.fnUntraced(function* (emulator) {
        const url = `${emulator.apiUrl}/properties`;
        const revoked = accessToken(yield* post(emulator.tokenUrl, form(emulator)));
        yield* emulator.revokeTokens;
        yield* emulator.setTokenLifetime(0);
        const expired = accessToken(yield* post(emulator.tokenUrl, form(emulator)));
        for (const [token, message] of [
          [revoked, "The incoming token has expired"],
          [expired, "The incoming token has expired"],
          ["unknown", "Unauthorized"],
          [undefined, "Unauthorized"],
        ] as const) {
          const refused = yield* call(url, token);
          assert.strictEqual(refused.status, 401);
          assert.deepStrictEqual(refused.json, { message });
          assert.isUndefined(refused.headers["www-authenticate"]);
        }
      }),
    ),
  );
});
