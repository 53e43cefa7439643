import { assert, describe, it } from "@effect/vitest";
import * as NodeHttpsClient from "@x/node/NodeHttpsClient";
import * as NodeMutualTls from "@x/node/NodeMutualTls";
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as HttpClient from "effect/http/HttpClient";
import * as Redacted from "effect/Redacted";
import * as SubscriptionRef from "effect/SubscriptionRef";
import * as Certificates from "@x/testing/Certificates";
import * as Tls from "node:tls";
import * as V8 from "node:v8";
import * as Pki from "./fixtures/pki.ts";
import * as Rotating from "./fixtures/rotating.ts";
import * as Server from "./fixtures/server.ts";

/** How many there are, of servers' too, after the garbage is collected. */
const socketsInMemory = () => V8.queryObjects(Tls.TLSSocket, { format: "count" });

// One after the other: the first counts all that there is in this process.
describe("a client", { concurrent: false }, () => {
  it.live("keeps nothing of a thousand connections that have closed", () =>
    Effect.gen(function* () {
      const { server, certificateAuthorities } = yield* Pki.make;
      const closing = yield* Server.https(server, {}, (response) => {
        response.writeHead(200, { connection: "close" }).end("pong");
      });
      const client = Context.get(
        yield* Rotating.context(NodeHttpsClient.layer({ certificateAuthorities })),
        HttpClient.HttpClient,
      );
      const get = Server.get(client, closing.url);
      yield* Effect.repeat(get, { times: 9 });
      const before = socketsInMemory();
      yield* Effect.repeat(get, { times: 999 });
      yield* Server.closed(closing);
      assert.strictEqual(closing.connections(), 1_010);
      assert.isAtMost(socketsInMemory() - before, 20);
    }),
  );

  it.live("that was replaced makes no connection for the requests that still wait", () =>
    Effect.gen(function* () {
      const { authority, client, server, certificateAuthorities } = yield* Pki.make;
      const next = yield* Certificates.issueClient(authority, { commonName: "next" });
      const contents = (pair: Certificates.Certificate): NodeMutualTls.PemContents => ({
        certificate: pair.certificate,
        privateKey: Redacted.make(pair.privateKey),
        certificateAuthorities,
      });
      const ref = yield* SubscriptionRef.make(contents(client));
      const { currentUnsafe } = yield* Rotating.build(
        NodeMutualTls.layerEffect(SubscriptionRef.get(ref), {
          changes: SubscriptionRef.changes(ref),
        }),
      );
      const silent = yield* Server.recording(server);
      const { httpClient } = currentUnsafe();
      const pending = yield* Effect.forkChild(
        Effect.forEach(
          Array.from({ length: 3_000 }),
          () => Server.refused(httpClient, silent.url),
          { concurrency: "unbounded" },
        ),
      );
      yield* Rotating.until("64 are under way", () => silent.received.length >= 64);
      yield* SubscriptionRef.set(ref, contents(next));
      const codes = yield* Fiber.join(pending);
      assert.deepStrictEqual([...new Set(codes.flat())], ["ERR_CERTIFICATE_REPLACED"]);
      yield* Server.closed(silent);
      assert.strictEqual(silent.connections(), 64);
    }),
  );
});
