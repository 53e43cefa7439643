import type * as MutualTls from "@x/core/MutualTls";
import * as Clock from "effect/Clock";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Metric from "effect/Metric";
import type * as Scope from "effect/Scope";

/** Holds the seconds until `notAfter`, negative after it. */
const expiresIn = Metric.gauge("client_certificate_expires_in_seconds", {
  description: "Seconds until the client certificate in use expires, by the name of its layer",
});

/** Registers the gauge until the scope ends. Its value is computed when it is exported. */
export const gauge = (
  name: string,
  currentUnsafe: () => MutualTls.Generation,
): Effect.Effect<void, never, Scope.Scope> =>
  Effect.gen(function* () {
    const clock = yield* Clock.Clock;
    const context = yield* Effect.context();
    yield* Effect.acquireRelease(
      Effect.sync(() =>
        Metric.registerUnsafe(Metric.withAttributes(expiresIn, { certificate: name }), context, {
          get: () => ({
            value: Math.floor((currentUnsafe().notAfter - clock.currentTimeMillisUnsafe()) / 1_000),
          }),
          update: () => {},
          modify: () => {},
        }),
      ),
      (registration) => Effect.sync(() => registration.remove()),
    );
  });

/**
 * Warns once each when 30, 7 and 1 days are left. Ends after the last warning.
 *
 * Skips a warning if the certificate lives less than twice as long, because a certificate that is
 * renewed every day would warn all the time.
 */
export const warn = Effect.fnUntraced(function* (
  name: string,
  generation: MutualTls.Generation,
): Effect.fn.Return<void> {
  const lifetime = generation.notAfter - generation.notBefore;
  let ahead = [30, 7, 1].map((days) => days * day).filter((limit) => limit * 2 <= lifetime);
  while (ahead.length > 0) {
    const left = generation.notAfter - (yield* Clock.currentTimeMillis);
    const later = ahead.filter((limit) => limit < left);
    if (later.length < ahead.length) {
      yield* Effect.logWarning(
        `client certificate ${name}: ${remaining(left)}, on ${new Date(generation.notAfter).toISOString()}; replace it (${generation.source})`,
      );
    }
    ahead = later;
    // At most an hour, because the machine may sleep and its clock may be set.
    const [next] = later;
    if (next !== undefined) yield* Effect.sleep(Duration.millis(Math.min(left - next, hour)));
  }
});

const hour = 3_600_000;
const day = 24 * hour;

const remaining = (left: number): string => {
  if (left < 0) return "it has expired";
  const hours = Math.floor(left / hour);
  return hours < 48 ? `it expires in ${hours} h` : `it expires in ${Math.floor(hours / 24)} days`;
};
