import { assert, describe, it } from "@effect/vitest";
import * as ClientAuth from "@x/core/ClientAuth";
import * as Grant from "@x/core/Grant";
import * as MutualTls from "@x/core/MutualTls";
import * as Options from "@x/core/Options";
import * as Provider from "@x/core/Provider";
import * as NodeMutualTls from "@x/node/NodeMutualTls";
import * as Certificates from "@x/testing/Certificates";
import * as Clock from "effect/Clock";
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Redacted from "effect/Redacted";
import * as Openssl from "./fixtures/openssl.ts";
import * as Pki from "./fixtures/pki.ts";

class Acme extends Provider.Service<Acme>()("test/Acme", {
  name: "Acme",
  options: { clientId: Options.Text },
  environments: { test: { lifetime: "1 hour" } },
  grant: () => Grant.clientCredentials(),
  clientAuth: ({ clientId }) => ClientAuth.tls({ clientId }),
}) {}

/** Returns a clock that is this many hours behind. */
const behind = (hours: number) =>
  Effect.clockWith((clock) => {
    const past = (millis: number) => millis - hours * 3_600_000;
    const shifted: Clock.Clock = Object.create(clock, {
      currentTimeMillisUnsafe: { value: () => past(clock.currentTimeMillisUnsafe()) },
      currentTimeMillis: { value: Effect.map(clock.currentTimeMillis, past) },
    });
    return Effect.succeed(shifted);
  });

describe.skipIf(!Openssl.isThere)("the openssl program", () => {
  describe("x509", () => {
    const fingerprint = (path: string) =>
      Effect.map(Openssl.run("x509", "-in", path, "-noout", "-fingerprint", "-sha256"), (printed) =>
        Buffer.from(printed.split("=")[1]?.replaceAll(":", "").trim() ?? "", "hex").toString(
          "base64url",
        ),
      );

    for (const algorithm of ["EC", "RSA"] as const) {
      it.live(
        `prints the same thumbprint for an ${algorithm} certificate from PEM and from PFX`,
        () =>
          Effect.gen(function* () {
            const authority = yield* Certificates.makeAuthority("Root");
            const client = yield* Certificates.issueClient(authority, {
              commonName: "client",
              algorithm,
            });
            const files = yield* Certificates.writeFiles(client, {
              passphrase: Redacted.make(Pki.canary),
            });
            const expected = yield* fingerprint(files.certificate);
            assert.match(expected, /^[\w-]{43}$/);
            for (const layer of [
              NodeMutualTls.layerPem({
                certificate: { file: files.certificate },
                privateKey: { file: files.privateKey },
              }),
              NodeMutualTls.layerPfx({ pfx: { file: files.pfx }, passphrase: files.passphrase }),
            ]) {
              const context = yield* Layer.build(layer);
              assert.strictEqual(
                Context.get(context, MutualTls.MutualTls).currentUnsafe().thumbprint,
                expected,
              );
            }
          }),
      );
    }
  });

  describe("s_server", () => {
    const refused: Record<
      string,
      {
        readonly issue: (
          authority: Certificates.Authority,
        ) => Effect.Effect<Certificates.Certificate>;
        readonly hoursBehind?: number;
      }
    > = {
      "unknown ca": {
        issue: () =>
          Effect.flatMap(Certificates.makeAuthority("Stranger"), (stranger) =>
            Certificates.issueClient(stranger, { commonName: "client" }),
          ),
      },
      "certificate expired": {
        // Otherwise the core would find it before a connection.
        hoursBehind: 36,
        issue: (authority) => Certificates.issueExpiredClient(authority, { commonName: "client" }),
      },
      "unsupported certificate": { issue: (authority) => Certificates.issueServer(authority) },
    };
    for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
      for (const [alert, { issue, hoursBehind = 0 }] of Object.entries(refused)) {
        it.live(
          `refuses a certificate with the alert "${alert}", which the error names, ${version}`,
          () =>
            Effect.gen(function* () {
              const { authority, server } = yield* Pki.make;
              const { url } = yield* Openssl.server({ pair: server, authority, version });
              const client = yield* issue(authority);
              const error = yield* Acme.make({
                environment: "test",
                clientId: "id",
                tokenUrl: `${url}token`,
              }).pipe(
                Effect.flatMap((acme) => Effect.flip(acme.get)),
                Effect.provide(
                  NodeMutualTls.layerPem({
                    certificate: Pki.bytes(client.certificate),
                    privateKey: Pki.bytes(client.privateKey),
                    certificateAuthorities: [Pki.bytes(authority.certificate)],
                  }),
                ),
                Effect.provideService(Clock.Clock, yield* behind(hoursBehind)),
              );
              assert.strictEqual(
                error.message,
                `Acme: the client certificate is unusable: certificate (in memory): the server refused it: ${alert}; check that it is the one registered for this environment`,
              );
              assert.isTrue(
                error.reason._tag === "CertificateUnusable" && error.reason.problem === "refused",
              );
            }),
        );
      }
    }
  });
});
