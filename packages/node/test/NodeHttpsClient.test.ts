import { assert, describe, it } from "@effect/vitest";
import * as NodeHttpsClient from "@x/node/NodeHttpsClient";
import * as NodeMutualTls from "@x/node/NodeMutualTls";
import * as MutualTls from "@x/core/MutualTls";
import type * as TransportOptions from "@x/node/TransportOptions";
import * as Certificates from "@x/testing/Certificates";
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as HttpClient from "effect/http/HttpClient";
import * as Layer from "effect/Layer";
import Dns from "node:dns";
import * as Module from "node:module";
import type * as Net from "node:net";
import * as Pki from "./fixtures/pki.ts";
import * as Server from "./fixtures/server.ts";

const { isPublicAddress } = NodeHttpsClient;

const build = (options: TransportOptions.TransportOptions) =>
  Effect.map(Layer.build(NodeHttpsClient.layer(options)), (context) =>
    Context.get(context, HttpClient.HttpClient),
  );

/** Starts a server on loopback that counts connections and closes each one after its answer. */
const start = Effect.gen(function* () {
  const pki = yield* Pki.make;
  const server = yield* Server.https(pki.server, {}, (response) =>
    response.setHeader("connection", "close").end("pong"),
  );
  return { ...pki, ...server, certificateAuthorities: pki.certificateAuthorities };
});

/** Makes every name resolve to the next of these answers, as in DNS rebinding. An empty answer is `ENOTFOUND`. */
const resolving = (...answers: ReadonlyArray<string>) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const real = Dns.lookup;
      let asked = 0;
      const lookup: Net.LookupFunction = (_hostname, options, callback) => {
        const addresses = (answers[Math.min(asked++, answers.length - 1)] ?? "")
          .split(" ")
          .map((address) => ({ address, family: address.includes(":") ? 6 : 4 }));
        const [{ address, family } = { address: "", family: 4 }] = addresses;
        queueMicrotask(() => {
          if (address === "") callback(Object.assign(new Error("?"), { code: "ENOTFOUND" }), []);
          else if (options.all === true) callback(null, addresses);
          else callback(null, address, family);
        });
      };
      Object.assign(Dns, { lookup });
      Module.syncBuiltinESMExports();
      return real;
    }),
    (real) =>
      Effect.sync(() => {
        Object.assign(Dns, { lookup: real });
        Module.syncBuiltinESMExports();
      }),
  );

// Not concurrent, because some tests change how the whole process resolves names.
describe("NodeHttpsClient", { concurrent: false }, () => {
  describe("layer", () => {
    it.live("trusts a private authority and shows no certificate", () =>
      Effect.gen(function* () {
        const { certificateAuthorities, url, thumbprints } = yield* start;
        const client = yield* build({ certificateAuthorities });
        assert.strictEqual(yield* Server.get(client, url), "pong");
        assert.deepStrictEqual(thumbprints, [undefined]);
      }),
    );

    it.live("trusts no other authority with NODE_TLS_REJECT_UNAUTHORIZED=0", () =>
      Effect.gen(function* () {
        const { server } = yield* Pki.make;
        const { received, url } = yield* Server.recording(server);
        const client = yield* build({
          certificateAuthorities: [
            Pki.bytes((yield* Certificates.makeAuthority("Other")).certificate),
          ],
        });
        const before = process.env["NODE_TLS_REJECT_UNAUTHORIZED"];
        yield* Effect.acquireRelease(
          Effect.sync(() => {
            process.env["NODE_TLS_REJECT_UNAUTHORIZED"] = "0";
          }),
          () =>
            Effect.sync(() => {
              if (before === undefined) delete process.env["NODE_TLS_REJECT_UNAUTHORIZED"];
              else process.env["NODE_TLS_REJECT_UNAUTHORIZED"] = before;
            }),
        );
        assert.deepStrictEqual(yield* Server.refused(client, url), [
          "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
        ]);
        assert.lengthOf(received, 0);
      }),
    );

    it.live("fails when an authority cannot be read", () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(
          build({ certificateAuthorities: [{ file: "missing.pem" }] }),
        );
        assert.strictEqual(error.provider, "NodeHttpsClient");
        assert.isTrue(
          error.reason._tag === "CertificateUnusable" && error.reason.problem === "missing",
        );
        assert.include(error.message, "certificateAuthorities");
      }),
    );
  });

  describe("allowAddress", () => {
    const forms = [
      "127.0.0.1",
      "127.1",
      "0177.0.0.1",
      "0x7f000001",
      "2130706433",
      "0.0.0.0",
      "0",
      "[::1]",
      "[::]",
      "[::ffff:127.0.0.1]",
      "[::ffff:7f00:1]",
      "[64:ff9b::127.0.0.1]",
      "localhost",
      "LOCALHOST",
    ];
    for (const form of forms) {
      it.live(`prevents a connection to https://${form}`, () =>
        Effect.gen(function* () {
          const { certificateAuthorities, port, url, connections } = yield* start;
          const client = yield* build({ certificateAuthorities, allowAddress: isPublicAddress });
          assert.deepStrictEqual(yield* Server.refused(client, `https://${form}:${port}/`), [
            "ERR_IP_BLOCKED",
          ]);
          assert.strictEqual(connections(), 0);
          // Shows that the server was there.
          yield* Server.get(yield* build({ certificateAuthorities }), url);
          assert.strictEqual(connections(), 1);
        }),
      );
    }

    it.live("is asked at each connection, because a name may resolve to another address", () =>
      Effect.gen(function* () {
        const { certificateAuthorities, url, connections } = yield* start;
        yield* resolving("127.0.0.1", "::ffff:127.0.0.1", "127.0.0.1");
        const client = yield* build({
          certificateAuthorities,
          allowAddress: (address) => address === "127.0.0.1",
        });
        assert.strictEqual(yield* Server.get(client, url), "pong");
        assert.deepStrictEqual(yield* Server.refused(client, url), ["ERR_IP_BLOCKED"]);
        assert.strictEqual(connections(), 1);
        assert.strictEqual(yield* Server.get(client, url), "pong");
      }),
    );

    it.live("leaves the allowed addresses of a name", () =>
      Effect.gen(function* () {
        const { certificateAuthorities, url } = yield* start;
        yield* resolving("169.254.169.254 10.0.0.1 127.0.0.1");
        const asked: Array<string> = [];
        const client = yield* build({
          certificateAuthorities,
          allowAddress: (address) => {
            asked.push(address);
            return address.startsWith("127.");
          },
        });
        assert.strictEqual(yield* Server.get(client, url), "pong");
        assert.deepStrictEqual(asked, ["169.254.169.254", "10.0.0.1", "127.0.0.1"]);
      }),
    );

    it.live("allows nothing when it throws", () =>
      Effect.gen(function* () {
        const { certificateAuthorities, port, url, connections } = yield* start;
        const client = yield* build({
          certificateAuthorities,
          allowAddress: () => {
            throw new Error("no");
          },
        });
        for (const one of [url, `https://127.0.0.1:${port}/`]) {
          assert.deepStrictEqual(yield* Server.refused(client, one), ["ERR_IP_BLOCKED"]);
        }
        assert.strictEqual(connections(), 0);
      }),
    );

    it.live("limits both clients of NodeMutualTls", () =>
      Effect.gen(function* () {
        const { certificateAuthorities, inputs, url, connections } = yield* start;
        const context = yield* Layer.build(
          NodeMutualTls.layerPem({
            certificate: inputs.certificate,
            privateKey: inputs.privateKey,
            certificateAuthorities,
            allowAddress: isPublicAddress,
          }),
        );
        for (const client of [
          Context.get(context, MutualTls.MutualTls).currentUnsafe().httpClient,
          Context.get(context, HttpClient.HttpClient),
        ]) {
          assert.deepStrictEqual(yield* Server.refused(client, url), ["ERR_IP_BLOCKED"]);
        }
        assert.strictEqual(connections(), 0);
      }),
    );

    it.live("keeps the error of a name that does not exist", () =>
      Effect.gen(function* () {
        yield* resolving("");
        const client = yield* build({ allowAddress: isPublicAddress });
        assert.deepStrictEqual(yield* Server.refused(client, "https://nobody.test/"), [
          "ENOTFOUND",
        ]);
      }),
    );
  });
});
