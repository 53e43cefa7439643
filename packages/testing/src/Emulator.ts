/**
 * An emulated vendor: a token endpoint and an API over TLS on 127.0.0.1.
 *
 * @since 0.1.0
 */
import type * as Provider from "@x/core/Provider";
import type * as Secret from "@x/core/Secret";
import * as Clock from "effect/Clock";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as HttpServerResponse from "effect/http/HttpServerResponse";
import type * as Scope from "effect/Scope";
import * as Crypto from "node:crypto";
import * as Certificates from "./Certificates.ts";
import * as TokenLedger from "./internal/tokenLedger.ts";
import type * as ReceivedRequest from "./ReceivedRequest.ts";
import * as RequestLog from "./RequestLog.ts";
import * as TlsListener from "./TlsListener.ts";
import * as TokenRequestCheck from "./TokenRequestCheck.ts";

export type { Refusal } from "./internal/tokenLedger.ts";

/**
 * A running emulator.
 *
 * Counts are exact. Lists of requests hold the newest 10,000.
 *
 * @since 0.1.0
 */
export interface Emulator {
  readonly tokenUrl: string;
  readonly apiUrl: string;
  /** PEM of the authority that issued the server certificate. Every emulator has its own. */
  readonly certificateAuthority: string;
  readonly tokenRequests: Effect.Effect<ReadonlyArray<ReceivedRequest.ReceivedRequest>>;
  readonly tokenRequestCount: Effect.Effect<number>;
  readonly apiRequests: Effect.Effect<ReadonlyArray<ReceivedRequest.ReceivedRequest>>;
  readonly apiRequestCount: Effect.Effect<number>;
  /** Sets the lifetime of later tokens; `expires_in` is rounded down to whole seconds. */
  readonly setTokenLifetime: (lifetime: Duration.Input) => Effect.Effect<void>;
  /** Makes the API refuse all tokens issued so far. */
  readonly revokeTokens: Effect.Effect<void>;
  /** Empties the lists of requests and sets the counts to zero. */
  readonly forgetRequests: Effect.Effect<void>;
}

/**
 * Options of a vendor's layer that an emulator gives: its own URLs, and secrets as `Redacted`.
 *
 * @since 0.1.0
 */
export type OptionsOf<S extends { readonly layer: (options: any) => unknown }> = {
  readonly [K in keyof Provider.OptionsOf<S>]: Exclude<Provider.OptionsOf<S>[K], Secret.Secret>;
} & { readonly apiUrl: string };

/**
 * Returns the path of a URL in a vendor's definition, or `""` where it is the root.
 *
 * Throws for a URL that depends on options, and for one that the definition leaves out.
 *
 * @since 0.1.0
 */
export const pathOf = (place: Provider.Environment["tokenUrl"]): string => {
  if (typeof place !== "string") throw new Error("the definition does not know this URL");
  return new URL(place).pathname.replace(/\/$/, "");
};

/**
 * Options that the layer of every emulator has.
 *
 * @since 0.1.0
 */
export interface LayerOptions {
  readonly tokenLifetime?: Duration.Input | undefined;
}

/**
 * The behaviour of one vendor.
 *
 * @since 0.1.0
 */
export interface Profile {
  readonly authority: Certificates.Authority;
  /** Path of the token endpoint, such as `"/oauth/token"`; other paths on the token host are 404. */
  readonly tokenPath: string;
  /** Path of the API, or `""` for the whole host. */
  readonly apiPath: string;
  /** Whether the API shares the host of the token endpoint or has its own. */
  readonly apiHost: "shared" | "own";
  readonly tokenFormat: "opaque" | "jwt";
  readonly tokenLifetime: Duration.Input;
  /** Binds tokens to the client certificate of the token request; default false. */
  readonly bindTokens?: boolean | undefined;
  readonly scope?: string | undefined;
  /** Checks in order; the first refusal is the answer. */
  readonly checks: ReadonlyArray<TokenRequestCheck.Check>;
  /** Members of a token answer besides `access_token` and `expires_in`. */
  readonly token: { readonly token_type: string; readonly [member: string]: unknown };
  readonly refuse: (why: TokenLedger.Refusal) => HttpServerResponse.HttpServerResponse;
  /** Answers an API call with a valid token; `path` is the part after `apiPath`. */
  readonly api: (
    request: ReceivedRequest.ReceivedRequest,
    path: string,
  ) => HttpServerResponse.HttpServerResponse;
}

/**
 * Starts an emulator, which stops and closes its connections when the scope closes.
 *
 * @since 0.1.0
 */
export const make = (profile: Profile): Effect.Effect<Emulator, never, Scope.Scope> =>
  Effect.gen(function* () {
    const { authority } = profile;
    const server = yield* Certificates.issueServer(authority);
    const tokenHost = yield* TlsListener.open({ authority, server, requestCertificate: true });
    const apiHost =
      profile.apiHost === "shared"
        ? tokenHost
        : yield* TlsListener.open({ authority, server, requestCertificate: true });
    const ledger = TokenLedger.make();
    const tokenLog = RequestLog.make();
    const apiLog = RequestLog.make();
    let lifetime = Duration.toMillis(profile.tokenLifetime);

    const token = ({ peer, received }: TlsListener.Exchange) =>
      Effect.map(Clock.currentTimeMillis, (now) => {
        tokenLog.record(received);
        if (requestPath(received) !== profile.tokenPath) return notFound;
        const request = { received, peer, form: new URLSearchParams(received.body) };
        for (const check of [TokenRequestCheck.form, ...profile.checks]) {
          const refusal = check(request);
          if (refusal !== undefined) return refusal;
        }
        const certificate = profile.bindTokens === true ? received.certificate : undefined;
        const access_token = ledger.issue(profile.tokenFormat, {
          scope: profile.scope,
          certificate,
          expiresAt: now + lifetime,
        });
        return HttpServerResponse.jsonUnsafe(
          { access_token, ...profile.token, expires_in: Math.floor(lifetime / 1000) },
          { headers: { "cache-control": "no-store" } },
        );
      });

    const api = ({ received }: TlsListener.Exchange) =>
      Effect.sync(() => {
        apiLog.record(received);
        const path = requestPath(received);
        if (!path.startsWith(`${profile.apiPath}/`)) return notFound;
        const refusal = ledger.check(received);
        return refusal === undefined
          ? profile.api(received, path.slice(profile.apiPath.length))
          : profile.refuse(refusal);
      });

    if (apiHost === tokenHost) {
      yield* tokenHost.serve((exchange) =>
        requestPath(exchange.received) === profile.tokenPath ? token(exchange) : api(exchange),
      );
    } else {
      yield* tokenHost.serve(token);
      yield* apiHost.serve(api);
    }

    return {
      tokenUrl: tokenHost.origin + profile.tokenPath,
      apiUrl: apiHost.origin + profile.apiPath,
      certificateAuthority: authority.certificate,
      tokenRequests: Effect.sync(tokenLog.newest),
      tokenRequestCount: Effect.sync(tokenLog.count),
      apiRequests: Effect.sync(apiLog.newest),
      apiRequestCount: Effect.sync(apiLog.count),
      setTokenLifetime: (value) => Effect.sync(() => void (lifetime = Duration.toMillis(value))),
      revokeTokens: Effect.sync(ledger.revokeAll),
      forgetRequests: Effect.sync(() => {
        tokenLog.forget();
        apiLog.forget();
      }),
    };
  });

const requestPath = (request: ReceivedRequest.ReceivedRequest): string =>
  request.path.split("?")[0]!;

const notFound = HttpServerResponse.jsonUnsafe({ message: "Not Found" }, { status: 404 });

/**
 * Refuses a call as RFC 6750 §3 says: without an error code if the token is missing.
 *
 * @since 0.1.0
 */
export const bearerChallenge = (why: TokenLedger.Refusal): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.empty({
    status: 401,
    headers: { "www-authenticate": why === "missing" ? "Bearer" : 'Bearer error="invalid_token"' },
  });

/**
 * Answers an API call with its own method and path.
 *
 * @since 0.1.0
 */
export const echo: Profile["api"] = (request, path) =>
  HttpServerResponse.jsonUnsafe({ method: request.method, path });

/**
 * Generates 24 random hexadecimal digits for client ids and secrets.
 *
 * @since 0.1.0
 */
export const randomId: Effect.Effect<string> = Effect.sync(() =>
  Crypto.randomBytes(12).toString("hex"),
);
