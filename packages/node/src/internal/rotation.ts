import type * as MutualTls from "@x/core/MutualTls";
import * as TokenError from "@x/core/TokenError";
import * as Cause from "effect/Cause";
import * as Effect from "effect/Effect";
import * as FiberHandle from "effect/FiberHandle";
import type * as HttpClient from "effect/http/HttpClient";
import * as Option from "effect/Option";
import * as Predicate from "effect/Predicate";
import * as Scope from "effect/Scope";
import * as Stream from "effect/Stream";
import * as Crypto from "node:crypto";
import type * as TransportOptions from "../TransportOptions.ts";
import * as ClientCertificate from "./clientCertificate.ts";
import * as IdleClock from "./idleClock.ts";
import * as Inputs from "./inputs.ts";
import * as Materials from "./materials.ts";
import * as TlsHttpClient from "./tlsHttpClient.ts";
import * as Validity from "./validity.ts";

/** A place that certificates are read from. */
export interface Source<E, R> {
  readonly read: Effect.Effect<Materials.Materials, E, R>;
  /** Emits when to read again. */
  readonly changes: Stream.Stream<unknown, never, R>;
}

/** What every generation has in common. */
export interface Options extends TransportOptions.TransportOptions {
  /** Tells certificates apart in logs and in the gauge. */
  readonly name?: string | undefined;
}

/** The clients in use now. */
export interface Rotation {
  readonly currentUnsafe: () => MutualTls.Generation;
  /** Trusts the same authorities and shows no certificate. */
  readonly anonymousUnsafe: () => HttpClient.HttpClient;
}

interface Current {
  readonly generation: MutualTls.Generation;
  readonly identified: TlsHttpClient.TlsHttpClient;
  readonly anonymous: TlsHttpClient.TlsHttpClient;
  readonly digest: string;
  readonly trustDigest: string;
}

/**
 * Reads and checks the first certificate, then each that follows.
 *
 * A replacement is checked first and then taken as a whole, with clients of its own; the clients that it
 * replaces retire. A replacement that cannot be used changes nothing, and is logged once until the source
 * reads something else. Everything ends with the scope and keeps no process alive.
 */
export const make = Effect.fnUntraced(function* <E, R>(
  options: Options,
  source: Source<E, R>,
): Effect.fn.Return<Rotation, E | TokenError.TokenError, R | Scope.Scope> {
  const { name = "client" } = options;
  const scope = yield* Effect.scope;
  let current = yield* Effect.flatMap(source.read, (materials) => open(materials, options));
  let refused: string | undefined;
  const validity = yield* FiberHandle.make<void>();
  const watchValidity = Effect.suspend(() =>
    FiberHandle.run(validity, Validity.warn(name, current.generation)),
  );

  const take = (materials: Materials.Materials) =>
    Effect.gen(function* () {
      const previous = current;
      current = yield* Scope.provide(open(materials, options, previous), scope);
      yield* Effect.forkIn(previous.identified.retire, scope);
      if (previous.anonymous !== current.anonymous) {
        yield* Effect.forkIn(previous.anonymous.retire, scope);
      }
      yield* watchValidity;
      yield* Effect.logInfo(
        `client certificate ${name}: replaced; the new one is valid until ${until(current.generation)} (${current.generation.source})`,
      );
    });

  const refuse = (digest: string) => (cause: Cause.Cause<unknown>) => {
    const problem = describe(cause);
    if (refused === digest + problem) return Effect.void;
    refused = digest + problem;
    return Effect.logWarning(
      `client certificate ${name}: the replacement cannot be used, and the present one stays, valid until ${until(current.generation)}: ${problem}`,
    );
  };

  const look = source.read.pipe(
    Effect.flatMap((materials) => {
      const digest = Materials.digest(materials);
      const taken = digest === current.digest ? Effect.void : take(materials);
      return taken.pipe(
        Effect.andThen(
          Effect.sync(() => {
            refused = undefined;
          }),
        ),
        Effect.catchCause(refuse(digest)),
      );
    }),
    Effect.catchCause(refuse("")),
  );

  yield* Validity.gauge(name, () => current.generation);
  yield* IdleClock.provide(
    Effect.andThen(
      watchValidity,
      source.changes.pipe(
        Stream.runForEach(() => look),
        Effect.forkScoped,
      ),
    ),
  );
  return {
    currentUnsafe: () => current.generation,
    anonymousUnsafe: () => current.anonymous.httpClient,
  };
});

const open = Effect.fnUntraced(function* (
  materials: Materials.Materials,
  options: Options,
  previous?: Current,
): Effect.fn.Return<Current, TokenError.TokenError, Scope.Scope> {
  const certificate = yield* Inputs.withProvider("NodeMutualTls")(
    ClientCertificate.verify(materials),
  );
  const identified = yield* TlsHttpClient.make(certificate.identified, options);
  const trustDigest = Materials.trustDigest(materials);
  return {
    identified,
    anonymous:
      previous?.trustDigest === trustDigest
        ? previous.anonymous
        : yield* TlsHttpClient.make(certificate.anonymous, options),
    generation: {
      thumbprint: Crypto.createHash("sha256").update(certificate.leaf.raw).digest("base64url"),
      ...ClientCertificate.validity(certificate.leaf),
      source: certificate.source,
      httpClient: identified.httpClient,
    },
    digest: Materials.digest(materials),
    trustDigest,
  };
});

const until = ({ notAfter }: MutualTls.Generation): string => new Date(notAfter).toISOString();

/** Describes a failed load. Of a foreign error it tells only the name, because the text may quote secrets. */
const describe = (cause: Cause.Cause<unknown>): string => {
  const failure = Cause.findErrorOption(cause);
  if (Option.isNone(failure)) return "it cannot be read (a defect)";
  const error = failure.value;
  if (error instanceof TokenError.TokenError) return error.reason.message;
  if (Predicate.hasProperty(error, "_tag")) return `it cannot be read (${String(error._tag)})`;
  if (error instanceof Error) return `it cannot be read (${error.name})`;
  return `it cannot be read (${typeof error === "string" ? "a string" : "an error without a name"})`;
};
