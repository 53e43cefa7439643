/** Two emulated vendors: one with the API on the token host, one with a host for each. */
import * as Certificates from "@x/testing/Certificates";
import * as Emulator from "@x/testing/Emulator";
import * as TokenRequestCheck from "@x/testing/TokenRequestCheck";
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Redacted from "effect/Redacted";

export interface Running extends Emulator.Emulator {
  readonly clientId: string;
  readonly clientSecret: string;
}

export class SharedHost extends Context.Service<SharedHost, Running>()("test/SharedHost") {}
export class OwnHosts extends Context.Service<OwnHosts, Running>()("test/OwnHosts") {}

const start = (
  apiHost: Emulator.Profile["apiHost"],
  { tokenLifetime = "1 hour" }: Emulator.LayerOptions,
) =>
  Effect.gen(function* () {
    const clientId = yield* Emulator.randomId;
    const clientSecret = yield* Emulator.randomId;
    const emulator = yield* Emulator.make({
      authority: yield* Certificates.makeAuthority(apiHost),
      tokenPath: "/oauth/v2/token",
      apiPath: apiHost === "own" ? "/api" : "",
      apiHost,
      tokenFormat: apiHost === "own" ? "opaque" : "jwt",
      tokenLifetime,
      checks: [
        TokenRequestCheck.basic({ clientId, clientSecret: Redacted.make(clientSecret) }),
        TokenRequestCheck.grantType("client_credentials"),
      ],
      token: { token_type: "Bearer" },
      refuse: Emulator.bearerChallenge,
      api: Emulator.echo,
    });
    return { ...emulator, clientId, clientSecret };
  });

export const sharedHost = (options: Emulator.LayerOptions = {}) =>
  Layer.effect(SharedHost, start("shared", options));

export const ownHosts = (options: Emulator.LayerOptions = {}) =>
  Layer.effect(OwnHosts, start("own", options));
