import { assert, describe, it } from "@effect/vitest";
import * as TokenError from "@x/core/TokenError";
import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
import { everyText } from "./scripted.ts";

interface Example {
  readonly reason: TokenError.Reason;
  readonly isTransient: boolean;
  /** What failed, and what to do. */
  readonly says: RegExp;
}

const examples: ReadonlyArray<Example> = [
  {
    reason: new TokenError.CredentialsRejected({
      status: 401,
      error: "invalid_client",
      description: "no such client",
    }),
    isTransient: false,
    says: /refused the credentials \(HTTP 401 invalid_client "no such client"\); check/,
  },
  {
    reason: new TokenError.RequestRejected({ status: 403 }),
    isTransient: false,
    says: /rejected the request \(HTTP 403\); check scope/,
  },
  {
    reason: new TokenError.ServerUnavailable({ problem: "dns", code: "ENOTFOUND" }),
    isTransient: true,
    says: /host name could not be resolved \(ENOTFOUND\); check/,
  },
  {
    reason: new TokenError.ServerUnavailable({ problem: "connection", code: "ECONNREFUSED" }),
    isTransient: true,
    says: /connection failed \(ECONNREFUSED\); check/,
  },
  {
    reason: new TokenError.ServerUnavailable({ problem: "timeout" }),
    isTransient: true,
    says: /no answer in time/,
  },
  {
    reason: new TokenError.ServerUnavailable({ problem: "truncated", status: 200 }),
    isTransient: true,
    says: /was cut off/,
  },
  {
    reason: new TokenError.ServerUnavailable({
      problem: "status",
      status: 503,
      error: "temporarily_unavailable",
      retryAfter: 1500,
    }),
    isTransient: true,
    says: /HTTP 503 temporarily_unavailable, asked to wait 2 s/,
  },
  {
    reason: new TokenError.ResponseMalformed({ problem: "it is not JSON", status: 200 }),
    isTransient: false,
    says: /not usable: it is not JSON; check that the URL/,
  },
  {
    reason: new TokenError.ServerUntrusted({ problem: "certificate", code: "CERT_HAS_EXPIRED" }),
    isTransient: false,
    says: /certificate is not trusted \(CERT_HAS_EXPIRED\); add the issuing CA/,
  },
  {
    reason: new TokenError.ServerUntrusted({ problem: "redirect", origin: "https://evil.test" }),
    isTransient: false,
    says: /redirects to https:\/\/evil\.test; .*configure the final URL/,
  },
  {
    reason: new TokenError.ServerUntrusted({ problem: "redirect" }),
    isTransient: false,
    says: /redirects to another place;/,
  },
  {
    reason: new TokenError.ServerUntrusted({ problem: "issuer" }),
    isTransient: false,
    says: /another issuer.*check the issuer/,
  },
  {
    reason: new TokenError.ServerUntrusted({ problem: "origin", origin: "https://evil.test" }),
    isTransient: false,
    says: /https:\/\/evil\.test is not an origin of this vendor.*add it/,
  },
  {
    reason: new TokenError.ServerUntrusted({ problem: "plain-http", origin: "http://acme.test" }),
    isTransient: false,
    says: /http:\/\/acme\.test is plain http; use https/,
  },
  {
    reason: new TokenError.ServerUntrusted({ problem: "alias-missing" }),
    isTransient: false,
    says: /no mtls_endpoint_aliases entry/,
  },
  {
    reason: new TokenError.CertificateUnusable({
      problem: "expired",
      source: "certificate client.crt",
      advice: "renew it",
    }),
    isTransient: false,
    says: /unusable: certificate client\.crt: renew it/,
  },
  {
    reason: new TokenError.TokenRefused({ status: 401 }),
    isTransient: false,
    says: /refused the token \(HTTP 401\), and no other token helped; check/,
  },
  {
    reason: TokenError.optionInvalid("clientId", "is missing"),
    isTransient: false,
    says: /^Acme: option clientId is missing$/,
  },
  {
    reason: new TokenError.OptionInvalid({
      problems: [
        { option: "clientId", problem: "is missing", key: "ACME_CLIENT_ID" },
        { option: "scope", problem: "is empty", key: "ACME_SCOPE" },
      ],
    }),
    isTransient: false,
    says: /^Acme: 2 keys cannot work: ACME_CLIENT_ID is missing; ACME_SCOPE is empty$/,
  },
  {
    reason: new TokenError.CredentialUnavailable({
      credential: "signing key (AWS KMS)",
      problem: "the KMS answered 503; check its status page",
      isTransient: true,
    }),
    isTransient: true,
    says: /the signing key \(AWS KMS\) could not be had: the KMS answered 503; check/,
  },
];

const waiting = (reason: TokenError.Reason) =>
  new TokenError.TokenError({ provider: "Acme", reason }).retryAfter;

const fail = (reason: TokenError.Reason): Effect.Effect<string, TokenError.TokenError> =>
  TokenError.withProvider("Acme")(Effect.fail(reason));
const recovered = (reason: TokenError.Reason) =>
  fail(reason).pipe(
    Effect.catchReason("TokenError", "ServerUnavailable", ({ problem }) => Effect.succeed(problem)),
  );

describe("TokenError", () => {
  for (const { reason, isTransient, says } of examples) {
    const error = new TokenError.TokenError({ provider: "Acme", reason });
    const { problem } = { problem: "", ...reason };
    const name = `${reason._tag} ${typeof problem === "string" ? problem : ""}`.trim();

    it(`says who, what and what to do about ${name}`, () => {
      assert.match(error.message, /^Acme: /);
      assert.match(error.message, says);
      assert.strictEqual(error.isTransient, isTransient);
      assert.include(String(error), error.message);
      assert.include(everyText(error), reason._tag);
    });

    it(`keeps ${name} through JSON`, () => {
      assert.deepStrictEqual(JSON.parse(JSON.stringify(error)), {
        _tag: "TokenError",
        provider: "Acme",
        message: error.message,
        reason: JSON.parse(JSON.stringify({ ...reason })) as unknown,
      });
      assert.strictEqual({ ...reason }._tag, reason._tag);
    });

    it.effect(`keeps ${name} through its schema`, () =>
      Effect.gen(function* () {
        const encoded = yield* Schema.encodeEffect(TokenError.TokenError)(error);
        const sent: unknown = JSON.parse(JSON.stringify(encoded));
        const decoded = yield* Schema.decodeUnknownEffect(TokenError.TokenError)(sent);
        assert.instanceOf(decoded, TokenError.TokenError);
        assert.strictEqual(decoded.message, error.message);
        assert.strictEqual(decoded.isTransient, isTransient);
        assert.deepStrictEqual({ ...decoded.reason }, { ...reason });
      }),
    );
  }

  it("covers every reason", () => {
    assert.deepStrictEqual(
      [...new Set(examples.map(({ reason }) => reason._tag))].toSorted(),
      TokenError.Reason.members.map((member) => member.identifier).toSorted(),
    );
  });

  it("says how long the server asked to wait", () => {
    assert.strictEqual(
      waiting(new TokenError.ServerUnavailable({ problem: "status", retryAfter: 1500 })),
      1500,
    );
    assert.isUndefined(waiting(new TokenError.ServerUnavailable({ problem: "status" })));
    assert.isUndefined(waiting(new TokenError.TokenRefused({ status: 401 })));
  });

  it.effect("is recovered from by reason", () =>
    Effect.gen(function* () {
      assert.strictEqual(
        yield* recovered(new TokenError.ServerUnavailable({ problem: "timeout" })),
        "timeout",
      );
      const other = yield* Effect.flip(recovered(new TokenError.TokenRefused({ status: 401 })));
      assert.strictEqual(other.provider, "Acme");
      assert.strictEqual(other.reason._tag, "TokenRefused");
    }),
  );
});
