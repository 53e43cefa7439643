/** What the demo does with each vendor: many calls on one token, and a call after its end. */
import type { Provider } from "@x/core/Definition";
import { Evcnet } from "@x/evcnet";
import { Raidiam } from "@x/raidiam";
import { Reged } from "@x/reged";
import { Resharmonics } from "@x/resharmonics";
import type { Emulator } from "@x/testing/Emulator";
import { EvcnetEmulator } from "@x/testing/EvcnetEmulator";
import { RaidiamEmulator } from "@x/testing/RaidiamEmulator";
import { RegedEmulator } from "@x/testing/RegedEmulator";
import { ResharmonicsEmulator } from "@x/testing/ResharmonicsEmulator";
import { TigrEmulator } from "@x/testing/TigrEmulator";
import { Tigr } from "@x/tigr";
import { Duration, Effect } from "effect";

const calls = 1000;

export interface Journey {
  readonly vendor: string;
  readonly grant: string;
  readonly clientAuth: string;
  readonly transport: string;
  readonly lifetime: string;
  /** API calls answered with 200, of `expectedCalls`. */
  readonly ok: number;
  readonly expectedCalls: number;
  /** Token requests for the concurrent calls, and after the token's end. */
  readonly cold: number;
  readonly again: number;
  readonly time: string;
}

/** As promised: one token request for all concurrent calls, and one more after the token's end. */
export const holds = (journey: Journey): boolean =>
  journey.ok === journey.expectedCalls && journey.cold === 1 && journey.again === 1;

const travel = Effect.fnUntraced(function* (
  provider: Provider,
  emulator: Emulator,
  facts: Pick<Journey, "vendor" | "grant" | "clientAuth" | "transport">,
  path: string,
) {
  const call = Effect.map(provider.httpClient.get(path), ({ status }) => status === 200);
  const [duration, journey] = yield* Effect.timed(
    Effect.gen(function* () {
      const first = yield* Effect.all(
        Array.from({ length: calls }, () => call),
        { concurrency: "unbounded" },
      );
      const cold = yield* emulator.tokenRequestCount;
      const token = yield* provider.get;
      yield* emulator.revokeTokens;
      const last = yield* call;
      return {
        ok: [...first, last].filter(Boolean).length,
        cold,
        again: (yield* emulator.tokenRequestCount) - cold,
        lifetime: `${(token.expiresAt - token.issuedAt) / 1000} s`,
      };
    }),
  );
  return {
    ...facts,
    ...journey,
    expectedCalls: calls + 1,
    time: `${Duration.toSeconds(duration).toFixed(1)} s`,
  } satisfies Journey;
});

/** One journey a vendor, by the vendor's name. */
export const journeys = {
  RegEd: Effect.gen(function* () {
    const facts = { vendor: "RegEd", grant: "client_credentials", clientAuth: "tls_client_auth" };
    return yield* travel(
      yield* Reged,
      yield* RegedEmulator,
      { ...facts, transport: "mutual TLS, PFX" },
      "/licenses",
    );
  }),
  TIGR: Effect.gen(function* () {
    const facts = { vendor: "TIGR", grant: "password", clientAuth: "client_secret_basic (raw)" };
    return yield* travel(
      yield* Tigr,
      yield* TigrEmulator,
      { ...facts, transport: "TLS" },
      "/system/ping",
    );
  }),
  "Res:Harmonics": Effect.gen(function* () {
    const facts = {
      vendor: "Res:Harmonics",
      grant: "client_credentials",
      clientAuth: "client_secret_post",
    };
    return yield* travel(
      yield* Resharmonics,
      yield* ResharmonicsEmulator,
      { ...facts, transport: "TLS" },
      "/bookings",
    );
  }),
  "EVC-net": Effect.gen(function* () {
    const facts = {
      vendor: "EVC-net",
      grant: "client_credentials",
      clientAuth: "client_secret_basic (raw)",
    };
    return yield* travel(
      yield* Evcnet,
      yield* EvcnetEmulator,
      { ...facts, transport: "TLS" },
      "/api/chargepoints",
    );
  }),
  "Raidiam Connect": Effect.gen(function* () {
    const facts = {
      vendor: "Raidiam Connect",
      grant: "client_credentials",
      clientAuth: "tls_client_auth",
    };
    return yield* travel(
      yield* Raidiam,
      yield* RaidiamEmulator,
      { ...facts, transport: "mutual TLS, PEM, alias" },
      "/organisations",
    );
  }),
};
