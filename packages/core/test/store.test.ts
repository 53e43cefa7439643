import { assert, describe, it } from "@effect/vitest";
import type { AccessToken } from "@x/core/AccessToken";
import { hasSameValue } from "@x/core/AccessToken";
import * as ClientAuth from "@x/core/ClientAuth";
import * as MutualTls from "@x/core/MutualTls";
import * as PrivateKeyJwt from "@x/core/PrivateKeyJwt";
import * as Provider from "@x/core/Provider";
import * as Options from "@x/core/Options";
import * as Grant from "@x/core/Grant";
import * as Secret from "@x/core/Secret";
import * as TokenError from "@x/core/TokenError";
import * as TokenStore from "@x/core/TokenStore";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as HttpClient from "effect/http/HttpClient";
import * as Layer from "effect/Layer";
import * as Redacted from "effect/Redacted";
import * as TestClock from "effect/testing/TestClock";
import { generateKeyPairSync } from "node:crypto";
import { Acme, Bound } from "./acme.ts";
import { everyText, issuing } from "./scripted.ts";

const keyOf = (identity: TokenStore.Identity) =>
  JSON.stringify(
    identity.map(([name, value]) => [
      name,
      Redacted.isRedacted(value) ? Redacted.value(value) : value,
    ]),
  );

/** A store in memory, as another process sees it: a token has no moment on our monotonic clock. */
const inMemory = () => {
  const tokens = new Map<string, AccessToken<unknown>>();
  const identities: Array<TokenStore.Identity> = [];
  const store: TokenStore.TokenStore = {
    get: (identity) =>
      Effect.sync(() => {
        identities.push(identity);
        const found = tokens.get(keyOf(identity));
        return found && Object.assign(Object.create(found), { monotonicIssuedAt: undefined });
      }),
    set: (identity, token) => Effect.sync(() => void tokens.set(keyOf(identity), token)),
    remove: (identity, token) =>
      Effect.sync(() => {
        const found = tokens.get(keyOf(identity));
        if (found !== undefined && hasSameValue(found, token)) tokens.delete(keyOf(identity));
      }),
  };
  return { store, tokens, identities };
};

const options = {
  environment: "production",
  clientId: "id",
  clientSecret: Redacted.make("canary-secret"),
} as const;

const text = ({ value }: AccessToken<unknown>) => Redacted.value(value);

const withStore =
  (store: TokenStore.TokenStore, to: { readonly httpClient: HttpClient.HttpClient }) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>) =>
    effect.pipe(
      Effect.provideService(TokenStore.TokenStore, store),
      Effect.provideService(HttpClient.HttpClient, to.httpClient),
    );

describe("TokenStore, behind the memory of two processes,", () => {
  it.effect("gives both the token of one request", () =>
    Effect.gen(function* () {
      const { store } = inMemory();
      const to = issuing();
      yield* Effect.gen(function* () {
        const [one, two] = [yield* Acme.make(options), yield* Acme.make(options)];
        assert.strictEqual(text(yield* one.get), "token-0");
        assert.strictEqual(text(yield* two.get), "token-0");
        assert.strictEqual(to.sent.length, 1);
      }).pipe(withStore(store, to));
    }),
  );

  it.effect("is not asked for a warm token", () =>
    Effect.gen(function* () {
      const { store, identities } = inMemory();
      const to = issuing();
      yield* Effect.gen(function* () {
        const acme = yield* Acme.make(options);
        for (let n = 0; n < 100; n++) yield* acme.get;
        assert.strictEqual(identities.length, 1);
      }).pipe(withStore(store, to));
    }),
  );

  it.effect("never gives back a token that was refused, whoever puts it there again", () =>
    Effect.gen(function* () {
      const { store, tokens } = inMemory();
      const to = issuing();
      yield* Effect.gen(function* () {
        const [one, two] = [yield* Acme.make(options), yield* Acme.make(options)];
        const refused = yield* one.get;
        yield* two.get;
        assert.isTrue(yield* one.invalidate(refused));
        assert.strictEqual(tokens.size, 0);
        for (const key of tokens.keys()) tokens.set(key, refused);
        assert.strictEqual(text(yield* one.get), "token-1");
        assert.isTrue(yield* two.invalidate(refused));
        assert.strictEqual(text(yield* two.get), "token-1", "the other process takes the new one");
        assert.strictEqual(to.sent.length, 2);
      }).pipe(withStore(store, to));
    }),
  );

  it.effect("is passed over when it still holds the refused token", () =>
    Effect.gen(function* () {
      const { store } = inMemory();
      const to = issuing();
      yield* Effect.gen(function* () {
        const acme = yield* Acme.make(options);
        yield* acme.invalidate(yield* acme.get);
        assert.strictEqual(text(yield* acme.get), "token-1");
      }).pipe(withStore({ ...store, remove: () => Effect.void }, to));
    }),
  );

  it.effect("refreshes once for both", () =>
    Effect.gen(function* () {
      const { store } = inMemory();
      const to = issuing();
      yield* Effect.gen(function* () {
        const [one, two] = [yield* Acme.make(options), yield* Acme.make(options)];
        yield* Effect.all([one.get, two.get]);
        yield* TestClock.adjust("40 minutes");
        for (const acme of [one, two]) {
          yield* acme.get;
          yield* TestClock.adjust("1 second");
        }
        assert.strictEqual(text(yield* one.get), "token-1");
        assert.strictEqual(text(yield* two.get), "token-1");
        assert.strictEqual(to.sent.length, 2);
      }).pipe(withStore(store, to));
    }),
  );

  it.effect("gives no token that has ended", () =>
    Effect.gen(function* () {
      const { store } = inMemory();
      const to = issuing();
      yield* Effect.gen(function* () {
        yield* Effect.flatMap(Acme.make(options), ({ get }) => get);
        yield* TestClock.adjust("59 minutes");
        const late = yield* Effect.flatMap(Acme.make(options), ({ get }) => get);
        assert.strictEqual(text(late), "token-1");
      }).pipe(withStore(store, to));
    }),
  );

  it.effect("drops a token that is revoked", () =>
    Effect.gen(function* () {
      const { store, tokens } = inMemory();
      const to = issuing();
      yield* Effect.gen(function* () {
        const acme = yield* Acme.make(options);
        const token = yield* acme.get;
        assert.strictEqual(tokens.size, 1);
        yield* acme.invalidate(token);
        assert.strictEqual(tokens.size, 0);
      }).pipe(withStore(store, to));
    }),
  );
});

/** Each kind of option that there is. */
class Wide extends Provider.Service<Wide>()("acme/Wide", {
  name: "Wide",
  options: {
    clientId: Options.Text,
    clientSecret: Options.Secret,
    tenants: Options.optional(Options.List),
    strict: Options.Flag,
    region: Options.withDefault(Options.oneOf("eu", "us"), "eu"),
  },
  environments: { production: { tokenUrl: "https://wide.test/token", lifetime: "1 hour" } },
  grant: () => Grant.clientCredentials(),
  clientAuth: (o) => ClientAuth.secretPost(o),
}) {}

describe("TokenStore.Identity", () => {
  it.effect("tells accounts apart by every kind of option", () =>
    Effect.gen(function* () {
      const { store, tokens, identities } = inMemory();
      const to = issuing();
      const base = {
        environment: "production",
        clientId: "id",
        clientSecret: options.clientSecret,
      } as const;
      const accounts = [
        base,
        { ...base, clientId: "id-2" },
        { ...base, clientSecret: Redacted.make("canary-2") },
        { ...base, clientSecret: Secret.make(Effect.succeed(Redacted.make("canary-3"))) },
        { ...base, tenants: ["a", "b"] },
        { ...base, tenants: ["a,b"] },
        { ...base, strict: true },
        { ...base, region: "us" as const },
        { ...base, tokenUrl: "https://other.test/token" },
        { ...base, requireGrantedScope: true },
      ];
      yield* Effect.gen(function* () {
        for (const account of accounts) {
          yield* Effect.flatMap(Wide.make(account), ({ get }) => get);
        }
      }).pipe(withStore(store, to));
      assert.strictEqual(tokens.size, accounts.length);
      assert.notInclude(everyText(identities), "canary");
    }),
  );

  it.effect("is the same for the same account", () =>
    Effect.gen(function* () {
      const { store, tokens } = inMemory();
      const to = issuing();
      yield* Effect.gen(function* () {
        for (let n = 0; n < 3; n++) {
          yield* Effect.flatMap(Acme.make({ ...options, scope: "read" }), ({ get }) => get);
        }
      }).pipe(withStore(store, to));
      assert.strictEqual(tokens.size, 1);
    }),
  );

  it.effect("changes with the secret that a Secret reads", () =>
    Effect.gen(function* () {
      const { store, tokens } = inMemory();
      const to = issuing();
      let current = "canary-1";
      const clientSecret = Secret.make(Effect.sync(() => Redacted.make(current)));
      yield* Effect.gen(function* () {
        yield* Effect.flatMap(Acme.make({ ...options, clientSecret }), ({ get }) => get);
        current = "canary-2";
        yield* Effect.flatMap(Acme.make({ ...options, clientSecret }), ({ get }) => get);
      }).pipe(withStore(store, to));
      assert.strictEqual(tokens.size, 2);
    }),
  );

  it.effect("has another entry for a rotated certificate", () =>
    Effect.gen(function* () {
      const { store, tokens } = inMemory();
      const to = issuing();
      let thumbprint = "thumb-1";
      const generation = (): MutualTls.Generation => ({
        thumbprint,
        notBefore: 0,
        notAfter: 1e15,
        source: "certificate",
        httpClient: to.httpClient,
      });
      const certificate = Layer.succeed(MutualTls.MutualTls, { currentUnsafe: generation });
      yield* Effect.gen(function* () {
        const bound = yield* Bound.make({
          environment: "production",
          clientId: "id",
          clientAuth: ClientAuth.tlsClientAuth,
          tokenUrl: "https://bound.test/token",
        });
        yield* bound.get;
        thumbprint = "thumb-2";
        assert.strictEqual(text(yield* bound.get), "token-1");
        assert.strictEqual(tokens.size, 2);
        thumbprint = "thumb-1";
        assert.strictEqual(text(yield* bound.get), "token-0", "the entry of the first one");
      }).pipe(Effect.provide(certificate), withStore(store, to));
    }),
  );

  it.effect("tells signing keys without kid apart by their thumbprint", () =>
    Effect.gen(function* () {
      const { store, tokens } = inMemory();
      const to = issuing();
      yield* Effect.gen(function* () {
        for (let n = 0; n < 2; n++) {
          const { privateKey } = generateKeyPairSync("ed25519");
          const key = Redacted.make(String(privateKey.export({ type: "pkcs8", format: "pem" })));
          const account = {
            environment: "production",
            clientId: "id",
            clientAuth: PrivateKeyJwt.make({ key, algorithm: "EdDSA" }),
            tokenUrl: "https://bound.test/token",
          } as const;
          for (let again = 0; again < 2; again++) {
            yield* Effect.flatMap(Bound.make(account), ({ get }) => get);
          }
        }
      }).pipe(withStore(store, to));
      assert.strictEqual(tokens.size, 2);
    }),
  );

  it.effect("is not waited for when it hangs", () =>
    Effect.gen(function* () {
      const to = issuing();
      yield* Effect.gen(function* () {
        const { get } = yield* Acme.make(options);
        const asked = yield* Effect.forkChild(get);
        yield* TestClock.adjust("2 seconds");
        assert.strictEqual(text(yield* Fiber.join(asked)), "token-0");
      }).pipe(
        withStore(
          { get: () => Effect.never, set: () => Effect.never, remove: () => Effect.never },
          to,
        ),
      );
    }),
  );

  it.effect("does not bring back any token that was refused here", () =>
    Effect.gen(function* () {
      const { store, tokens } = inMemory();
      yield* Effect.gen(function* () {
        const { get, invalidate } = yield* Acme.make(options);
        const first = yield* get;
        yield* invalidate(first);
        yield* invalidate(yield* get);
        const third = yield* get;
        yield* TestClock.adjust("1 minute");
        yield* invalidate(third);
        tokens.set([...tokens.keys()][0] ?? keyOf([]), first);
        assert.strictEqual(text(yield* get), "token-3");
      }).pipe(withStore(store, issuing()));
    }),
  );

  it.effect("leaves a secret that cannot be read to the acquisition, which remembers it", () =>
    Effect.gen(function* () {
      const { store } = inMemory();
      let reads = 0;
      const away = new TokenError.CredentialUnavailable({
        credential: "secret",
        problem: "the vault is away",
        isTransient: false,
      });
      const clientSecret = Secret.make(
        Effect.suspend(() => {
          reads++;
          return Effect.fail(away);
        }),
      );
      yield* Effect.gen(function* () {
        const { get } = yield* Acme.make({ ...options, clientSecret });
        const { reason } = yield* Effect.flip(get);
        assert.strictEqual(reason._tag, "CredentialUnavailable");
        const before = reads;
        yield* Effect.flip(get);
        // The identity alone is read again.
        assert.isAtMost(reads - before, 1);
      }).pipe(withStore(store, issuing()));
    }),
  );

  it.effect("does not go together with revokeOnClose", () =>
    Effect.gen(function* () {
      const { store } = inMemory();
      const error = yield* Effect.flip(
        Bound.make({
          environment: "production",
          clientId: "id",
          clientAuth: ClientAuth.tlsClientAuth,
          revokeOnClose: true,
        }).pipe(Effect.provide(MutualTls.layerTest()), withStore(store, issuing())),
      );
      assert.match(error.message, /option revokeOnClose would revoke tokens that other processes/);
    }),
  );
});
