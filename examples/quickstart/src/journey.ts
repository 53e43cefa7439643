/** What the demo does with each vendor: many calls on one token, and a call after its end. */
import type { Provider } from "@x/core/Provider";
import { Evcnet } from "@x/evcnet";
import { Raidiam } from "@x/raidiam";
import { Reged } from "@x/reged";
import { Resharmonics } from "@x/resharmonics";
import type { Emulator } from "@x/testing/Emulator";
import { EvcnetEmulator } from "@x/evcnet/testing";
import { RaidiamEmulator } from "@x/raidiam/testing";
import { RegedEmulator } from "@x/reged/testing";
import { ResharmonicsEmulator } from "@x/resharmonics/testing";
import { TigrEmulator } from "@x/tigr/testing";
import { Tigr } from "@x/tigr";
import { type Context, Duration, Effect } from "effect";

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

const travel = Effect.fnUntraced(function* <Vendor, Emulated>(options: {
  readonly vendor: Context.Service<Vendor, Provider>;
  readonly emulator: Context.Service<Emulated, Emulator>;
  readonly facts: Pick<Journey, "vendor" | "grant" | "clientAuth" | "transport">;
  readonly path: string;
}) {
  const provider = yield* options.vendor;
  const emulator = yield* options.emulator;
  const call = Effect.map(provider.httpClient.get(options.path), ({ status }) => status === 200);
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
    ...options.facts,
    ...journey,
    expectedCalls: calls + 1,
    time: `${Duration.toSeconds(duration).toFixed(1)} s`,
  } satisfies Journey;
});

const fact = (vendor: string, grant: string, clientAuth: string, transport: string) => ({
  vendor,
  grant,
  clientAuth,
  transport,
});

/** One journey a vendor, by the vendor's name. */
export const journeys = {
  RegEd: travel({
    vendor: Reged,
    emulator: RegedEmulator,
    facts: fact("RegEd", "client_credentials", "tls_client_auth", "mutual TLS, PFX"),
    path: "/licenses",
  }),
  TIGR: travel({
    vendor: Tigr,
    emulator: TigrEmulator,
    facts: fact("TIGR", "password", "client_secret_basic (raw)", "TLS"),
    path: "/system/ping",
  }),
  "Res:Harmonics": travel({
    vendor: Resharmonics,
    emulator: ResharmonicsEmulator,
    facts: fact("Res:Harmonics", "client_credentials", "client_secret_post", "TLS"),
    path: "/bookings",
  }),
  "EVC-net": travel({
    vendor: Evcnet,
    emulator: EvcnetEmulator,
    facts: fact("EVC-net", "client_credentials", "client_secret_basic (raw)", "TLS"),
    path: "/api/chargepoints",
  }),
  "Raidiam Connect": travel({
    vendor: Raidiam,
    emulator: RaidiamEmulator,
    facts: fact(
      "Raidiam Connect",
      "client_credentials",
      "tls_client_auth",
      "mutual TLS, PEM, alias",
    ),
    path: "/organisations",
  }),
};
