import { assert, describe, it } from "@effect/vitest";
import * as MutualTls from "@x/core/MutualTls";
import * as PrivateKeyJwt from "@x/core/PrivateKeyJwt";
import * as TokenError from "@x/core/TokenError";
import * as NodeMutualTls from "@x/node/NodeMutualTls";
import { Raidiam, type RaidiamOptions } from "@x/raidiam";
import * as Certificates from "@x/testing/Certificates";
import * as RaidiamEmulator from "@x/testing/RaidiamEmulator";
import * as TestHttpClient from "@x/testing/TestHttpClient";
import * as Clock from "effect/Clock";
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as HttpClient from "effect/http/HttpClient";
import * as Layer from "effect/Layer";
import * as Redacted from "effect/Redacted";
import type * as Scope from "effect/Scope";
import { generateKeyPairSync } from "node:crypto";

type Emulator = RaidiamEmulator.RaidiamEmulator["Service"];
type Transport = Layer.Layer<HttpClient.HttpClient | MutualTls.MutualTls, TokenError.TokenError>;

/** A token, or the reason and what its message must say. */
type Outcome =
  | { readonly requests?: number; readonly missingScope?: ReadonlyArray<string> }
  | {
      readonly reason: TokenError.Reason["_tag"];
      readonly message: RegExp;
      readonly requests?: number;
    };

interface Case {
  readonly transport?: (emulator: Emulator) => Effect.Effect<Transport>;
  readonly options?: (emulator: Emulator) => Partial<RaidiamOptions>;
  /** Seconds by which our clock is ahead. */
  readonly clock?: number;
  readonly outcome: Outcome;
}

const bytes = (text: string) => new TextEncoder().encode(text);

const showing =
  (certificate: (emulator: Emulator) => Effect.Effect<Certificates.Certificate>) =>
  (emulator: Emulator): Effect.Effect<Transport> =>
    Effect.map(certificate(emulator), (shown) =>
      NodeMutualTls.layerPem({
        certificate: bytes(shown.certificate),
        privateKey: bytes(shown.privateKey),
        certificateAuthorities: [bytes(emulator.certificateAuthority)],
      }),
    );

const registered = showing(({ clientCertificate }) => Effect.succeed(clientCertificate));

const commonName = ({ clientCertificate }: Emulator) =>
  /CN=((?:[^,\\]|\\.)+)/.exec(clientCertificate.subject)?.[1]?.replaceAll("\\", "") ?? "";

const subject = (emulator: Emulator) => ({ commonName: commonName(emulator) });

/** Claims a certificate and shows none, as behind a proxy that strips it. */
const stripped = (emulator: Emulator): Effect.Effect<Transport> => {
  const plain = TestHttpClient.layer(emulator.certificateAuthority);
  return Effect.succeed(
    Layer.merge(
      plain,
      Layer.effect(
        MutualTls.MutualTls,
        Effect.map(HttpClient.HttpClient, (httpClient) => ({
          currentUnsafe: () => ({
            thumbprint: emulator.clientCertificate.thumbprint,
            notBefore: 0,
            notAfter: 8.64e15,
            source: "certificate (stripped)",
            httpClient,
          }),
        })),
      ).pipe(Layer.provide(plain)),
    ),
  );
};

const rejected = (message = /refused the credentials \(HTTP 401 invalid_client/): Outcome => ({
  reason: "CredentialsRejected",
  message,
});

const tls: Readonly<Record<string, Case>> = {
  "the registered certificate": { outcome: { requests: 1 } },
  "a renewed certificate of the same subject": {
    transport: showing((emulator) =>
      Certificates.issueClient(emulator.authority, subject(emulator)),
    ),
    outcome: { requests: 1 },
  },
  "a certificate of another subject": {
    transport: showing(({ authority }) =>
      Certificates.issueClient(authority, { commonName: "stranger" }),
    ),
    outcome: rejected(),
  },
  "a self-signed certificate of the same subject": {
    transport: showing((emulator) => Certificates.selfSigned(subject(emulator))),
    outcome: rejected(),
  },
  "a certificate of an authority that nobody trusts": {
    transport: showing((emulator) =>
      Effect.flatMap(Certificates.makeAuthority("Mallory"), (mallory) =>
        Certificates.issueClient(mallory, subject(emulator)),
      ),
    ),
    outcome: rejected(),
  },
  "an expired certificate": {
    transport: showing((emulator) =>
      Certificates.issueExpiredClient(emulator.authority, subject(emulator)),
    ),
    outcome: {
      reason: "CertificateUnusable",
      message: /it expired on \d{4}-.*replace it/,
      requests: 0,
    },
  },
  "a certificate that is not yet valid": {
    transport: showing((emulator) =>
      Certificates.issueFutureClient(emulator.authority, subject(emulator)),
    ),
    outcome: { reason: "CertificateUnusable", message: /valid only from \d{4}-/, requests: 0 },
  },
  "no certificate on the wire": { transport: stripped, outcome: rejected() },
  "the plain endpoint in place of the alias": {
    options: ({ plainTokenUrl }) => ({ tokenUrl: plainTokenUrl }),
    outcome: rejected(),
  },
  "another method of RFC 8705 than the registered one": {
    options: () => ({ clientAuth: "self_signed_tls_client_auth" }),
    // The method is the server's to know: the request is the same.
    outcome: { requests: 1 },
  },
  "a client id that is unknown": {
    options: () => ({ clientId: "https://rp.example/nobody" }),
    outcome: rejected(),
  },
  "a scope that is not the client's": {
    options: () => ({ scope: "directory:website" }),
    outcome: {
      reason: "RequestRejected",
      message: /rejected the request \(HTTP 400 invalid_scope.*check scope/,
    },
  },
  "a scope that the server does not know": {
    options: ({ options }) => ({ scope: `${options.scope} directory:nothing` }),
    outcome: { requests: 1, missingScope: ["directory:nothing"] },
  },
  "such a scope where all of it is required": {
    options: ({ options }) => ({
      scope: `${options.scope} directory:nothing`,
      requireGrantedScope: true,
    }),
    outcome: { reason: "RequestRejected", message: /not granted: directory:nothing/, requests: 1 },
  },
  "an issuer with a slash too many": {
    options: ({ issuer }) => ({ issuer: `${issuer}/` }),
    outcome: { reason: "ServerUntrusted", message: /another issuer.*last character/, requests: 0 },
  },
  "an issuer in capitals": {
    options: ({ issuer }) => ({ issuer: issuer.replace("localhost", "LOCALHOST") }),
    outcome: { reason: "ServerUntrusted", message: /another issuer/, requests: 0 },
  },
  "an issuer with a path": {
    options: ({ issuer }) => ({ issuer: `${issuer}/realms/x` }),
    outcome: { reason: "ResponseMalformed", message: /no discovery document/, requests: 0 },
  },
  "a server of an authority that is not trusted": {
    transport: ({ clientCertificate }) =>
      Effect.succeed(
        NodeMutualTls.layerPem({
          certificate: bytes(clientCertificate.certificate),
          privateKey: bytes(clientCertificate.privateKey),
        }),
      ),
    outcome: { reason: "ServerUntrusted", message: /not trusted.*add the issuing CA/, requests: 0 },
  },
};

const jwt = (
  { assertionClient }: Emulator,
  changes: Partial<PrivateKeyJwt.Key> & { readonly audience?: "token_endpoint" } = {},
) =>
  PrivateKeyJwt.make({
    key: Redacted.make(assertionClient.privateKey),
    keyId: assertionClient.keyId,
    algorithm: assertionClient.algorithm,
    ...changes,
  });

const pem = (type: "spki" | "pkcs8", passphrase?: string) => {
  const pair = generateKeyPairSync("rsa", { modulusLength: 2048 });
  return Redacted.make(
    type === "spki"
      ? pair.publicKey.export({ type, format: "pem" }).toString()
      : pair.privateKey
          .export({
            type,
            format: "pem",
            ...(passphrase === undefined ? {} : { cipher: "aes-256-cbc", passphrase }),
          })
          .toString(),
  );
};

const asserting =
  (changes?: Parameters<typeof jwt>[1]) =>
  (emulator: Emulator): Partial<RaidiamOptions> => ({
    ...emulator.assertionClient.options,
    clientAuth: jwt(emulator, changes),
  });

const invalidKey = (message: RegExp): Outcome => ({
  reason: "OptionInvalid",
  message,
  requests: 0,
});

const kms =
  (sign: (signer: PrivateKeyJwt.Signer) => PrivateKeyJwt.Signer["sign"]) =>
  (emulator: Emulator): Partial<RaidiamOptions> => {
    const { algorithm, keyId } = emulator.assertionClient;
    const local = Effect.runSync(Effect.cached(jwt(emulator).signer));
    return {
      ...emulator.assertionClient.options,
      clientAuth: PrivateKeyJwt.make({
        signer: {
          algorithm,
          keyId,
          sign: (input) => Effect.flatMap(local, (signer) => sign(signer)(input)),
        },
      }),
    };
  };

const assertion: Readonly<Record<string, Case>> = {
  "the registered key": { options: asserting(), outcome: { requests: 1 } },
  "no kid": { options: asserting({ keyId: undefined }), outcome: { requests: 1 } },
  "another kid": { options: asserting({ keyId: "another" }), outcome: rejected() },
  "another key": { options: asserting({ key: pem("pkcs8") }), outcome: rejected() },
  "another algorithm than the registered one": {
    options: asserting({ algorithm: "RS256" }),
    outcome: rejected(),
  },
  "the token endpoint for audience": {
    options: asserting({ audience: "token_endpoint" }),
    outcome: { requests: 1 },
  },
  "a signer that is elsewhere": {
    options: kms(({ sign }) => sign),
    outcome: { requests: 1 },
  },
  "a signer that is away": {
    options: kms(() => () => Effect.fail(new TokenError.ServerUnavailable({ problem: "timeout" }))),
    outcome: { reason: "ServerUnavailable", message: /no answer in time/, requests: 0 },
  },
  "a signer that signs something else": {
    options: kms(
      ({ sign }) =>
        () =>
          sign(new Uint8Array(3)),
    ),
    outcome: rejected(),
  },
  "a public key": {
    options: asserting({ key: pem("spki") }),
    outcome: invalidKey(/option clientAuth\.key is not usable with PS256.*PRIVATE KEY/),
  },
  "a key that is encrypted": {
    options: asserting({ key: pem("pkcs8", "secret") }),
    outcome: invalidKey(/the key is encrypted; decrypt it first/),
  },
  "a key that is none": {
    options: asserting({ key: Redacted.make("-----BEGIN PRIVATE KEY-----\nAAAA\n") }),
    outcome: invalidKey(/option clientAuth\.key is not usable/),
  },
  "the id of another client": {
    options: (emulator) => ({
      ...asserting()(emulator),
      clientId: emulator.boundAssertionClient.options.clientId,
    }),
    outcome: rejected(),
  },
  "a client whose tokens must be bound, and no certificate": {
    options: ({ boundAssertionClient: client }) => ({
      ...client.options,
      clientAuth: PrivateKeyJwt.make({
        key: Redacted.make(client.privateKey),
        keyId: client.keyId,
      }),
    }),
    outcome: { reason: "CredentialsRejected", message: /HTTP 400 invalid_grant/ },
  },
  "such a client over the alias": {
    options: ({ boundAssertionClient: client }) => ({
      ...client.options,
      clientAuth: PrivateKeyJwt.make({
        key: Redacted.make(client.privateKey),
        keyId: client.keyId,
        certificateBoundTokens: true,
      }),
    }),
    outcome: { requests: 1 },
  },
  ...Object.fromEntries(
    [-3600, -120, -30, -10, -1, 1, 10, 30, 120, 3600].map((clock): [string, Case] => [
      `a clock that is ${clock} s ahead`,
      // This server takes an assertion up to 15 s after its end, and does not mind when it was made.
      { clock, options: asserting(), outcome: { requests: clock < -75 ? 2 : 1 } },
    ]),
  ),
  "a clock that is 120 s ahead, and another key": {
    clock: 120,
    options: asserting({ key: pem("pkcs8") }),
    outcome: {
      ...rejected(/our clock is 1(19|20|21) s ahead of the server's.*synchronise it/),
      requests: 2,
    },
  },
};

const ahead = (seconds: number) =>
  Effect.clockWith((clock) => {
    const shifted: Clock.Clock = Object.create(clock, {
      currentTimeMillisUnsafe: { value: () => clock.currentTimeMillisUnsafe() + seconds * 1000 },
      currentTimeMillis: {
        value: Effect.map(clock.currentTimeMillis, (millis) => millis + seconds * 1000),
      },
    });
    return Effect.succeed(shifted);
  });

const run = ({ transport = registered, options, clock = 0, outcome }: Case) =>
  Effect.gen(function* () {
    const context = yield* Layer.build(RaidiamEmulator.layer());
    const emulator = Context.get(context, RaidiamEmulator.RaidiamEmulator);
    const all: RaidiamOptions = { ...emulator.options, ...options?.(emulator) };
    const attempt: Effect.Effect<
      { readonly missingScope: ReadonlyArray<string> },
      TokenError.TokenError,
      Scope.Scope
    > = Effect.flatMap(Raidiam.make(all), (raidiam) => raidiam.get).pipe(
      Effect.provide(yield* transport(emulator)),
      Effect.provideService(Clock.Clock, yield* ahead(clock)),
    );
    const result = yield* Effect.result(attempt);
    if ("reason" in outcome) {
      assert.strictEqual(result._tag === "Failure" && result.failure.reason._tag, outcome.reason);
      if (result._tag === "Failure") assert.match(result.failure.message, outcome.message);
    } else {
      assert.strictEqual(
        result._tag,
        "Success",
        result._tag === "Failure" ? result.failure.message : "",
      );
      if (result._tag === "Success") {
        assert.deepStrictEqual(result.success.missingScope, outcome.missingScope ?? []);
      }
    }
    if (outcome.requests !== undefined) {
      assert.strictEqual(yield* emulator.tokenRequestCount, outcome.requests);
    }
  });

describe("Raidiam at the real authorization server, with tls_client_auth, given", () => {
  for (const [name, one] of Object.entries(tls)) it.live(name, () => run(one));
});

describe("Raidiam at the real authorization server, with private_key_jwt, given", () => {
  for (const [name, one] of Object.entries(assertion)) it.live(name, () => run(one));
});
