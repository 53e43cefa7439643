/**
 * What every provider promises, as a suite that runs against an emulator: one for each vendor of
 * this project, and for yours.
 *
 * The cases are values, so that any test runner takes them:
 *
 * ```ts
 * for (const { name, run } of ProviderContract.cases(subject)) it.live(name, () => run)
 * ```
 *
 * @since 0.1.0
 */
import type * as Definition from "@x/core/Definition";
import type * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import type * as Scope from "effect/Scope";
import type * as Emulator from "./Emulator.ts";
import { promises, type Promised } from "./internal/providerPromises.ts";

/**
 * A provider and the emulator that it talks to.
 *
 * @since 0.1.0
 */
export interface Subject<Self> {
  readonly service: Context.Service<Self, Definition.Provider>;
  readonly emulator: Emulator.Emulator;
  /** The vendor's layer on the emulator, with some options changed; its transport provided. */
  readonly layer: (changes?: Readonly<Record<string, unknown>>) => Layer.Layer<Self, unknown>;
  /** The same with credentials that the emulator refuses. */
  readonly layerRefused: Layer.Layer<Self, unknown>;
  /** `layerConfig` with its transport provided. */
  readonly layerConfig: Layer.Layer<Self, unknown>;
  /** Every key that `layerConfig` needs for the emulator, and its value. */
  readonly environment: Readonly<Record<string, string>>;
  /** The keys among them without which the layer cannot be built. */
  readonly requiredKeys: ReadonlyArray<string>;
  readonly layerTest: Layer.Layer<Self>;
  /** The exact token request. */
  readonly golden: {
    readonly path: string;
    /** Value of the `Authorization` header, if there is to be one. */
    readonly authorization: string | undefined;
    /** Body byte for byte, or a pattern where it holds an assertion. */
    readonly body: string | RegExp;
    /** Thumbprint of the client certificate that the endpoint is to see. */
    readonly certificate: string | undefined;
  };
  /** The client certificate that the API is to see, if any. */
  readonly apiCertificate: string | undefined;
  /** Texts that must not appear anywhere. */
  readonly secrets: ReadonlyArray<string>;
}

/**
 * One promise: `run` makes its own emulator, and fails where the promise is broken.
 *
 * @since 0.1.0
 */
export interface Case {
  readonly name: string;
  readonly run: Effect.Effect<void, unknown, Scope.Scope>;
}

/**
 * The cases of the contract; each takes a fresh subject.
 *
 * @since 0.1.0
 */
export const cases = <Self>(
  subject: Effect.Effect<Subject<Self>, unknown, Scope.Scope>,
): ReadonlyArray<Case> =>
  Object.entries(promises).map(([name, promise]) => ({
    name,
    run: Effect.flatMap(subject, (made) => promise(erase(made))),
  }));

const erase = <Self>(subject: Subject<Self>): Promised => {
  const build = <E>(layer: Layer.Layer<Self, E>) =>
    Effect.flatMap(Layer.build(Layer.fresh(layer)), (context) =>
      Effect.provide(subject.service, context),
    );
  return {
    ...subject,
    provider: (changes) => build(subject.layer(changes)),
    refused: build(subject.layerRefused),
    configured: build(subject.layerConfig),
    fake: build(subject.layerTest),
  };
};
