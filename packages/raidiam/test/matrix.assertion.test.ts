import { describe, it } from "@effect/vitest";
import type * as Jws from "@x/core/Jws";
import * as PrivateKeyJwt from "@x/core/PrivateKeyJwt";
import * as TokenError from "@x/core/TokenError";
import * as Effect from "effect/Effect";
import * as Redacted from "effect/Redacted";
import * as Crypto from "node:crypto";
import {
  type Case,
  type Emulator,
  type Outcome,
  type RaidiamOptions,
  rejected,
  repeating,
  run,
  title,
} from "./matrix.ts";

const jwt = ({ assertionClient }: Emulator, changes: Partial<PrivateKeyJwt.Options> = {}) =>
  PrivateKeyJwt.make({
    key: Redacted.make(assertionClient.privateKey),
    keyId: assertionClient.keyId,
    algorithm: assertionClient.algorithm,
    ...changes,
  });

const pem = (type: "spki" | "pkcs8", passphrase?: string) => {
  const pair = Crypto.generateKeyPairSync("rsa", { modulusLength: 2048 });
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

/** Signs in another process than ours would, with the registered key. */
const kms =
  (sign: (registered: Jws.Signer["sign"]) => Jws.Signer["sign"]) =>
  (emulator: Emulator): Partial<RaidiamOptions> => {
    const { algorithm, keyId, privateKey } = emulator.assertionClient;
    const registered: Jws.Signer["sign"] = (input) =>
      Effect.as(
        Effect.yieldNow,
        Crypto.sign("sha256", input, {
          key: privateKey,
          padding: Crypto.constants.RSA_PKCS1_PSS_PADDING,
          saltLength: Crypto.constants.RSA_PSS_SALTLEN_DIGEST,
        }),
      );
    return {
      ...emulator.assertionClient.options,
      clientAuth: PrivateKeyJwt.make({ key: { algorithm, keyId, sign: sign(registered) } }),
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
  "the token endpoint as audience": {
    options: asserting({ audience: "token_endpoint" }),
    outcome: { requests: 1 },
  },
  "an audience with a trailing slash": {
    options: (emulator) => ({
      ...asserting()(emulator),
      issuer: `${emulator.issuer}/`,
      tokenUrl: emulator.plainTokenUrl,
    }),
    outcome: rejected(),
  },
  "another server as audience": {
    options: (emulator) => ({
      ...asserting()(emulator),
      issuer: "https://auth.example",
      tokenUrl: emulator.plainTokenUrl,
    }),
    outcome: rejected(),
  },
  "the same assertion twice": {
    transport: repeating,
    options: asserting(),
    outcome: { ...rejected(), requests: 2 },
  },
  "an asynchronous signer": {
    options: kms((sign) => sign),
    outcome: { requests: 1 },
  },
  "a signer that fails": {
    options: kms(
      () => () =>
        Effect.fail(
          new TokenError.CredentialUnavailable({
            credential: "signing key (KMS)",
            problem: "the key is disabled",
            isTransient: false,
          }),
        ),
    ),
    outcome: {
      reason: "CredentialUnavailable",
      message: /signing key \(KMS\) could not be had: the key is disabled/,
      requests: 0,
    },
  },
  "a signer that signs other bytes": {
    options: kms((sign) => () => sign(new Uint8Array(3))),
    outcome: rejected(),
  },
  "a public key": {
    options: asserting({ key: pem("spki") }),
    outcome: invalidKey(/option clientAuth\.key is not usable with PS256.*PRIVATE KEY/),
  },
  "an encrypted key": {
    options: asserting({ key: pem("pkcs8", "secret") }),
    outcome: invalidKey(/holds ENCRYPTED PRIVATE KEY.*convert it with openssl pkcs8 -topk8 -nodes/),
  },
  "a damaged key": {
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
  "a client of bound tokens without a certificate": {
    options: ({ boundAssertionClient: client }) => ({
      ...client.options,
      clientAuth: PrivateKeyJwt.make({
        key: Redacted.make(client.privateKey),
        keyId: client.keyId,
      }),
    }),
    outcome: { reason: "CredentialsRejected", message: /HTTP 400 invalid_grant/ },
  },
  "a client of bound tokens over mutual TLS": {
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
      `a clock ${clock} s ahead`,
      // oidc-provider accepts an assertion until 15 s after its expiry and ignores its iat.
      { clock, options: asserting(), outcome: { requests: clock < -75 ? 2 : 1 } },
    ]),
  ),
  "a clock 120 s ahead and another key": {
    clock: 120,
    options: asserting({ key: pem("pkcs8") }),
    outcome: {
      // the estimate includes the time of the answer, which may take seconds on a loaded machine
      ...rejected(/our clock is 1[12]\d s ahead of the server's.*synchronise it/),
      requests: 2,
    },
  },
};

describe("Raidiam with private_key_jwt at oidc-provider", () => {
  for (const [name, one] of Object.entries(assertion)) it.live(title(name, one), () => run(one));
});
