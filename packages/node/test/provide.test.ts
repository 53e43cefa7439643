import { assert, describe, it } from "@effect/vitest";
import * as MutualTls from "@x/core/MutualTls";
import * as NodeMutualTls from "@x/node/NodeMutualTls";
import * as Certificates from "@x/testing/Certificates";
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as HttpClient from "effect/http/HttpClient";
import * as Layer from "effect/Layer";
import * as Redacted from "effect/Redacted";
import * as Pki from "./fixtures/pki.ts";
import * as Server from "./fixtures/server.ts";

interface Vendor {
  /** Calls an endpoint over mutual TLS, then over the plain client. */
  readonly call: (url: string) => Effect.Effect<void, unknown>;
}

class Reged extends Context.Service<Reged, Vendor>()("test/Reged") {}
class Tigr extends Context.Service<Tigr, Vendor>()("test/Tigr") {}

const make = Effect.gen(function* () {
  const { currentUnsafe } = yield* MutualTls.MutualTls;
  const plain = yield* HttpClient.HttpClient;
  return {
    call: (url: string) =>
      Effect.andThen(Server.get(currentUnsafe().httpClient, url), Server.get(plain, url)),
  };
});

const RegedLive = Layer.effect(Reged, make);
const TigrLive = Layer.effect(Tigr, make);

/** Calls an endpoint of its own with each vendor, and returns what the endpoints saw. */
const seen = <E>(pki: Effect.Success<typeof Pki.make>, layer: Layer.Layer<Reged | Tigr, E>) =>
  Effect.gen(function* () {
    const reged = yield* Server.https(pki.server);
    const tigr = yield* Server.https(pki.server);
    const vendors = yield* Layer.build(layer);
    yield* Context.get(vendors, Reged).call(reged.url);
    yield* Context.get(vendors, Tigr).call(tigr.url);
    return [reged.thumbprints, tigr.thumbprints];
  });

const start = Effect.gen(function* () {
  const pki = yield* Pki.make;
  const second = yield* Certificates.issueClient(pki.authority, { commonName: "second" });
  const { certificateAuthorities } = pki;
  const passphrase = Redacted.make(Pki.canary);
  return {
    pki,
    second,
    pem: { ...Pki.contents(pki.client), certificateAuthorities },
    pfx: {
      pfx: yield* Certificates.pfx(second, passphrase),
      passphrase,
      certificateAuthorities,
    },
  };
});

describe("NodeMutualTls.provide", () => {
  it.live("shows each vendor its own certificate", () =>
    Effect.gen(function* () {
      const { pki, second, pem, pfx } = yield* start;
      assert.deepStrictEqual(
        yield* seen(
          pki,
          Layer.merge(NodeMutualTls.provide(RegedLive, pem), NodeMutualTls.provide(TigrLive, pfx)),
        ),
        [
          [pki.client.thumbprint, undefined],
          [second.thumbprint, undefined],
        ],
      );
    }),
  );

  it.live("shares no layer that both vendors are built on", () =>
    Effect.gen(function* () {
      const { pki, second, pem, pfx } = yield* start;
      class Shared extends Context.Service<Shared, Vendor>()("test/Shared") {}
      const SharedLive = Layer.effect(Shared, make);
      const on = Layer.provide(SharedLive);
      assert.deepStrictEqual(
        yield* seen(
          pki,
          Layer.merge(
            NodeMutualTls.provide(on(Layer.effect(Reged, Shared)), pem),
            NodeMutualTls.provide(on(Layer.effect(Tigr, Shared)), pfx),
          ),
        ),
        [
          [pki.client.thumbprint, undefined],
          [second.thumbprint, undefined],
        ],
      );
    }),
  );

  it.live("shares the services that are provided from outside", () =>
    Effect.gen(function* () {
      const { pem, pfx } = yield* start;
      class Store extends Context.Service<Store, number>()("test/Store") {}
      let built = 0;
      const StoreLive = Layer.effect(
        Store,
        Effect.sync(() => (built += 1)),
      );
      const onStore = Effect.andThen(Store, make);
      yield* Layer.build(
        Layer.provide(
          Layer.merge(
            NodeMutualTls.provide(Layer.effect(Reged, onStore), pem),
            NodeMutualTls.provide(Layer.effect(Tigr, onStore), pfx),
          ),
          StoreLive,
        ),
      );
      assert.strictEqual(built, 1);
    }),
  );

  it.live("fails as layerPem does, before anything is sent", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(
        Layer.build(
          NodeMutualTls.provide(RegedLive, {
            certificate: { file: "absent.crt" },
            privateKey: { file: "absent.key" },
          }),
        ),
      );
      assert.include(error.message, "certificate absent.crt: there is no such file");
    }),
  );
});
