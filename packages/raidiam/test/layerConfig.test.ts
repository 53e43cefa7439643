import { assert, describe, it } from "@effect/vitest";
import * as NodeMutualTls from "@x/node/NodeMutualTls";
import { Raidiam } from "@x/raidiam";
import * as Certificates from "@x/testing/Certificates";
import * as TokenServer from "@x/testing/TokenServer";
import * as ConfigProvider from "effect/ConfigProvider";
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";

const startServer = Effect.map(
  Layer.build(Layer.fresh(TokenServer.layer([TokenServer.token()]))),
  (context) => Context.get(context, TokenServer.TokenServer),
);

/** An issuer whose document names an alias on another host, and a certificate for it. */
const start = Effect.gen(function* () {
  const [issuer, matls] = yield* Effect.all([startServer, startServer]);
  const certificate = yield* Certificates.issueClient(issuer.authority, { commonName: "rp" });
  const bytes = (text: string) => new TextEncoder().encode(text);
  const alias = `${matls.origin.replace("localhost", "127.0.0.1")}/token`;
  yield* issuer.setScript(() =>
    TokenServer.json({
      issuer: issuer.origin,
      token_endpoint: `${issuer.origin}/token`,
      mtls_endpoint_aliases: { token_endpoint: alias },
    }),
  );
  const transport = NodeMutualTls.layerPem({
    certificate: bytes(certificate.certificate),
    privateKey: bytes(certificate.privateKey),
    certificateAuthorities: [issuer, matls].map((one) => bytes(one.certificateAuthority)),
  });
  return { issuer, matls, transport };
});

describe("Raidiam.layerConfig sends token requests to another host than the issuer's", () => {
  const named: ReadonlyArray<
    readonly [name: string, hosts: string | undefined, taken: boolean, preserveEmptyStrings?: true]
  > = [
    ["that is named", "127.0.0.1", true],
    ["that is named among others, with spaces", " matls.example ,\t127.0.0.1 ,", true],
    ["if another one is named: never", "matls.example", false],
    ["if there is nothing in the variable: never", "", false],
    ["if there is nothing in a variable that is kept: never", "", false, true],
    ["if there are only spaces and a comma: never", " , ", false],
    ["if none is named: never", undefined, false],
  ];
  for (const [name, hosts, taken, preserveEmptyStrings = false] of named) {
    it.live(name, () =>
      Effect.gen(function* () {
        const { issuer, matls, transport } = yield* start;
        const env = {
          RAIDIAM_ENVIRONMENT: "production",
          RAIDIAM_ISSUER: issuer.origin,
          RAIDIAM_CLIENT_ID: "https://rp.example/1",
          RAIDIAM_SCOPE: "directory:software",
          ...(hosts === undefined ? {} : { RAIDIAM_ENDPOINT_HOSTS: hosts }),
        };
        const context = yield* Layer.build(
          Raidiam.layerConfig().pipe(Layer.provide(transport)),
        ).pipe(
          Effect.provideService(
            ConfigProvider.ConfigProvider,
            ConfigProvider.fromEnv({ env, preserveEmptyStrings }),
          ),
        );
        const result = yield* Effect.result(Context.get(context, Raidiam).get);
        if (taken) assert.strictEqual(result._tag, "Success");
        else {
          const reason = result._tag === "Failure" ? result.failure.reason : undefined;
          assert.strictEqual(
            reason?._tag === "ServerUntrusted" ? reason.problem : reason?._tag,
            "origin",
          );
        }
        assert.lengthOf(yield* matls.requests, taken ? 1 : 0);
      }),
    );
  }
});
