import { describe, it } from "@effect/vitest";
import * as PrivateKeyJwt from "@x/core/PrivateKeyJwt";
import * as TokenError from "@x/core/TokenError";
import type { RaidiamOptions } from "@x/raidiam";
import * as Effect from "effect/Effect";
import * as Redacted from "effect/Redacted";
import { generateKeyPairSync } from "node:crypto";
import { type Case, type Emulator, type Outcome, rejected, repeating, run } from "./matrix.ts";

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
  "an audience with a slash too many": {
    options: (emulator) => ({
      ...asserting()(emulator),
      issuer: `${emulator.issuer}/`,
      tokenUrl: emulator.plainTokenUrl,
    }),
    outcome: rejected(),
  },
  "another server for audience": {
    options: (emulator) => ({
      ...asserting()(emulator),
      issuer: "https://auth.example",
      tokenUrl: emulator.plainTokenUrl,
    }),
    outcome: rejected(),
  },
  "an assertion that is sent twice": {
    transport: repeating,
    options: asserting(),
    outcome: { ...rejected(), requests: 2 },
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

describe("Raidiam at the real authorization server, with private_key_jwt, given", () => {
  for (const [name, one] of Object.entries(assertion)) it.live(name, () => run(one));
});
