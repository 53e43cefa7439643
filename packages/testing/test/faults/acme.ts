/** The vendor that the faults befall, its servers, and the clients that it is reached by. */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient";
import { Agent } from "@effect/platform-node/Undici";
import * as ClientAuth from "@x/core/ClientAuth";
import type * as Definition from "@x/core/Definition";
import * as PrivateKeyJwt from "@x/core/PrivateKeyJwt";
import * as Provider from "@x/core/Provider";
import * as RefreshPolicy from "@x/core/RefreshPolicy";
import type * as TokenError from "@x/core/TokenError";
import * as TokenServer from "@x/testing/TokenServer";
import * as Config from "effect/Config";
import * as Context from "effect/Context";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as FetchHttpClient from "effect/http/FetchHttpClient";
import * as HttpClient from "effect/http/HttpClient";
import * as Layer from "effect/Layer";
import * as Redacted from "effect/Redacted";
import * as Schedule from "effect/Schedule";
import { inspect } from "node:util";

export interface AcmeOptions extends Definition.CommonOptions<"test"> {
  readonly clientId: string;
  readonly clientSecret: Redacted.Redacted;
  readonly clientAuth?: "basic" | "post" | PrivateKeyJwt.PrivateKeyJwt | undefined;
}

export class Acme extends Provider.Service<Acme>()("acme/Acme", {
  name: "Acme",
  environments: { test: { lifetime: "5 minutes" } },
  grant: "client_credentials",
  clientAuth: (options: AcmeOptions) => {
    if (options.clientAuth === "basic")
      return ClientAuth.secretBasic({ ...options, encoding: "form" });
    return options.clientAuth === undefined || options.clientAuth === "post"
      ? ClientAuth.secretPost(options)
      : PrivateKeyJwt.clientAuth({
          clientId: options.clientId,
          issuer: "https://login.acme.test",
          privateKeyJwt: options.clientAuth,
        });
  },
  configPrefix: "ACME",
  config: {
    clientId: Config.String("ACME_CLIENT_ID"),
    clientSecret: Config.Redacted("ACME_CLIENT_SECRET"),
    clientAuth: Config.succeed("post" as const),
  },
}) {}

export const secret = "canary-client-secret-8QZt";

/** The options for a server that plays a script. */
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

/** The default policy with hardly a pause between attempts, and with other bounds where given. */
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

/** Starts another server than the one in the context. */
export const start = (script: TokenServer.Script) =>
  Effect.map(Layer.build(Layer.fresh(TokenServer.layer(script))), (context) =>
    Context.get(context, TokenServer.TokenServer),
  );

/** Whom a client trusts. */
interface Trust {
  readonly ca?: string;
  readonly rejectUnauthorized?: boolean;
}

export type Client = (trust: Trust) => Layer.Layer<HttpClient.HttpClient>;

/** undici that gives a connection up which is not made in time. */
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
          // Node's fetch takes a dispatcher of another copy of undici, which its types do not.
          const init: object = { dispatcher };
          return FetchHttpClient.layer.pipe(
            Layer.provideMerge(Layer.succeed(FetchHttpClient.RequestInit, { ...init })),
          );
        },
      ),
    ),
  );

/** The clients that users inject. */
export const clients: Readonly<Record<"undici" | "fetch" | "node:http", Client>> = {
  undici: undici("1 minute"),
  fetch: fetching,
  "node:http": (trust) => Layer.fresh(NodeHttpClient.layerNodeHttpOptions(trust)),
};

export const clientNames = ["undici", "fetch", "node:http"] as const;

/** A server over TLS that plays the script, and a client that trusts it. */
export const overTls = (script: TokenServer.Script, client: Client = clients.undici) =>
  Layer.unwrap(
    Effect.map(TokenServer.TokenServer, (server) => client({ ca: server.certificateAuthority })),
  ).pipe(Layer.provideMerge(TokenServer.layer(script)));

/** A provider on the server in the context. */
export const acme = Effect.fnUntraced(function* (changes: Partial<AcmeOptions> = {}) {
  const server = yield* TokenServer.TokenServer;
  return yield* Acme.make({ ...options(server), ...changes });
});

/** What a caller gets: `"token"`, or the reason's name and what it says about it. */
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

/** Every text that a program can make of a value. */
export const everyText = (value: unknown): string =>
  [
    String(value),
    String(JSON.stringify(value)),
    inspect(value, { depth: Infinity, showHidden: true }),
    value instanceof Error ? `${value.message}\n${value.stack ?? ""}` : "",
  ].join("\n");
