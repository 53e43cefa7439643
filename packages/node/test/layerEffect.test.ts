import { assert, describe, it } from "@effect/vitest";
import * as MutualTls from "@x/core/MutualTls";
import * as TokenError from "@x/core/TokenError";
import * as NodeMutualTls from "@x/node/NodeMutualTls";
import * as Certificates from "@x/testing/Certificates";
import * as Context from "effect/Context";
import * as Data from "effect/Data";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Queue from "effect/Queue";
import * as Redacted from "effect/Redacted";
import * as Schedule from "effect/Schedule";
import * as Stream from "effect/Stream";
import * as TestClock from "effect/testing/TestClock";
import * as Pki from "./fixtures/pki.ts";
import * as Rotating from "./fixtures/rotating.ts";
import * as Server from "./fixtures/server.ts";

class Vault extends Context.Service<
  Vault,
  {
    readonly read: Effect.Effect<
      NodeMutualTls.PemContents | NodeMutualTls.PfxContents,
      VaultSealed | string | { readonly detail: string }
    >;
  }
>()("test/Vault") {}

class VaultSealed extends Data.TaggedError("VaultSealed")<{ readonly detail: string }> {}

const { contents } = Pki;

/** Makes a vault with a changeable answer, and a layer that loads from it on demand. */
const start = (
  options: (pki: Effect.Success<typeof Pki.make>) => {
    readonly refresh?: Schedule.Schedule<unknown>;
    readonly first?: Vault["Service"]["read"];
  } = () => ({}),
) =>
  Effect.gen(function* () {
    const pki = yield* Pki.make;
    const { refresh, first } = options(pki);
    const vault = { answer: first ?? Effect.succeed(contents(pki.client)), asked: 0 };
    const asks = yield* Queue.unbounded<void>();
    const rotating = yield* Rotating.build(
      NodeMutualTls.layerEffect(
        Effect.flatMap(Vault, ({ read }) => read),
        { name: "acme", refresh, changes: Stream.fromQueue(asks) },
      ).pipe(
        Layer.provide(
          Layer.succeed(Vault, {
            read: Effect.suspend(() => {
              vault.asked += 1;
              return vault.answer;
            }),
          }),
        ),
      ),
    );
    const next = yield* Certificates.issueClient(pki.authority, { commonName: "next" });
    const askTimes = (times: number) =>
      Effect.gen(function* () {
        const before = vault.asked;
        yield* Queue.offerAll(
          asks,
          Array.from({ length: times }, () => undefined),
        );
        yield* Rotating.until("it was asked", () => vault.asked >= before + times);
      });
    // The second load starts after the first one is done.
    return { ...pki, ...rotating, vault, askTimes, ask: askTimes(2), next };
  });

describe("layerEffect", () => {
  it.live("takes a PEM pair first and a PFX later", () =>
    Effect.gen(function* () {
      const { client, next, vault, ask, server, currentUnsafe, authority } = yield* start();
      const { url, thumbprints } = yield* Server.https(server);
      const passphrase = Redacted.make(Pki.canary);
      assert.strictEqual(currentUnsafe().thumbprint, client.thumbprint);
      vault.answer = Effect.succeed({
        pfx: yield* Certificates.pfx(next, passphrase),
        passphrase,
        certificateAuthorities: [Redacted.make(authority.certificate)],
      });
      yield* ask;
      assert.strictEqual(currentUnsafe().thumbprint, next.thumbprint);
      assert.strictEqual(currentUnsafe().source, "pfx (in memory)");
      yield* Server.get(currentUnsafe().httpClient, url);
      assert.deepStrictEqual(thumbprints, [next.thumbprint]);
    }),
  );

  it.live("keeps the generation while the contents stay the same", () =>
    Effect.gen(function* () {
      const { ask, currentUnsafe, logged } = yield* start();
      const before = currentUnsafe();
      yield* ask;
      assert.strictEqual(currentUnsafe(), before);
      assert.deepStrictEqual(logged, []);
    }),
  );

  const failures: Record<
    string,
    { readonly answer: Vault["Service"]["read"]; readonly warning: RegExp }
  > = {
    "an error": {
      answer: Effect.fail(new VaultSealed({ detail: Pki.canary })),
      warning: /cannot be read \(VaultSealed\)$/,
    },
    "a string for an error": {
      answer: Effect.fail(Pki.canary),
      warning: /cannot be read \(a string\)$/,
    },
    "an error without a name": {
      answer: Effect.fail({ detail: Pki.canary }),
      warning: /cannot be read \(an error without a name\)$/,
    },
    "a defect": {
      answer: Effect.die(new TypeError(Pki.canary)),
      warning: /cannot be read \(a defect\)$/,
    },
    "an interruption": { answer: Effect.interrupt, warning: /cannot be read \(a defect\)$/ },
    "contents that are no PFX": {
      answer: Effect.succeed({ pfx: Pki.bytes(Pki.canary) }),
      warning: /pfx \(in memory\): it is not a PFX/,
    },
  };
  for (const [name, { answer, warning }] of Object.entries(failures)) {
    it.live(`keeps the present certificate after ${name} and warns once`, () =>
      Effect.gen(function* () {
        const { client, next, vault, ask, currentUnsafe, logged, warnings } = yield* start();
        vault.answer = answer;
        yield* ask;
        yield* ask;
        assert.strictEqual(currentUnsafe().thumbprint, client.thumbprint);
        const [said, ...more] = warnings();
        assert.deepStrictEqual(more, []);
        assert.match(said ?? "", /^client certificate acme: the replacement cannot be used/);
        assert.match(said ?? "", warning);
        assert.notInclude(JSON.stringify(logged), Pki.canary);
        vault.answer = Effect.succeed(contents(next));
        yield* ask;
        assert.strictEqual(currentUnsafe().thumbprint, next.thumbprint);
        vault.answer = answer;
        yield* ask;
        assert.lengthOf(warnings(), 2);
      }),
    );
  }

  it.live("fails when the first load fails or cannot be used", () =>
    Effect.gen(function* () {
      const sealed = yield* Effect.flip(
        start(() => ({ first: Effect.fail(new VaultSealed({ detail: "sealed" })) })),
      );
      assert.instanceOf(sealed, VaultSealed);
      const unusable = yield* Effect.flip(
        start(({ client, server }) => ({
          first: Effect.succeed(contents({ ...client, privateKey: server.privateKey })),
        })),
      );
      assert(unusable instanceof TokenError.TokenError);
      assert(unusable.reason._tag === "CertificateUnusable");
      assert.strictEqual(unusable.reason.problem, "mismatch");
    }),
  );

  it.live("refuses contents that are cut off at any byte", () =>
    Effect.gen(function* () {
      const { authority, client, next, vault, askTimes, currentUnsafe } = yield* start();
      const { privateKey } = next;
      const chain = next.certificate + authority.certificate;
      /** All beginnings of a text, except the whole text with or without its line end. */
      const cuts = (text: string, ...whole: ReadonlyArray<string>) =>
        Array.from(text, (_, end) => text.slice(0, end)).filter(
          (cut) => ![text, ...whole].some((each) => each.trimEnd() === cut.trimEnd()),
        );
      const halves = [
        ...cuts(chain, next.certificate).map((certificate) => ({ ...next, certificate })),
        ...cuts(privateKey).map((privateKey) => ({ ...next, privateKey })),
      ].map(contents);
      let at = 0;
      const used = new Set<string>();
      vault.answer = Effect.sync(() => {
        used.add(currentUnsafe().thumbprint);
        return halves[at++] ?? contents(client);
      });
      yield* askTimes(halves.length + 2);
      assert.isAbove(halves.length, 1_000);
      assert.deepStrictEqual([...used], [client.thumbprint]);
      assert.strictEqual(currentUnsafe().thumbprint, client.thumbprint);
    }),
  );

  it.effect("loads every 5 minutes by default, or as the schedule says", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(Date.now());
      const byDefault = yield* start();
      const bySchedule = yield* start(() => ({ refresh: Schedule.spaced("7 seconds") }));
      assert.strictEqual(byDefault.vault.asked, 1);
      yield* TestClock.adjust("4 minutes");
      assert.strictEqual(byDefault.vault.asked, 1);
      assert.isAbove(bySchedule.vault.asked, 30);
      yield* TestClock.adjust("61 seconds");
      assert.strictEqual(byDefault.vault.asked, 2);
    }),
  );

  it.live("releases the resources of a load after each load", () =>
    Effect.gen(function* () {
      const { client } = yield* Pki.make;
      const loads = { open: 0, done: 0 };
      const asks = yield* Queue.unbounded<void>();
      yield* Effect.provide(
        Effect.gen(function* () {
          yield* MutualTls.MutualTls;
          yield* Queue.offerAll(asks, [undefined, undefined]);
          yield* Rotating.until("three loads", () => loads.done === 3);
          assert.strictEqual(loads.open, 0);
        }),
        NodeMutualTls.layerEffect(
          Effect.acquireRelease(
            Effect.sync(() => {
              loads.open += 1;
              return contents(client);
            }),
            () =>
              Effect.sync(() => {
                loads.open -= 1;
                loads.done += 1;
              }),
          ),
          { changes: Stream.fromQueue(asks) },
        ),
      );
    }),
  );
});
