import { assert, describe, it } from "@effect/vitest";
import * as NodeMutualTls from "@x/node/NodeMutualTls";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as SubscriptionRef from "effect/SubscriptionRef";
import * as Certificates from "@x/testing/Certificates";
import { execFile } from "node:child_process";
import * as Fs from "node:fs/promises";
import * as Path from "node:path";
import * as Url from "node:url";
import { promisify } from "node:util";
import * as Pki from "./fixtures/pki.ts";
import * as Rotating from "./fixtures/rotating.ts";
import * as Server from "./fixtures/server.ts";

const child = Url.fileURLToPath(new URL("./fixtures/closingChild.ts", import.meta.url));

describe("the sockets of a client", () => {
  it.live("leave memory after they have closed", () =>
    Effect.gen(function* () {
      const { authority, files, server } = yield* Pki.make;
      const authorityFile = Path.join(files.directory, "authority.crt");
      yield* Effect.promise(() => Fs.writeFile(authorityFile, authority.certificate));
      const closing = yield* Server.https(server, {}, (response) => {
        response.writeHead(200, { connection: "close" }).end("pong");
      });
      const { stdout } = yield* Effect.promise((signal) =>
        promisify(execFile)(process.execPath, [child, closing.url, authorityFile], { signal }),
      );
      assert.strictEqual(closing.connections(), 1_010);
      assert.isAtMost(Number.parseInt(stdout, 10), 20);
    }),
  );

  it.live("are not opened for requests that still wait after a replacement", () =>
    Effect.gen(function* () {
      const { authority, client, server, certificateAuthorities } = yield* Pki.make;
      const next = yield* Certificates.issueClient(authority, { commonName: "next" });
      const contents = (pair: Certificates.Certificate): NodeMutualTls.PemContents => ({
        ...Pki.contents(pair),
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
