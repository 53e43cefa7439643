import { assert, describe, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as Redacted from "effect/Redacted";
import * as TigrEmulator from "@x/tigr/testing";
import { accessToken, against, basic, call, formEncodedBasic, post } from "@x/testing/RawHttp";

interface Login {
  readonly id: string;
  readonly secret: string;
  readonly username: string;
  readonly password: string;
}

const run = <A, E, R>(
  options: TigrEmulator.Options,
  test: (emulator: TigrEmulator.TigrEmulator["Service"], login: Login) => Effect.Effect<A, E, R>,
) =>
  against(
    TigrEmulator.TigrEmulator,
    TigrEmulator.layer(options),
  )((emulator) =>
    test(emulator, {
      id: emulator.options.clientId,
      secret: Redacted.value(emulator.options.clientSecret),
      username: emulator.options.username,
      password: Redacted.value(emulator.options.password),
    }),
  );

const lowerCase = ({ password, username }: Login) => ({
  grant_type: "password",
  username,
  password,
});
const documented = ({ password, username }: Login) => ({
  grant_type: "password",
  Username: username,
  Password: password,
});

describe("TigrEmulator", () => {
  it.live("issues a token for the password grant with plain Basic and answers a ping", () =>
    run({}, (emulator, login) =>
      Effect.gen(function* () {
        const granted = yield* post(
          emulator.tokenUrl,
          lowerCase(login),
          basic(login.id, login.secret),
        );
        assert.strictEqual(granted.status, 200);
        assert.deepInclude(granted.json, {
          token_type: "bearer",
          scope: "access",
          grant_type: "password",
          expires_in: 1200,
        });
        assert.match(emulator.apiUrl, /\/ClientAPI\/api$/);
        const pong = yield* call(`${emulator.apiUrl}/system/ping`, accessToken(granted));
        assert.strictEqual(pong.status, 200);
        assert.strictEqual(pong.json["status"], "OK");
      }),
    ),
  );

  it.live("refuses bad credentials with 401 and the page's text", () =>
    run({}, (emulator, login) =>
      Effect.gen(function* () {
        const good = lowerCase(login);
        for (const [form, headers] of [
          [good, {}],
          [good, basic(login.id, "wrong")],
          [good, basic("wrong", login.secret)],
          [{ ...good, username: "wrong" }, basic(login.id, login.secret)],
          [{ ...good, password: "wrong" }, basic(login.id, login.secret)],
        ] as const) {
          const refused = yield* post(emulator.tokenUrl, form, headers);
          assert.strictEqual(refused.status, 401);
          assert.strictEqual(refused.text, "Bad Request - Invalid Login ID or Password");
          assert.include(refused.headers["content-type"], "text/plain");
        }
        const grant = yield* post(
          emulator.tokenUrl,
          { ...good, grant_type: "client_credentials" },
          basic(login.id, login.secret),
        );
        assert.deepInclude(grant.json, { error: "unsupported_grant_type" });
      }),
    ),
  );

  it.live("refuses Basic with form-encoded halves", () =>
    run({}, (emulator, login) =>
      Effect.gen(function* () {
        const refused = yield* post(
          emulator.tokenUrl,
          lowerCase(login),
          formEncodedBasic(login.id, login.secret),
        );
        assert.strictEqual(refused.status, 401);
      }),
    ),
  );

  it.live("distinguishes upper and lower case in field names", () =>
    Effect.gen(function* () {
      for (const fieldNames of ["lower-case", "documented"] as const) {
        yield* run({ fieldNames }, (emulator, login) =>
          Effect.gen(function* () {
            const headers = basic(login.id, login.secret);
            const lower = yield* post(emulator.tokenUrl, lowerCase(login), headers);
            const capitals = yield* post(emulator.tokenUrl, documented(login), headers);
            assert.strictEqual(lower.status, fieldNames === "lower-case" ? 200 : 401);
            assert.strictEqual(capitals.status, fieldNames === "lower-case" ? 401 : 200);
          }),
        );
      }
    }),
  );

  it.live("refuses API calls without a valid token", () =>
    run({}, (emulator) =>
      Effect.gen(function* () {
        assert.strictEqual((yield* call(`${emulator.apiUrl}/system/ping`)).status, 401);
        assert.strictEqual((yield* call(`${emulator.apiUrl}/system/ping`, "unknown")).status, 401);
      }),
    ),
  );
});
