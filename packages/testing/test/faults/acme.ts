/** A vendor for tests of faults, with its servers and clients. */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient";
import { Agent } from "@effect/platform-node/Undici";
import * as ClientAuth from "@x/core/ClientAuth";
import * as Grant from "@x/core/Grant";
import * as Options from "@x/core/Options";
import * as PrivateKeyJwt from "@x/core/PrivateKeyJwt";
import * as Provider from "@x/core/Provider";
import * as RefreshPolicy from "@x/core/RefreshPolicy";
import type * as TokenError from "@x/core/TokenError";
import * as TokenServer from "@x/testing/TokenServer";
import * as Context from "effect/Context";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as FetchHttpClient from "effect/http/FetchHttpClient";
import * as HttpClient from "effect/http/HttpClient";
import * as Layer from "effect/Layer";
import * as Redacted from "effect/Redacted";
import * as Schedule from "effect/Schedule";
import { inspect } from "node:util";

export class Acme extends Provider.Service<Acme>()("acme/Acme", {
  name: "Acme",
  options: {
    clientId: Options.Text,
    clientSecret: Options.Secret,
    clientAuth: Options.withDefault(Options.oneOf("basic", "post", "assertion"), "post"),
    /** A P-256 key for assertions. */
    signingKey: Options.optional(Options.SecretText),
  },
  environments: { test: { lifetime: "5 minutes" } },
  grant: () => Grant.clientCredentials(),
  clientAuth: (options) =>
    options.clientAuth === "basic"
      ? ClientAuth.secretBasic({ ...options, encoding: "form" })
      : options.clientAuth === "post" || options.signingKey === undefined
        ? ClientAuth.secretPost(options)
        : PrivateKeyJwt.make({ key: options.signingKey, algorithm: "ES256" }).of(options),
}) {}

export type AcmeOptions = Provider.OptionsOf<typeof Acme>;

export const secret = "canary-client-secret-8QZt";

/** Returns the options for a scripted server. */
export const options = (
  server: Pick<TokenServer.TokenServer["Service"], "tokenUrl" | "origin">,
) => ({
  environment: "test" as const,
  tokenUrl: server.tokenUrl,
  apiUrl: `${server.origin}/api`,
  clientId: "acme-client",
  clientSecret: Redacted.make(secret),
  refresh: impatient(),
});

/** Makes a policy with pauses of 1 ms between attempts and the given limits. */
export const impatient = (
  changes: Partial<RefreshPolicy.RefreshPolicy["acquisition"]> = {},
): RefreshPolicy.RefreshPolicy =>
  RefreshPolicy.make({
    acquisition: {
      attempts: 3,
      timeout: Duration.seconds(20),
      deadline: Duration.seconds(50),
      delays: Schedule.spaced("1 milli"),
      ...changes,
    },
  });

/** Starts a server besides the one in the context. */
export const start = (script: TokenServer.Script) =>
  Effect.map(Layer.build(Layer.fresh(TokenServer.layer(script))), (context) =>
    Context.get(context, TokenServer.TokenServer),
  );

/** TLS options of a client. */
interface Trust {
  readonly ca?: string;
  readonly rejectUnauthorized?: boolean;
}

export type Client = (trust: Trust) => Layer.Layer<HttpClient.HttpClient>;

/** undici with a time-out for connection attempts. */
export const undici =
  (timeout: Duration.Input): Client =>
  (trust) =>
    Layer.fresh(
      NodeHttpClient.layerUndiciOptions({
        connect: { ...trust, timeout: Duration.toMillis(timeout) },
      }),
    );

const fetching: Client = (trust) =>
  Layer.fresh(
    Layer.unwrap(
      Effect.map(
        Effect.acquireRelease(
          Effect.sync(() => new Agent({ connect: { ...trust, timeout: 60_000 } })),
          (agent) => Effect.promise(() => agent.destroy()),
        ),
        (dispatcher) => {
          // Node's fetch accepts a dispatcher from this copy of undici, but its types do not.
          const init: object = { dispatcher };
          return FetchHttpClient.layer.pipe(
            Layer.provideMerge(Layer.succeed(FetchHttpClient.RequestInit, { ...init })),
          );
        },
      ),
    ),
  );

/** Clients that users may provide. */
export const clients: Readonly<Record<"undici" | "fetch" | "node:http", Client>> = {
  undici: undici("1 minute"),
  fetch: fetching,
  "node:http": (trust) => Layer.fresh(NodeHttpClient.layerNodeHttpOptions(trust)),
};

export const clientNames = ["undici", "fetch", "node:http"] as const;

/** Provides a scripted server over TLS and a client that trusts it. */
export const overTls = (script: TokenServer.Script, client: Client = clients.undici) =>
  Layer.unwrap(
    Effect.map(TokenServer.TokenServer, (server) => client({ ca: server.certificateAuthority })),
  ).pipe(Layer.provideMerge(TokenServer.layer(script)));

/** Makes a provider for the server in the context. */
export const acme = Effect.fnUntraced(function* (changes: Partial<AcmeOptions> = {}) {
  const server = yield* TokenServer.TokenServer;
  return yield* Acme.make({ ...options(server), ...changes });
});

/** Returns `"token"`, or the tag and the problem of the reason. */
export const seen = <A>(get: Effect.Effect<A, TokenError.TokenError>): Effect.Effect<string> =>
  Effect.match(get, {
    onSuccess: () => "token",
    onFailure: (error) => {
      const { reason } = error;
      return "problem" in reason && reason._tag !== "ResponseMalformed"
        ? `${reason._tag} ${reason.problem}`
        : reason._tag;
    },
  });

/** Returns all texts that a program can print of a value. */
export const everyText = (value: unknown): string =>
  [
    String(value),
    String(JSON.stringify(value)),
    inspect(value, { depth: Infinity, showHidden: true }),
    value instanceof Error ? `${value.message}\n${value.stack ?? ""}` : "",
  ].join("\n");
