import { assert, describe, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import * as Certificates from "@x/testing/Certificates";
import * as RegedEmulator from "@x/reged/testing";
import { accessToken, against, call, post, withClient } from "@x/testing/RawHttp";

const form = ({ options }: RegedEmulator.RegedEmulator["Service"]) => ({
  client_id: options.clientId,
  grant_type: "client_credentials",
  audience: options.audience,
  scope: options.scope,
});

const requestToken = (
  emulator: RegedEmulator.RegedEmulator["Service"],
  certificate: Certificates.Certificate | undefined = emulator.clientCertificate,
) => post(emulator.tokenUrl, form(emulator)).pipe(withClient(emulator, certificate));

const run = against(RegedEmulator.RegedEmulator, RegedEmulator.layer());

describe("RegedEmulator", () => {
  it.live("issues a token over mutual TLS and accepts it at the API without a certificate", () =>
    Effect.gen(function* () {
      const emulator = yield* RegedEmulator.RegedEmulator;
      const granted = yield* requestToken(emulator);
      assert.strictEqual(granted.status, 200);
      assert.deepInclude(granted.json, {
        token_type: "Bearer",
        expires_in: 3600,
        scope: emulator.options.scope,
      });

      const answer = yield* call(`${emulator.apiUrl}/anything`, accessToken(granted)).pipe(
        withClient(emulator),
      );
      assert.strictEqual(answer.status, 200);

      const [request] = yield* emulator.tokenRequests;
      assert.strictEqual(request?.certificate, emulator.clientCertificate.thumbprint);
      assert.deepStrictEqual(
        Object.fromEntries(new URLSearchParams(request?.body)),
        form(emulator),
      );
      assert.isUndefined((yield* emulator.apiRequests)[0]?.certificate);
      assert.notStrictEqual(new URL(emulator.apiUrl).origin, new URL(emulator.tokenUrl).origin);
    }).pipe(Effect.provide(RegedEmulator.layer())),
  );

  it.live("refuses token requests without the registered certificate", () =>
    Effect.gen(function* () {
      const emulator = yield* RegedEmulator.RegedEmulator;
      const { authority } = emulator;
      const commonName = emulator.options.clientId;
      const stranger = yield* Certificates.makeAuthority("Stranger");
      const bare = yield* post(emulator.tokenUrl, form(emulator)).pipe(withClient(emulator));
      assert.deepInclude(bare, { status: 401 });
      for (const certificate of [
        yield* Certificates.issueClient(authority, { commonName: "someone else" }),
        yield* Certificates.issueClient(stranger, { commonName }),
        yield* Certificates.selfSigned({ commonName }),
        yield* Certificates.issueExpiredClient(authority, { commonName }),
        yield* Certificates.issueFutureClient(authority, { commonName }),
      ]) {
        const refused = yield* requestToken(emulator, certificate);
        assert.strictEqual(refused.status, 401);
        assert.strictEqual(refused.json["error"], "invalid_client");
      }
    }).pipe(Effect.provide(RegedEmulator.layer())),
  );

  it.live("accepts a newly issued certificate of the registered client", () =>
    Effect.gen(function* () {
      const emulator = yield* RegedEmulator.RegedEmulator;
      const rotated = yield* Certificates.issueClient(emulator.authority, {
        commonName: emulator.options.clientId,
        algorithm: "RSA",
      });
      assert.strictEqual((yield* requestToken(emulator, rotated)).status, 200);
    }).pipe(Effect.provide(RegedEmulator.layer())),
  );

  it.live("refuses forms with a missing or wrong field", () =>
    run(
      Effect.fnUntraced(function* (emulator) {
        const good = form(emulator);
        const show = withClient(emulator, emulator.clientCertificate);
        for (const [field, error] of [
          ["client_id", "invalid_client"],
          ["grant_type", "unsupported_grant_type"],
          ["audience", "invalid_request"],
          ["scope", "invalid_scope"],
        ] as const) {
          const { [field]: _, ...without } = good;
          const wrong = yield* show(post(emulator.tokenUrl, { ...good, [field]: "wrong" }));
          const missing = yield* show(post(emulator.tokenUrl, without));
          assert.strictEqual(wrong.json["error"], error);
          assert.strictEqual(
            missing.json["error"],
            field === "grant_type" ? "invalid_request" : error,
          );
          assert.strictEqual(wrong.status, field === "client_id" ? 401 : 400);
        }
        const inQuery = yield* show(post(`${emulator.tokenUrl}?scope=x`, good));
        assert.strictEqual(inQuery.json["error"], "invalid_request");
      }),
    ),
  );

  it.live("refuses token requests with any Authorization header", () =>
    Effect.gen(function* () {
      const emulator = yield* RegedEmulator.RegedEmulator;
      for (const authorization of ["Basic aWQ6c2VjcmV0", "Bearer x", ""]) {
        const refused = yield* post(emulator.tokenUrl, form(emulator), { authorization }).pipe(
          withClient(emulator, emulator.clientCertificate),
        );
        assert.deepInclude(refused.json, { error: "invalid_request" });
        assert.strictEqual(refused.status, 400);
      }
    }).pipe(Effect.provide(RegedEmulator.layer())),
  );

  it.live("challenges API calls without a valid token", () =>
    run(
      Effect.fnUntraced(function* (emulator) {
        const url = `${emulator.apiUrl}/anything`;
        const missing = yield* call(url);
        assert.strictEqual(missing.status, 401);
        assert.strictEqual(missing.headers["www-authenticate"], "Bearer");
        const unknown = yield* call(url, "unknown");
        assert.strictEqual(unknown.status, 401);
        assert.strictEqual(unknown.headers["www-authenticate"], 'Bearer error="invalid_token"');
      }),
    ),
  );

  it.live("binds tokens to the certificate when an option asks for it", () =>
    Effect.gen(function* () {
      const emulator = yield* RegedEmulator.RegedEmulator;
      const token = accessToken(yield* requestToken(emulator));
      const other = yield* Certificates.issueClient(emulator.authority, {
        commonName: emulator.options.clientId,
      });
      const statusWith = (certificate?: Certificates.Certificate) =>
        call(`${emulator.apiUrl}/anything`, token).pipe(
          withClient(emulator, certificate),
          Effect.map((response) => response.status),
        );
      assert.strictEqual(yield* statusWith(emulator.clientCertificate), 200);
      assert.strictEqual(yield* statusWith(other), 401);
      assert.strictEqual(yield* statusWith(), 401);
    }).pipe(Effect.provide(RegedEmulator.layer({ demandCertificateAtApi: true }))),
  );
});
