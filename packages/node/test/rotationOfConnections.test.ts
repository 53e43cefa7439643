import { assert, describe, it } from "@effect/vitest";
import * as NodeMutualTls from "@x/node/NodeMutualTls";
import * as Certificates from "@x/testing/Certificates";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Fiber from "effect/Fiber";
import * as Scope from "effect/Scope";
import * as SubscriptionRef from "effect/SubscriptionRef";
import type * as Http from "node:http";
import * as Tls from "node:tls";
import * as Util from "node:util";
import * as Pki from "./fixtures/pki.ts";
import * as Rotating from "./fixtures/rotating.ts";
import * as Server from "./fixtures/server.ts";

/** Starts with a certificate in memory, and issues a second one to replace it. */
const start = Effect.gen(function* () {
  const pki = yield* Pki.make;
  const { authority, client, certificateAuthorities } = pki;
  const contents = (
    pair: Certificates.Certificate,
    ...others: ReadonlyArray<Certificates.Authority>
  ): NodeMutualTls.PemContents => ({
    ...Pki.contents(pair),
    certificateAuthorities: [
      ...certificateAuthorities,
      ...others.map(({ certificate }) => Pki.bytes(certificate)),
    ],
  });
  const ref = yield* SubscriptionRef.make(contents(client));
  const rotating = yield* Rotating.build(
    NodeMutualTls.layerEffect(SubscriptionRef.get(ref), { changes: SubscriptionRef.changes(ref) }),
  );
  const { currentUnsafe } = rotating;
  return {
    ...pki,
    ...rotating,
    next: yield* Certificates.issueClient(authority, { commonName: "next" }),
    replace: (pair: Certificates.Certificate, ...others: ReadonlyArray<Certificates.Authority>) =>
      SubscriptionRef.set(ref, contents(pair, ...others)).pipe(
        Effect.andThen(
          Rotating.until("it is in use", () => currentUnsafe().thumbprint === pair.thumbprint),
        ),
      ),
  };
});

describe("rotation of connections", () => {
  for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
    it.live(`shows the old certificate in no resumed session, ${version}`, () =>
      Effect.gen(function* () {
        const { client, next, server, currentUnsafe, replace } = yield* start;
        const sessions: Array<readonly [string, boolean]> = [];
        const { thumbprints, url } = yield* Server.https(
          server,
          { minVersion: version, maxVersion: version },
          (response) => {
            const { socket } = response.req;
            assert(socket instanceof Tls.TLSSocket);
            assert.strictEqual(socket.getProtocol(), version);
            sessions.push([thumbprints.at(-1) ?? "none", socket.isSessionReused()]);
            // Gives each request a connection of its own.
            response.writeHead(200, { connection: "close" }).end("pong");
          },
        );
        for (const pair of [client, next, client]) {
          if (currentUnsafe().thumbprint !== pair.thumbprint) yield* replace(pair);
          const { length } = sessions;
          // The garbage collector may drop a session, because undici holds it weakly.
          yield* Effect.suspend(() => Server.get(currentUnsafe().httpClient, url)).pipe(
            Effect.repeat({ until: () => sessions.slice(length).some(([, resumed]) => resumed) }),
          );
          const seen = sessions.slice(length);
          assert.deepStrictEqual(seen[0], [pair.thumbprint, false]);
          assert.isTrue(seen.every(([thumbprint]) => thumbprint === pair.thumbprint));
        }
      }),
    );
  }

  it.live("finishes running requests on the old connections and closes these", () =>
    Effect.gen(function* () {
      const { client, next, server, currentUnsafe, plain, replace } = yield* start;
      const waiting: Array<Http.ServerResponse> = [];
      const slow = yield* Server.https(server, {}, (response) => void waiting.push(response));
      const quick = yield* Server.https(server);
      const old = currentUnsafe().httpClient;
      const pending = yield* Effect.forkChild(
        Effect.forEach(Array.from({ length: 50 }), () => Server.get(old, slow.url), {
          concurrency: "unbounded",
        }),
      );
      yield* Server.get(old, quick.url);
      yield* Server.get(plain, quick.url);
      yield* Rotating.until("all are under way", () => waiting.length === 50);
      yield* replace(next);
      yield* Server.get(currentUnsafe().httpClient, quick.url);
      for (const response of waiting) response.end("late");
      assert.deepStrictEqual(
        yield* Fiber.join(pending),
        Array.from({ length: 50 }, () => "late"),
      );
      assert.isTrue(slow.thumbprints.every((thumbprint) => thumbprint === client.thumbprint));
      yield* Rotating.until("the busy ones are closed", () => slow.sockets.size === 0);
      // The connections of the plain client and of the new generation stay.
      yield* Rotating.until("the idle one is closed", () => quick.sockets.size === 2);
      yield* Server.get(plain, quick.url);
      yield* Server.get(currentUnsafe().httpClient, quick.url);
      assert.strictEqual(quick.sockets.size, 2);
      assert.deepStrictEqual(quick.thumbprints, [
        client.thumbprint,
        undefined,
        next.thumbprint,
        undefined,
        next.thumbprint,
      ]);
    }),
  );

  it.live("sends waiting requests over the old connections while these last", () =>
    Effect.gen(function* () {
      const { client, next, server, currentUnsafe, replace } = yield* start;
      const waiting: Array<Http.ServerResponse> = [];
      const slow = yield* Server.https(server, {}, (response) => void waiting.push(response));
      const old = currentUnsafe().httpClient;
      const pending = yield* Effect.forkChild(
        Effect.forEach(
          Array.from({ length: 200 }),
          () =>
            Server.get(old, slow.url).pipe(
              Effect.catchTag("NoAnswer", ({ codes }) => Effect.succeed(codes.join())),
            ),
          { concurrency: "unbounded" },
        ),
      );
      yield* Rotating.until("64 are under way", () => waiting.length === 64);
      yield* replace(next);
      for (const sent of [64, 128]) {
        for (const response of waiting.slice(sent - 64)) response.end("late");
        yield* Rotating.until("64 more are", () => waiting.length === sent + 64);
      }
      const outcomes = yield* Fiber.join(pending);
      assert.lengthOf(
        outcomes.filter((outcome) => outcome === "late"),
        128,
      );
      // 64 of these were sent and 8 were not.
      assert.lengthOf(
        outcomes.filter((outcome) => outcome === "ERR_CERTIFICATE_REPLACED"),
        72,
      );
      assert.deepStrictEqual([...new Set(slow.thumbprints)], [client.thumbprint]);
      assert.lengthOf(slow.thumbprints, 192);
      assert.strictEqual(slow.connections(), 64);
    }),
  );

  it.live("cuts off a request that does not end", () =>
    Effect.gen(function* () {
      const { next, server, currentUnsafe, replace } = yield* start;
      const silent = yield* Server.recording(server);
      const old = currentUnsafe().httpClient;
      const pending = yield* Effect.forkChild(Server.refused(old, silent.url));
      yield* Rotating.until("it is under way", () => silent.received.length > 0);
      yield* replace(next);
      assert.deepStrictEqual(yield* Fiber.join(pending), ["ERR_CERTIFICATE_REPLACED"]);
      yield* Server.closed(silent);
      assert.deepStrictEqual(yield* Server.refused(old, silent.url), ["UND_ERR_DESTROYED"]);
    }),
  );

  it.live("serves a caller that got the old client just before", () =>
    Effect.gen(function* () {
      const { client, next, server, currentUnsafe, replace } = yield* start;
      const { url, thumbprints } = yield* Server.https(server);
      const { httpClient } = currentUnsafe();
      yield* replace(next);
      assert.strictEqual(yield* Server.get(httpClient, url), "pong");
      assert.deepStrictEqual(thumbprints, [client.thumbprint]);
    }),
  );

  const alerts = {
    "TLSv1.2": ["ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE"],
    "TLSv1.3": ["UND_ERR_SOCKET", "ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED"],
  } as const;
  for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
    it.live(`keeps the alert of a server that refuses a client, ${version}`, () =>
      Effect.gen(function* () {
        const { authority, next, server, currentUnsafe, plain, replace } = yield* start;
        const { url } = yield* Server.https(server, {
          ca: authority.certificate,
          rejectUnauthorized: true,
          minVersion: version,
          maxVersion: version,
        });
        // Another authority makes a new plain client too.
        yield* replace(next, yield* Certificates.makeAuthority("Other"));
        yield* Server.get(currentUnsafe().httpClient, url);
        assert.deepStrictEqual(yield* Server.refused(plain, url), alerts[version]);
      }),
    );
  }

  it.live("ends both generations with the layer", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make();
      const { next, server, currentUnsafe, plain, replace } = yield* Scope.provide(start, scope);
      const silent = yield* Server.recording(server);
      const idle = yield* Server.https(server);
      const pending = yield* Effect.forkChild(
        Server.refused(currentUnsafe().httpClient, silent.url),
      );
      yield* Rotating.until("it is under way", () => silent.received.length > 0);
      yield* replace(next);
      yield* Server.get(currentUnsafe().httpClient, idle.url);
      yield* Server.get(plain, idle.url);
      yield* Scope.close(scope, Exit.void);
      assert.deepStrictEqual(yield* Fiber.join(pending), ["UND_ERR_DESTROYED"]);
      yield* Server.closed(silent);
      yield* Server.closed(idle);
    }),
  );

  it.live("prints no key of either generation", () =>
    Effect.gen(function* () {
      const { next, server, currentUnsafe, plain, replace, logged } = yield* start;
      const { url } = yield* Server.https(server);
      const old = currentUnsafe();
      yield* Server.get(old.httpClient, url);
      yield* replace(next);
      yield* Server.get(currentUnsafe().httpClient, url);
      for (const value of [old, currentUnsafe(), plain, logged]) {
        const printed = Util.inspect(value, {
          depth: Infinity,
          showHidden: true,
          maxArrayLength: null,
          maxStringLength: null,
        });
        assert.notInclude(printed, "PRIVATE KEY");
      }
    }),
  );
});
