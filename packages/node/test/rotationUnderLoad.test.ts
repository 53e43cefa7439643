import { assert, describe, it } from "@effect/vitest";
import * as ClientAuth from "@x/core/ClientAuth";
import * as Grant from "@x/core/Grant";
import * as MutualTls from "@x/core/MutualTls";
import * as Options from "@x/core/Options";
import * as Provider from "@x/core/Provider";
import * as NodeMutualTls from "@x/node/NodeMutualTls";
import * as Certificates from "@x/testing/Certificates";
import * as Context from "effect/Context";
import * as Data from "effect/Data";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as HttpClient from "effect/http/HttpClient";
import * as HttpClientRequest from "effect/http/HttpClientRequest";
import * as SubscriptionRef from "effect/SubscriptionRef";
import * as Fs from "node:fs/promises";
import * as Tls from "node:tls";
import * as BoundTokens from "./fixtures/boundTokens.ts";
import * as Pki from "./fixtures/pki.ts";
import * as Rotating from "./fixtures/rotating.ts";
import * as Server from "./fixtures/server.ts";

type Pair = Certificates.Certificate;

const write = (path: string, contents: string) =>
  Effect.promise(() => Fs.writeFile(path, contents));

const half = (text: string) => text.slice(0, text.length / 2);

const writeBeside = (path: string, contents: string) =>
  Effect.promise(async () => {
    await Fs.writeFile(`${path}.new`, contents);
    await Fs.rename(`${path}.new`, path);
  });

/** Ways to replace a pair, with half-written states that last longer than the quiet moment of the poll. */
const ways: ReadonlyArray<(files: Certificates.Files, next: Pair) => Effect.Effect<void>> = [
  (files, next) =>
    Effect.andThen(
      writeBeside(files.certificate, next.certificate),
      writeBeside(files.privateKey, next.privateKey),
    ),
  (files, next) =>
    write(files.privateKey, half(next.privateKey)).pipe(
      Effect.andThen(write(files.certificate, half(next.certificate))),
      Effect.andThen(Effect.sleep(300)),
      Effect.andThen(write(files.privateKey, next.privateKey)),
      Effect.andThen(write(files.certificate, next.certificate)),
    ),
  (files, next) =>
    write(files.certificate, next.certificate).pipe(
      Effect.andThen(Effect.sleep(300)),
      Effect.andThen(write(files.privateKey, "")),
      Effect.andThen(write(files.privateKey, next.privateKey)),
    ),
];

const callers = 200;

/** Repeats a call in many fibers and counts the outcomes. The result stops it. */
const load = <E>(
  call: Effect.Effect<unknown, E>,
  counts: { done: number; readonly failures: Array<unknown> },
) =>
  Effect.gen(function* () {
    let isOver = false;
    const caller = call.pipe(
      Effect.match({
        onFailure: (error) => void counts.failures.push(error),
        onSuccess: () => void (counts.done += 1),
      }),
      Effect.andThen(Effect.sleep(50)),
      Effect.repeat({ until: () => isOver }),
    );
    const fiber = yield* Effect.forkScoped(
      Effect.forEach(Array.from({ length: callers }), () => caller, {
        concurrency: "unbounded",
        discard: true,
      }),
    );
    return Effect.suspend(() => {
      isOver = true;
      return Fiber.join(fiber);
    });
  });

describe("rotation under load", () => {
  it.live(
    "replaces 12 pairs without a failed call, and shows each call's own certificate",
    () =>
      Effect.gen(function* () {
        const { authority, files, inputs, server, certificateAuthorities } = yield* Pki.make;
        const nexts = yield* Effect.forEach(Array.from({ length: 12 }), () =>
          Certificates.issueClient(authority, { commonName: "client" }),
        );
        const seen = new Set<string>();
        let mixed = 0;
        const listening = yield* Server.https(server, {}, (response) => {
          const { socket, headers } = response.req;
          const thumbprint =
            socket instanceof Tls.TLSSocket ? listening.thumbprints.pop() : undefined;
          if (thumbprint === undefined || headers["x-thumbprint"] !== thumbprint) mixed += 1;
          else seen.add(thumbprint);
          response.end("pong");
        });
        const { currentUnsafe } = yield* Rotating.build(
          NodeMutualTls.layerPem({
            certificate: inputs.certificate,
            privateKey: inputs.privateKey,
            certificateAuthorities,
            pollInterval: "50 millis",
          }),
        );
        const counts = { done: 0, failures: new Array<unknown>() };
        const call = Effect.suspend(() => {
          const { httpClient, thumbprint } = currentUnsafe();
          const marked = HttpClient.mapRequest(
            httpClient,
            HttpClientRequest.setHeader("x-thumbprint", thumbprint),
          );
          return Server.get(marked, listening.url);
        });
        const stop = yield* load(call, counts);
        for (const [index, next] of nexts.entries()) {
          const before = counts.done;
          yield* ways[index % ways.length]?.(files, next) ?? Effect.void;
          yield* Rotating.until(
            "the replacement is in use",
            () => currentUnsafe().thumbprint === next.thumbprint,
          );
          yield* Rotating.until(
            "calls went over it",
            () => seen.has(next.thumbprint) && counts.done > before + 50,
          );
        }
        yield* stop;
        assert.deepStrictEqual(counts.failures, []);
        assert.strictEqual(mixed, 0);
        assert.strictEqual(seen.size, 13);
        yield* Rotating.until("the old connections are closed", () => listening.sockets.size <= 64);
        const before = counts.done;
        seen.clear();
        const stopAgain = yield* load(call, counts);
        yield* Rotating.until("calls went on", () => counts.done > before + callers);
        yield* stopAgain;
        assert.deepStrictEqual([...seen], [nexts.at(-1)?.thumbprint]);
        assert.deepStrictEqual(counts.failures, []);
      }),
    // Each of the 12 rounds waits for a quiet moment of 250 ms or more.
    240_000,
  );

  it.live(
    "replaces the tokens that are bound to a replaced certificate",
    () =>
      Effect.gen(function* () {
        const emulator = yield* BoundTokens.start;
        const { authority, options, clientCertificate } = emulator;
        const contents = (pair: Pair): NodeMutualTls.PemContents => ({
          ...Pki.contents(pair),
          certificateAuthorities: [Pki.bytes(emulator.certificateAuthority)],
        });
        const ref = yield* SubscriptionRef.make(contents(clientCertificate));
        const transport = yield* Rotating.context(
          NodeMutualTls.layerEffect(SubscriptionRef.get(ref), {
            changes: SubscriptionRef.changes(ref),
          }),
        );
        const { currentUnsafe } = Context.get(transport, MutualTls.MutualTls);
        const acme = yield* Acme.make({ ...options, environment: "test" }).pipe(
          Effect.provide(transport),
        );
        const counts = { done: 0, failures: new Array<unknown>() };
        const stop = yield* load(
          acme.httpClient.get("/v1/things").pipe(
            Effect.filterOrFail(
              ({ status }) => status === 200,
              ({ status }) => new Refused({ status }),
            ),
            Effect.flatMap((response) => response.text),
          ),
          counts,
        );
        for (let index = 0; index < 8; index++) {
          const next = yield* Certificates.issueClient(authority, {
            commonName: options.clientId,
          });
          const before = counts.done;
          yield* SubscriptionRef.set(ref, contents(next));
          yield* Rotating.until(
            "the replacement is in use, and calls were made",
            () => currentUnsafe().thumbprint === next.thumbprint && counts.done > before + callers,
          );
          assert.strictEqual((yield* acme.get).thumbprint, next.thumbprint);
        }
        yield* stop;
        assert.deepStrictEqual(counts.failures, []);
        // No call was repeated, because each went over the certificate that its token is bound to.
        assert.strictEqual(yield* emulator.apiRequestCount, counts.done);
        assert.strictEqual(yield* emulator.tokenRequestCount, 9);
      }),
    240_000,
  );
});

class Refused extends Data.TaggedError("Refused")<{ readonly status: number }> {}

class Acme extends Provider.Service<Acme>()("test/Acme", {
  name: "Acme",
  options: { clientId: Options.Text, audience: Options.Text, scope: Options.Text },
  environments: { test: { lifetime: "1 hour" } },
  grant: ({ audience, scope }) => Grant.clientCredentials({ audience, scope }),
  clientAuth: ({ clientId }) => ClientAuth.tls({ clientId }),
  api: { certificate: () => true },
}) {}
