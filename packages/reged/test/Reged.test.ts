import { assert, describe, it } from "@effect/vitest";
import * as NodeMutualTls from "@x/node/NodeMutualTls";
import { Reged } from "@x/reged";
import * as Certificates from "@x/testing/Certificates";
import * as ProviderContract from "@x/testing/ProviderContract";
import * as RegedEmulator from "@x/reged/testing";
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Redacted from "effect/Redacted";

const bytes = (text: string) => new TextEncoder().encode(text);

const start = Effect.map(Layer.build(RegedEmulator.layer()), (context) => {
  const emulator = Context.get(context, RegedEmulator.RegedEmulator);
  const show = (certificate: Certificates.Certificate) =>
    NodeMutualTls.layerPem({
      certificate: bytes(certificate.certificate),
      privateKey: bytes(certificate.privateKey),
      certificateAuthorities: [bytes(emulator.certificateAuthority)],
    });
  return {
    emulator,
    show,
    transport: show(emulator.clientCertificate),
    options: emulator.options,
  };
});

const subject = Effect.gen(function* () {
  const { emulator, show, transport, options } = yield* start;
  const stranger = yield* Certificates.issueClient(emulator.authority, { commonName: "stranger" });
  const { audience, scope, clientId: client_id } = options;
  return {
    service: Reged,
    emulator,
    options,
    transport,
    refused: show(stranger),
    golden: {
      body: `grant_type=client_credentials&${new URLSearchParams({ audience, scope, client_id })}`,
      certificate: emulator.clientCertificate.thumbprint,
    },
    secrets: [emulator.clientCertificate.privateKey],
  };
});

describe("Reged as a provider", () => {
  for (const { name, run } of ProviderContract.cases(subject)) it.live(name, () => run);
});

describe("Reged", () => {
  it.live("accepts a PFX file, PEM files and an encrypted key file", () =>
    Effect.gen(function* () {
      const { emulator, options } = yield* start;
      const rsa = yield* Certificates.issueClient(emulator.authority, {
        commonName: options.clientId,
        algorithm: "RSA",
      });
      const files = yield* Certificates.writeFiles(rsa);
      const certificateAuthorities = [bytes(emulator.certificateAuthority)];
      for (const transport of [
        NodeMutualTls.layerPfx({
          pfx: { file: files.pfx },
          passphrase: files.passphrase,
          certificateAuthorities,
        }),
        NodeMutualTls.layerPem({
          certificate: { file: files.certificate },
          privateKey: { file: files.privateKey },
          certificateAuthorities,
        }),
        NodeMutualTls.layerPem({
          certificate: { file: files.certificate },
          privateKey: { file: files.encryptedPrivateKey },
          passphrase: files.passphrase,
          certificateAuthorities,
        }),
      ]) {
        const token = yield* Effect.flatMap(Reged.make(options), (reged) => reged.get).pipe(
          Effect.provide(transport),
        );
        assert.strictEqual(token.thumbprint, rsa.thumbprint);
      }
      assert.strictEqual(yield* emulator.tokenRequestCount, 3);
    }),
  );

  it.live("shows the certificate to the token endpoint and not to the API", () =>
    Effect.gen(function* () {
      const { emulator, transport, options } = yield* start;
      yield* Effect.flatMap(Reged.make(options), (reged) => reged.httpClient.get("/anything")).pipe(
        Effect.provide(transport),
      );
      const [token] = yield* emulator.tokenRequests;
      const [call] = yield* emulator.apiRequests;
      assert.strictEqual(token?.certificate, emulator.clientCertificate.thumbprint);
      assert.isDefined(call);
      assert.isUndefined(call?.certificate);
    }),
  );

  it.live("shows the certificate to the API when tokens are bound to it", () =>
    Effect.gen(function* () {
      const context = yield* Layer.build(RegedEmulator.layer({ demandCertificateAtApi: true }));
      const emulator = Context.get(context, RegedEmulator.RegedEmulator);
      const transport = NodeMutualTls.layerPem({
        certificate: bytes(emulator.clientCertificate.certificate),
        privateKey: bytes(emulator.clientCertificate.privateKey),
        certificateAuthorities: [bytes(emulator.certificateAuthority)],
      });
      const call = (certificateBoundTokens: boolean) =>
        Effect.flatMap(Reged.make({ ...emulator.options, certificateBoundTokens }), (reged) =>
          reged.httpClient.get("/anything"),
        ).pipe(Effect.provide(transport));
      assert.strictEqual((yield* call(true)).status, 200);
      const error = yield* Effect.flip(call(false));
      assert.strictEqual(error._tag === "TokenError" && error.reason._tag, "TokenRefused");
    }),
  );

  it.live("uses a token of 15 minutes for several calls", () =>
    Effect.gen(function* () {
      const { emulator, transport, options } = yield* start;
      yield* emulator.setTokenLifetime("15 minutes");
      yield* Effect.gen(function* () {
        const reged = yield* Reged.make(options);
        const token = yield* reged.get;
        assert.strictEqual(token.expiresAt - token.issuedAt, 900_000);
        yield* Effect.all(Array.from({ length: 100 }, () => reged.get));
      }).pipe(Effect.provide(transport));
      assert.strictEqual(yield* emulator.tokenRequestCount, 1);
    }),
  );

  it.live("reports a wrong audience with the vendor's error code", () =>
    Effect.gen(function* () {
      const { transport, options } = yield* start;
      const error = yield* Effect.flatMap(
        Reged.make({ ...options, audience: "another" }),
        (reged) => reged.get,
      ).pipe(Effect.provide(transport), Effect.flip);
      assert.strictEqual(error.reason._tag, "RequestRejected");
      assert.match(
        error.message,
        /^RegEd: the authorization server rejected the request \(HTTP 400 /,
      );
    }),
  );

  it.live("names a missing certificate file when the layer is built", () =>
    Effect.gen(function* () {
      const { emulator, options } = yield* start;
      const error = yield* Layer.build(
        Reged.layer(options).pipe(
          Layer.provide(
            NodeMutualTls.layerPem({
              certificate: { file: "absent.crt" },
              privateKey: { file: "absent.key" },
            }),
          ),
        ),
      ).pipe(Effect.flip);
      assert.strictEqual(
        error.reason._tag === "CertificateUnusable" && error.reason.problem,
        "missing",
      );
      assert.include(error.message, "absent.crt");
      assert.strictEqual(yield* emulator.tokenRequestCount, 0);
    }),
  );

  it.live("reports a wrong PFX password without printing it", () =>
    Effect.gen(function* () {
      const { emulator, options } = yield* start;
      const rsa = yield* Certificates.issueClient(emulator.authority, {
        commonName: options.clientId,
        algorithm: "RSA",
      });
      const files = yield* Certificates.writeFiles(rsa);
      const error = yield* Layer.build(
        Reged.layer(options).pipe(
          Layer.provide(
            NodeMutualTls.layerPfx({
              pfx: { file: files.pfx },
              passphrase: Redacted.make("wrong-one-3141"),
            }),
          ),
        ),
      ).pipe(Effect.flip);
      assert.strictEqual(
        error.reason._tag === "CertificateUnusable" && error.reason.problem,
        "passphrase",
      );
      assert.notInclude(error.message, "wrong-one-3141");
    }),
  );
});
