/** Five things that go wrong on real nights, and what the engineer gets to read. */
import type { TokenError } from "@x/core/TokenError";
import * as NodeMutualTls from "@x/node/NodeMutualTls";
import { Raidiam } from "@x/raidiam";
import { Reged } from "@x/reged";
import { Resharmonics } from "@x/resharmonics";
import * as Certificates from "@x/testing/Certificates";
import { RaidiamEmulator } from "@x/raidiam/testing";
import { RegedEmulator } from "@x/reged/testing";
import { ResharmonicsEmulator } from "@x/resharmonics/testing";
import * as TestHttpClient from "@x/testing/TestHttpClient";
import { TigrEmulator } from "@x/tigr/testing";
import { Tigr } from "@x/tigr";
import { Effect, Layer, Redacted } from "effect";

const encode = (text: string) => new TextEncoder().encode(text);

const wrongSecret = Effect.gen(function* () {
  const { certificateAuthority, options } = yield* TigrEmulator;
  const tigr = Tigr.make({ ...options, password: Redacted.make("not the password") });
  return yield* Effect.flatMap(tigr, ({ get }) => get).pipe(
    Effect.provide(TestHttpClient.layer(certificateAuthority)),
  );
});

const missingCertificate = Effect.gen(function* () {
  const { options } = yield* RegedEmulator;
  const certificate = NodeMutualTls.layerPem({
    certificate: { file: "absent/client.crt" },
    privateKey: { file: "absent/client.key" },
  });
  return yield* Layer.build(Reged.layer(options).pipe(Layer.provide(certificate)));
});

const wrongPassphrase = Effect.gen(function* () {
  const { clientCertificate, options } = yield* RegedEmulator;
  const { pfx } = yield* Effect.orDie(Certificates.writeFiles(clientCertificate));
  const certificate = NodeMutualTls.layerPfx({
    pfx: { file: pfx },
    passphrase: Redacted.make("not this one"),
  });
  return yield* Layer.build(Reged.layer(options).pipe(Layer.provide(certificate)));
});

const issuerMismatch = Effect.gen(function* () {
  const { certificateAuthority, clientCertificate, options } = yield* RaidiamEmulator;
  const raidiam = Raidiam.make({ ...options, issuer: `${options.issuer}/` });
  return yield* Effect.flatMap(raidiam, ({ get }) => get).pipe(
    Effect.provide(
      NodeMutualTls.layerPem({
        certificate: encode(clientCertificate.certificate),
        privateKey: encode(clientCertificate.privateKey),
        certificateAuthorities: [encode(certificateAuthority)],
      }),
    ),
  );
});

const serverDown = Effect.gen(function* () {
  const { certificateAuthority, options } = yield* ResharmonicsEmulator;
  // Port 1 is reserved and nothing listens there.
  const resharmonics = Resharmonics.make({ ...options, tokenUrl: "https://localhost:1/token" });
  return yield* Effect.flatMap(resharmonics, ({ get }) => get).pipe(
    Effect.provide(TestHttpClient.layer(certificateAuthority)),
  );
});

export interface Failure {
  readonly name: string;
  readonly expected: TokenError["reason"]["_tag"];
  readonly found: string;
  readonly message: string;
}

const provoke = <R>(
  name: string,
  expected: Failure["expected"],
  effect: Effect.Effect<unknown, TokenError, R>,
) =>
  Effect.match(effect, {
    onFailure: ({ reason, message }): Failure => ({ name, expected, found: reason._tag, message }),
    onSuccess: (): Failure => ({ name, expected, found: "success", message: "it should fail" }),
  });

export const failures = Effect.all([
  provoke("wrong secret", "CredentialsRejected", wrongSecret),
  provoke("missing certificate", "CertificateUnusable", missingCertificate),
  provoke("wrong passphrase", "CertificateUnusable", wrongPassphrase),
  provoke("issuer mismatch", "ServerUntrusted", issuerMismatch),
  provoke("server down", "ServerUnavailable", serverDown),
]).pipe(Effect.scoped);
