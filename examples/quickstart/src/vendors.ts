/**
 * The five layers as an app composes them. Only the URLs, credentials and authorities come from the
 * emulators; leave those out, and the layers talk to the vendors.
 */
import { Evcnet } from "@x/evcnet";
import * as NodeMutualTls from "@x/node/NodeMutualTls";
import { Raidiam } from "@x/raidiam";
import { Reged } from "@x/reged";
import { Resharmonics } from "@x/resharmonics";
import * as Certificates from "@x/testing/Certificates";
import * as EvcnetEmulator from "@x/evcnet/testing";
import * as RaidiamEmulator from "@x/raidiam/testing";
import * as RegedEmulator from "@x/reged/testing";
import * as ResharmonicsEmulator from "@x/resharmonics/testing";
import * as TestHttpClient from "@x/testing/TestHttpClient";
import * as TigrEmulator from "@x/tigr/testing";
import { Tigr } from "@x/tigr";
import { Effect, Layer } from "effect";

export const Emulators = Layer.mergeAll(
  RegedEmulator.layer({ tokenLifetime: "15 minutes" }),
  TigrEmulator.layer(),
  ResharmonicsEmulator.layer(),
  EvcnetEmulator.layer(),
  RaidiamEmulator.layer(),
);

/** Certificate and key files as a vendor's portal gives them, and the authority of the test servers. */
const certificateFiles = (
  emulator: RegedEmulator.RegedEmulator["Service"] | RaidiamEmulator.RaidiamEmulator["Service"],
) =>
  Effect.map(Certificates.writeFiles(emulator.clientCertificate), (files) => ({
    certificate: { file: files.certificate },
    privateKey: { file: files.privateKey },
    pfx: { file: files.pfx },
    passphrase: files.passphrase,
    certificateAuthorities: [new TextEncoder().encode(emulator.certificateAuthority)],
  }));

const RegedLive = Layer.unwrap(
  Effect.gen(function* () {
    const emulator = yield* RegedEmulator.RegedEmulator;
    const { pfx, passphrase, certificateAuthorities } = yield* certificateFiles(emulator);
    return Reged.layer(emulator.options).pipe(
      Layer.provide(NodeMutualTls.layerPfx({ pfx, passphrase, certificateAuthorities })),
    );
  }),
);

const TigrLive = Layer.unwrap(
  Effect.gen(function* () {
    const emulator = yield* TigrEmulator.TigrEmulator;
    return Tigr.layer(emulator.options).pipe(
      Layer.provide(TestHttpClient.layer(emulator.certificateAuthority)),
    );
  }),
);

const ResharmonicsLive = Layer.unwrap(
  Effect.gen(function* () {
    const emulator = yield* ResharmonicsEmulator.ResharmonicsEmulator;
    return Resharmonics.layer(emulator.options).pipe(
      Layer.provide(TestHttpClient.layer(emulator.certificateAuthority)),
    );
  }),
);

const EvcnetLive = Layer.unwrap(
  Effect.gen(function* () {
    const emulator = yield* EvcnetEmulator.EvcnetEmulator;
    return Evcnet.layer(emulator.options).pipe(
      Layer.provide(TestHttpClient.layer(emulator.certificateAuthority)),
    );
  }),
);

const RaidiamLive = Layer.unwrap(
  Effect.gen(function* () {
    const emulator = yield* RaidiamEmulator.RaidiamEmulator;
    const { certificate, privateKey, certificateAuthorities } = yield* certificateFiles(emulator);
    return Raidiam.layer(emulator.options).pipe(
      Layer.provide(NodeMutualTls.layerPem({ certificate, privateKey, certificateAuthorities })),
    );
  }),
);

export const Vendors = Layer.mergeAll(
  RegedLive,
  TigrLive,
  ResharmonicsLive,
  EvcnetLive,
  RaidiamLive,
);
