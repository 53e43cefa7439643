/** Variations of a token request to oidc-provider, and their outcomes. */
import { assert } from "@effect/vitest";
import * as MutualTls from "@x/core/MutualTls";
import * as TokenError from "@x/core/TokenError";
import * as NodeMutualTls from "@x/node/NodeMutualTls";
import { type OptionsOf, Raidiam } from "@x/raidiam";
import * as Certificates from "@x/testing/Certificates";
import * as RaidiamEmulator from "@x/raidiam/testing";
import * as TestHttpClient from "@x/testing/TestHttpClient";
import * as Clock from "effect/Clock";
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as HttpClient from "effect/http/HttpClient";
import * as Layer from "effect/Layer";
import type * as Scope from "effect/Scope";

export type Emulator = RaidiamEmulator.RaidiamEmulator["Service"];
export type RaidiamOptions = OptionsOf<typeof Raidiam>;
type Transport = Layer.Layer<HttpClient.HttpClient | MutualTls.MutualTls, TokenError.TokenError>;

/** A token, or a reason with the pattern of its message. */
export type Outcome =
  | { readonly requests?: number; readonly missingScope?: ReadonlyArray<string> }
  | {
      readonly reason: TokenError.Reason["_tag"];
      readonly message: RegExp;
      readonly requests?: number;
    };

export interface Case {
  readonly transport?: (emulator: Emulator) => Effect.Effect<Transport>;
  readonly options?: (emulator: Emulator) => Partial<RaidiamOptions>;
  /** Seconds by which the client's clock is ahead. */
  readonly clock?: number;
  readonly outcome: Outcome;
}

export const bytes = (text: string) => new TextEncoder().encode(text);

export const showing =
  (certificate: (emulator: Emulator) => Effect.Effect<Certificates.Certificate>) =>
  (emulator: Emulator): Effect.Effect<Transport> =>
    Effect.map(certificate(emulator), (shown) =>
      NodeMutualTls.layerPem({
        certificate: bytes(shown.certificate),
        privateKey: bytes(shown.privateKey),
        certificateAuthorities: [bytes(emulator.certificateAuthority)],
      }),
    );

const registered = showing(({ clientCertificate }) => Effect.succeed(clientCertificate));

const commonName = ({ clientCertificate }: Emulator) =>
  /CN=((?:[^,\\]|\\.)+)/.exec(clientCertificate.subject)?.[1]?.replaceAll("\\", "") ?? "";

export const subject = (emulator: Emulator) => ({ commonName: commonName(emulator) });

/** Reports a certificate but shows none, like a proxy that strips it. */
export const stripped = (emulator: Emulator): Effect.Effect<Transport> => {
  const plain = TestHttpClient.layer(emulator.certificateAuthority);
  return Effect.succeed(
    Layer.merge(
      plain,
      Layer.effect(
        MutualTls.MutualTls,
        Effect.map(HttpClient.HttpClient, (httpClient) => ({
          currentUnsafe: () => ({
            thumbprint: emulator.clientCertificate.thumbprint,
            notBefore: 0,
            notAfter: 8.64e15,
            source: "certificate (stripped)",
            httpClient,
          }),
        })),
      ).pipe(Layer.provide(plain)),
    ),
  );
};

/** Reports the registered certificate but shows a renewed one, like a proxy with its own. */
export const proxied = (emulator: Emulator): Effect.Effect<Transport> =>
  Effect.gen(function* () {
    const own = yield* registered(emulator);
    const another = yield* showing(({ authority }) =>
      Certificates.issueClient(authority, subject(emulator)),
    )(emulator);
    return Layer.effectContext(
      Effect.gen(function* () {
        const ours = yield* Layer.build(own);
        const theirs = Context.get(yield* Layer.build(another), MutualTls.MutualTls);
        const { currentUnsafe } = Context.get(ours, MutualTls.MutualTls);
        return Context.add(ours, MutualTls.MutualTls, {
          currentUnsafe: () => ({
            ...currentUnsafe(),
            httpClient: theirs.currentUnsafe().httpClient,
          }),
        });
      }),
    );
  });

/** Sends each token request twice and returns the second answer. */
export const repeating = (emulator: Emulator): Effect.Effect<Transport> =>
  Effect.map(registered(emulator), (own) =>
    Layer.effectContext(
      Effect.map(Layer.build(own), (context) => {
        const { execute } = Context.get(context, HttpClient.HttpClient);
        return Context.add(
          context,
          HttpClient.HttpClient,
          HttpClient.make((request) =>
            request.method === "GET"
              ? execute(request)
              : Effect.andThen(
                  Effect.flatMap(execute(request), (response) => response.arrayBuffer),
                  execute(request),
                ),
          ),
        );
      }),
    ),
  );

export const rejected = (
  message = /refused the credentials \(HTTP 401 invalid_client/,
): Outcome => ({
  reason: "CredentialsRejected",
  message,
});

const ahead = (seconds: number) =>
  Effect.clockWith((clock) => {
    const shifted: Clock.Clock = Object.create(clock, {
      currentTimeMillisUnsafe: { value: () => clock.currentTimeMillisUnsafe() + seconds * 1000 },
      currentTimeMillis: {
        value: Effect.map(clock.currentTimeMillis, (millis) => millis + seconds * 1000),
      },
    });
    return Effect.succeed(shifted);
  });

/** Names a test by its outcome. */
export const title = (name: string, { outcome }: Case): string =>
  `${"reason" in outcome ? `fails with ${outcome.reason}` : "gets a token"} given ${name}`;

export const run = ({ transport = registered, options, clock = 0, outcome }: Case) =>
  Effect.gen(function* () {
    const context = yield* Layer.build(RaidiamEmulator.layer());
    const emulator = Context.get(context, RaidiamEmulator.RaidiamEmulator);
    const all: RaidiamOptions = { ...emulator.options, ...options?.(emulator) };
    const attempt: Effect.Effect<
      { readonly missingScope: ReadonlyArray<string> },
      TokenError.TokenError,
      Scope.Scope
    > = Effect.flatMap(Raidiam.make(all), (raidiam) => raidiam.get).pipe(
      Effect.provide(yield* transport(emulator)),
      Effect.provideService(Clock.Clock, yield* ahead(clock)),
    );
    const result = yield* Effect.result(attempt);
    if ("reason" in outcome) {
      assert.strictEqual(result._tag === "Failure" && result.failure.reason._tag, outcome.reason);
      if (result._tag === "Failure") assert.match(result.failure.message, outcome.message);
    } else {
      assert.strictEqual(
        result._tag,
        "Success",
        result._tag === "Failure" ? result.failure.message : "",
      );
      if (result._tag === "Success") {
        assert.deepStrictEqual(result.success.missingScope, outcome.missingScope ?? []);
      }
    }
    if (outcome.requests !== undefined) {
      assert.strictEqual(yield* emulator.tokenRequestCount, outcome.requests);
    }
  });
