/** Servers in memory: what the tests of the core send to, and what they saw. */
import * as Effect from "effect/Effect";
import * as HttpClient from "effect/http/HttpClient";
import * as HttpClientError from "effect/http/HttpClientError";
import type * as HttpClientRequest from "effect/http/HttpClientRequest";
import * as HttpClientResponse from "effect/http/HttpClientResponse";
import * as Redacted from "effect/Redacted";
import * as Tracer from "effect/Tracer";
import { AccessToken } from "@x/core/AccessToken";
import type { ClientAuth, Connection } from "@x/core/ClientAuth";
import { extension, type Grant } from "@x/core/Grant";
import * as RefreshPolicy from "@x/core/RefreshPolicy";
import * as TokenError from "@x/core/TokenError";
import * as TokenRequest from "@x/core/TokenRequest";
import * as Duration from "effect/Duration";
import { attempt } from "../src/internal/acquisition.ts";
import * as discovery from "../src/internal/discovery.ts";
import * as endpoint from "../src/internal/endpoint.ts";
import { retrying } from "../src/internal/source/retrying.ts";
import type { TokenSource } from "../src/internal/source/TokenSource.ts";
import { inspect } from "node:util";

/** One request as the server sees it. */
export interface Sent {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly request: HttpClientRequest.HttpClientRequest;
  /** Aborted when the request is given up. */
  readonly signal: AbortSignal;
}

/** What a server does with its request number `at`, counted from 0. */
export type Respond = (
  sent: Sent,
  at: number,
) => Response | Effect.Effect<Response, HttpClientError.HttpClientError>;

export interface Server {
  readonly httpClient: HttpClient.HttpClient;
  readonly sent: ReadonlyArray<Sent>;
}

export const server = (respond: Respond): Server => {
  const sent: Array<Sent> = [];
  const httpClient = HttpClient.make((request, url, signal) => {
    const received: Sent = {
      method: request.method,
      url: url.href,
      headers: { ...request.headers },
      body: textOf(request.body),
      request,
      signal,
    };
    sent.push(received);
    const response = respond(received, sent.length - 1);
    return Effect.map(Effect.isEffect(response) ? response : Effect.succeed(response), (answer) =>
      HttpClientResponse.fromWeb(request, answer),
    );
  });
  return { httpClient, sent };
};

const textOf = (body: HttpClientRequest.HttpClientRequest["body"]): string => {
  if (body._tag === "Uint8Array") return new TextDecoder().decode(body.body);
  return body._tag === "Raw" && typeof body.body === "string" ? body.body : body._tag;
};

export const json = (value: unknown, init: ResponseInit = {}): Response =>
  new Response(JSON.stringify(value), {
    ...init,
    headers: { "content-type": "application/json", ...init.headers },
  });

/** A successful answer with token `token-<n>`. */
export const token = (n: number, fields: object = {}): Response =>
  json({ access_token: `token-${n}`, token_type: "Bearer", expires_in: 3600, ...fields });

/** A server that issues `token-0`, `token-1` and so on. */
export const issuing = (fields: object = {}): Server => server((_, at) => token(at, fields));

/** The failure of a transport whose innermost cause has this code. */
export const transportError = (
  { request }: Pick<Sent, "request">,
  code?: string,
): HttpClientError.HttpClientError =>
  new HttpClientError.HttpClientError({
    reason: new HttpClientError.TransportError({
      request,
      cause: new TypeError("fetch failed", {
        cause: Object.assign(
          new Error("canary-of-the-transport"),
          code === undefined ? {} : { code },
        ),
      }),
    }),
  });

/** An access token that was asked for now, by the test's clock at 0. */
export const accessToken = (
  value: string,
  fields: Partial<ConstructorParameters<typeof AccessToken<{}>>[0]> = {},
): AccessToken =>
  new AccessToken<{}>({
    value: Redacted.make(value),
    issuedAt: 0,
    monotonicIssuedAt: 0n,
    expiresAt: 3_600_000,
    ...fields,
  });

/** Every text that a value turns into when it is logged, printed or serialised. */
export const everyText = (value: unknown): string =>
  [
    String(value),
    String(
      JSON.stringify(value, (_, inner: unknown) =>
        typeof inner === "bigint" ? `${inner}` : inner,
      ),
    ),
    inspect(value, { depth: 20, showHidden: true }),
    value instanceof Error ? `${value.message}\n${value.stack ?? ""}` : "",
  ].join("\n");

/** Runs an effect and hands out the spans that it made, however it ended. */
export const spansOf = <A, E, R>(self: Effect.Effect<A, E, R>) =>
  Effect.suspend(() => {
    const made: Array<Tracer.NativeSpan> = [];
    const tracer = Tracer.make({
      span: (options) => {
        const span = new Tracer.NativeSpan(options);
        made.push(span);
        return span;
      },
    });
    return Effect.exit(self).pipe(Effect.provideService(Tracer.Tracer, tracer), Effect.as(made));
  });

export const tokenUrl = "https://login.acme.test/token";

/** What an acquisition of a test may change. */
export interface Acquisition {
  readonly connection: Effect.Effect<Connection, TokenError.Reason>;
  readonly grant: Grant;
  readonly authenticate: ClientAuth<never>["authenticate"];
  readonly policy: RefreshPolicy.RefreshPolicy;
  readonly requireGrantedScope: boolean;
}

/** Acquisitions from a server, with attempts as the policy says, and secrets that begin with `canary`. */
export const acquisition = (to: Server, changes: Partial<Acquisition> = {}): TokenSource => {
  const { policy = RefreshPolicy.make() } = changes;
  const ask = endpoint.make({
    server: discovery.fromTokenUrl(tokenUrl, undefined),
    clientAuth: {
      method: "client_secret_basic",
      connection:
        changes.connection ?? Effect.succeed({ httpClient: to.httpClient, thumbprint: undefined }),
      authenticate:
        changes.authenticate ??
        ((request) =>
          Effect.succeed(
            TokenRequest.withHeader(request, "authorization", Redacted.make("Basic canary-basic")),
          )),
    },
    timeout: policy.acquisition.timeout,
  });
  return retrying(
    attempt({
      provider: "Acme",
      ask,
      grant: changes.grant ?? grantOf({ scope: Redacted.make("canary-scope") }),
      dialect: { tokenType: ["Bearer"], extra: undefined },
      lifetime: 300_000,
      maxLifetime: Duration.toMillis(policy.maxLifetime),
      requireGrantedScope: changes.requireGrantedScope === true,
    }).pipe(TokenError.withProvider("Acme")),
    policy,
    "Acme",
    (effect) => effect,
  );
};

/** Client credentials with any further fields. */
export const grantOf = (params: TokenRequest.Params): Grant =>
  extension("client_credentials", params);

/** One acquisition. */
export const acquire = (source: TokenSource) => Effect.suspend(() => source.getUnsafe());
