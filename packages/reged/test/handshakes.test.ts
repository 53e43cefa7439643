import { assert, describe, it } from "@effect/vitest";
import * as NodeMutualTls from "@x/node/NodeMutualTls";
import { Reged } from "@x/reged";
import * as Certificates from "@x/testing/Certificates";
import * as TokenServer from "@x/testing/TokenServer";
import * as Effect from "effect/Effect";
import * as Redacted from "effect/Redacted";

const bytes = (text: string) => new TextEncoder().encode(text);

describe("Reged", () => {
  it.live("fetches 100 tokens over one connection", () =>
    Effect.gen(function* () {
      const server = yield* TokenServer.TokenServer;
      const client = yield* Certificates.issueClient(server.authority, { commonName: "client" });
      const seen = new Set<string>();
      yield* Effect.gen(function* () {
        const reged = yield* Reged.make({
          environment: "uat",
          clientId: "id",
          audience: "audience",
          scope: "scope",
          tokenUrl: server.tokenUrl,
        });
        for (let n = 0; n < 100; n++) {
          seen.add(Redacted.value((yield* reged.get).value));
          // Real refreshes are minutes apart, so the connection is idle between two.
          yield* Effect.sleep("20 millis");
        }
      }).pipe(
        Effect.provide(
          NodeMutualTls.layerPem({
            certificate: bytes(client.certificate),
            privateKey: bytes(client.privateKey),
            certificateAuthorities: [bytes(server.certificateAuthority)],
          }),
        ),
      );
      assert.strictEqual(seen.size, 100);
      assert.strictEqual(yield* server.requestCount, 100);
      assert.strictEqual(yield* server.connectionCount, 1);
      const requests = yield* server.requests;
      assert.deepStrictEqual(
        [...new Set(requests.map(({ certificate }) => certificate))],
        [client.thumbprint],
      );
    }).pipe(
      // A token with expires_in 0 is used once, so every call fetches a new one.
      Effect.provide(
        TokenServer.layer((_, index) =>
          TokenServer.token({ access_token: `token-${index}`, expires_in: 0 }),
        ),
      ),
    ),
  );
});
