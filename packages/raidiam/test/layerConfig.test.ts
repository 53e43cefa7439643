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

/** Starts an issuer with an mTLS alias on another host, and issues a certificate for it. */
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

describe("Raidiam.layerConfig with a token endpoint on another host", () => {
  const named: ReadonlyArray<
    readonly [name: string, hosts: string | undefined, taken: boolean, preserveEmptyStrings?: true]
  > = [
    ["uses a host in RAIDIAM_ENDPOINT_HOSTS", "127.0.0.1", true],
    ["uses a host in a list with spaces", " matls.example ,\t127.0.0.1 ,", true],
    ["refuses a host that is not in the list", "matls.example", false],
    ["refuses every host when the variable is empty", "", false],
    ["refuses every host when the provider preserves the empty variable", "", false, true],
    ["refuses every host when the variable has only spaces and a comma", " , ", false],
    ["refuses every host when the variable is missing", undefined, false],
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
