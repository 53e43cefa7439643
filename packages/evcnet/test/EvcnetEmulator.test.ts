import { assert, describe, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as Redacted from "effect/Redacted";
import * as EvcnetEmulator from "@x/evcnet/testing";
import { accessToken, against, basic, call, formEncodedBasic, post } from "@x/testing/RawHttp";

const run = against(EvcnetEmulator.EvcnetEmulator, EvcnetEmulator.layer());
const form = { grant_type: "client_credentials" };
const secretOf = ({ options }: EvcnetEmulator.EvcnetEmulator["Service"]) =>
  Redacted.value(options.clientSecret);

describe("EvcnetEmulator", () => {
  it.live("issues a token to client 1 and serves the API on the same host", () =>
    run(
      Effect.fnUntraced(function* (emulator) {
        assert.strictEqual(emulator.options.clientId, "1");
        const granted = yield* post(emulator.tokenUrl, form, basic("1", secretOf(emulator)));
        assert.strictEqual(granted.status, 200);
        assert.deepInclude(granted.json, { token_type: "Bearer", expires_in: 3600 });
        assert.strictEqual(new URL(emulator.apiUrl).origin, new URL(emulator.tokenUrl).origin);
        assert.strictEqual(
          (yield* call(`${emulator.apiUrl}/api/stations`, accessToken(granted))).status,
          200,
        );
        assert.strictEqual(yield* emulator.tokenRequestCount, 1);
        assert.strictEqual(yield* emulator.apiRequestCount, 1);
      }),
    ),
  );

  it.live("accepts the client id that the account chose", () =>
    against(
      EvcnetEmulator.EvcnetEmulator,
      EvcnetEmulator.layer({ clientId: "our own" }),
    )(
      Effect.fnUntraced(function* (emulator) {
        const secret = secretOf(emulator);
        assert.strictEqual(
          (yield* post(emulator.tokenUrl, form, basic("our own", secret))).status,
          200,
        );
        assert.strictEqual((yield* post(emulator.tokenUrl, form, basic("1", secret))).status, 401);
      }),
    ),
  );

  it.live("answers 401 to wrong credentials and to Basic with form-encoded halves", () =>
    run(
      Effect.fnUntraced(function* (emulator) {
        const secret = secretOf(emulator);
        for (const headers of [
          {},
          basic("1", "wrong"),
          basic("2", secret),
          formEncodedBasic("1", secret),
        ]) {
          assert.strictEqual((yield* post(emulator.tokenUrl, form, headers)).status, 401);
        }
        const inBody = yield* post(emulator.tokenUrl, {
          ...form,
          client_id: "1",
          client_secret: secret,
        });
        assert.strictEqual(inBody.status, 401);
      }),
    ),
  );

  it.live(
    "answers 401 to an invalid token and 403 to a call beyond the account's permissions",
    () =>
      run(
        Effect.fnUntraced(function* (emulator) {
          const token = accessToken(
            yield* post(emulator.tokenUrl, form, basic("1", secretOf(emulator))),
          );
          assert.strictEqual((yield* call(`${emulator.apiUrl}/api/forbidden`, token)).status, 403);
          assert.strictEqual(
            (yield* call(`${emulator.apiUrl}/api/forbidden`, "unknown")).status,
            401,
          );
          assert.strictEqual((yield* call(`${emulator.apiUrl}/api/stations`)).status, 401);
        }),
      ),
  );
});
