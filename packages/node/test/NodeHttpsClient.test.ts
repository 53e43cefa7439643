import { assert, describe, it } from "@effect/vitest";
import * as NodeHttpsClient from "@x/node/NodeHttpsClient";
import * as NodeMutualTls from "@x/node/NodeMutualTls";
import * as MutualTls from "@x/core/MutualTls";
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

const build = (options: NodeHttpsClient.Options) =>
  Effect.map(Layer.build(NodeHttpsClient.layer(options)), (context) =>
    Context.get(context, HttpClient.HttpClient),
  );

/** A server on loopback that counts what connects to it and closes each connection after an answer. */
const start = Effect.gen(function* () {
  const pki = yield* Pki.make;
  const server = yield* Server.https(pki.server, {}, (response) =>
    response.setHeader("connection", "close").end("pong"),
  );
  return { ...pki, ...server, certificateAuthorities: pki.certificateAuthorities };
});

/** Every name resolves to the next of these answers, or to nothing at an empty one, as with a server of names that somebody turned. */
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

// One after the other: some change how the whole process resolves names.
describe("NodeHttpsClient", { concurrent: false }, () => {
  describe("layer", () => {
    it.live("trusts a private authority, and shows no certificate", () =>
      Effect.gen(function* () {
        const { certificateAuthorities, url, thumbprints } = yield* start;
        const client = yield* build({ certificateAuthorities });
        assert.strictEqual(yield* Server.get(client, url), "pong");
        assert.deepStrictEqual(thumbprints, [undefined]);
      }),
    );

    it.live("trusts no other, whatever NODE_TLS_REJECT_UNAUTHORIZED says", () =>
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

    it.live("fails where an authority cannot be read", () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(build({ certificateAuthorities: ["missing.pem"] }));
        assert.strictEqual(error.provider, "NodeHttpsClient");
        assert.isTrue(
          error.reason._tag === "CertificateUnusable" && error.reason.problem === "missing",
        );
        assert.include(error.message, "certificateAuthorities");
      }),
    );
  });

  describe("with allowAddress", () => {
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
      it.live(`connects to nothing at https://${form}`, () =>
        Effect.gen(function* () {
          const { certificateAuthorities, port, url, connections } = yield* start;
          const client = yield* build({ certificateAuthorities, allowAddress: isPublicAddress });
          assert.deepStrictEqual(yield* Server.refused(client, `https://${form}:${port}/`), [
            "ERR_IP_BLOCKED",
          ]);
          assert.strictEqual(connections(), 0);
          // The server is there.
          yield* Server.get(yield* build({ certificateAuthorities }), url);
          assert.strictEqual(connections(), 1);
        }),
      );
    }

    it.live(
      "goes by the address of each connection, and not by one that was looked up before",
      () =>
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

    it.live("takes the addresses of a name that are allowed and leaves the others", () =>
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

    it.live("allows nothing where it throws", () =>
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

    it.live("holds for both clients of NodeMutualTls", () =>
      Effect.gen(function* () {
        const { certificateAuthorities, files, url, connections } = yield* start;
        const context = yield* Layer.build(
          NodeMutualTls.layerPem({
            certificate: files.certificate,
            privateKey: files.privateKey,
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

    it.live("leaves a name that does not exist what it is", () =>
      Effect.gen(function* () {
        yield* resolving("");
        const client = yield* build({ allowAddress: isPublicAddress });
        assert.deepStrictEqual(yield* Server.refused(client, "https://nobody.test/"), [
          "ENOTFOUND",
        ]);
      }),
    );
  });

  describe("isPublicAddress", () => {
    for (const address of [
      "1.1.1.1",
      "8.8.8.8",
      "172.15.255.255",
      "172.32.0.1",
      "100.63.255.255",
      "100.128.0.1",
      "2606:4700:4700::1111",
      "2a00:1450:4001::1",
      "::ffff:8.8.8.8",
      "64:ff9b::8.8.8.8",
    ]) {
      it(`takes ${address}`, () => assert.isTrue(isPublicAddress(address)));
    }

    for (const form of [
      "010.0.0.1",
      "1.1",
      "8.8.8",
      "0x08.8.8.8",
      "134744072",
      "[::1]",
      "8.8.8.8:80",
    ]) {
      it(`takes no other form of an address: ${form}`, () => assert.isFalse(isPublicAddress(form)));
    }

    const special: Record<string, ReadonlyArray<string>> = {
      "this network": ["0.0.0.0", "0.1.2.3", "::"],
      loopback: ["127.0.0.1", "127.255.255.254", "::1"],
      "private networks": ["10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.0.1", "fd00::1"],
      "shared networks": ["100.64.0.1", "100.127.255.255"],
      "links, with the metadata of clouds": [
        "169.254.169.254",
        "fe80::1",
        "fe80::1%lo",
        "fd00:ec2::254",
      ],
      protocols: ["192.0.0.1", "192.0.0.192", "192.88.99.1", "2001:20::1", "2001::1"],
      "documentation and benchmarks": [
        "192.0.2.1",
        "198.51.100.1",
        "203.0.113.1",
        "198.18.0.1",
        "2001:db8::1",
        "3fff::1",
        "2001:2::1",
      ],
      "multicast, broadcast and what is reserved": [
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        "ff02::1",
        "100::1",
        "4000::1",
        "5f00::1",
        "fec0::1",
      ],
      "IPv4 addresses inside IPv6 ones": [
        "::ffff:127.0.0.1",
        "::ffff:a9fe:a9fe",
        "::127.0.0.1",
        "::ffff:0:127.0.0.1",
        "64:ff9b::127.0.0.1",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::8.8.8.8",
        "2002:7f00:1::",
        "2001:0:7f00:1::",
      ],
      "no address": ["", "localhost", "8.8.8.8.8", "1.1.1.1:443", "[::1]"],
    };
    for (const [name, addresses] of Object.entries(special)) {
      it(`refuses ${name}`, () => {
        assert.deepStrictEqual(addresses.filter(isPublicAddress), []);
      });
    }
  });
});
