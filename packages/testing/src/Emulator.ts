/**
 * What every vendor emulator is: a token endpoint and an API on loopback, over real TLS.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as HttpServerResponse from "effect/http/HttpServerResponse";
import type * as Scope from "effect/Scope";
import * as Certificates from "./Certificates.ts";
import * as RequestLog from "./internal/requestLog.ts";
import * as TlsListener from "./internal/tlsListener.ts";
import * as TokenLedger from "./internal/tokenLedger.ts";
import * as ReceivedRequest from "./ReceivedRequest.ts";
import * as TokenRequestCheck from "./TokenRequestCheck.ts";

/**
 * A running emulator.
 *
 * Counts are exact; of the requests themselves the newest 10,000 are kept.
 *
 * @since 0.1.0
 */
export interface Emulator {
  readonly tokenUrl: string;
  readonly apiUrl: string;
  /** PEM of the authority that issued the server's certificate; made for this emulator alone. */
  readonly certificateAuthority: string;
  readonly tokenRequests: Effect.Effect<ReadonlyArray<ReceivedRequest.ReceivedRequest>>;
  readonly tokenRequestCount: Effect.Effect<number>;
  readonly apiRequests: Effect.Effect<ReadonlyArray<ReceivedRequest.ReceivedRequest>>;
  readonly apiRequestCount: Effect.Effect<number>;
  /** For tokens issued from now on; `expires_in` is rounded down to whole seconds. */
  readonly setTokenLifetime: (lifetime: Duration.Input) => Effect.Effect<void>;
  /** Makes the API refuse every token issued so far. */
  readonly revokeTokens: Effect.Effect<void>;
  /** Empties the records and sets the counts to zero. */
  readonly forgetRequests: Effect.Effect<void>;
}

/**
 * Options that the layer of every emulator takes.
 *
 * @since 0.1.0
 */
export interface LayerOptions {
  readonly tokenLifetime?: Duration.Input | undefined;
}

/**
 * Why an API refuses a call.
 *
 * `certificate`: the token is bound to another certificate than the connection's (RFC 8705 §3).
 *
 * @since 0.1.0
 */
export type Refusal = "missing" | "unknown" | "expired" | "revoked" | "certificate";

/**
 * What one vendor does its own way.
 *
 * @since 0.1.0
 */
export interface Profile {
  readonly authority: Certificates.Authority;
  /** `"/oauth/token"`; anything else on the token host is 404. */
  readonly tokenPath: string;
  /** Path under which the API lives, `""` for the whole host. */
  readonly apiPath: string;
  /** Whether the API shares the token endpoint's host or has one of its own. */
  readonly apiHost: "shared" | "own";
  readonly tokenFormat: "opaque" | "jwt";
  readonly tokenLifetime: Duration.Input;
  /** Binds tokens to the client certificate of the token request; default false. */
  readonly bindTokens?: boolean | undefined;
  readonly scope?: string | undefined;
  /** Run in order; the first refusal is the answer. */
  readonly checks: ReadonlyArray<TokenRequestCheck.Check>;
  /** Members of a successful answer besides `access_token` and `expires_in`. */
  readonly token: { readonly token_type: string; readonly [member: string]: unknown };
  readonly refuse: (why: Refusal) => HttpServerResponse.HttpServerResponse;
  /** Answers an API call whose token is good; the path is what follows `apiPath`. */
  readonly api: (
    request: ReceivedRequest.ReceivedRequest,
    path: string,
  ) => HttpServerResponse.HttpServerResponse;
}

/**
 * Starts an emulator, which stops with the scope and closes its connections then.
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
        if (pathOf(received) !== profile.tokenPath) return notFound;
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
        const path = pathOf(received);
        if (!path.startsWith(`${profile.apiPath}/`)) return notFound;
        const refusal = ledger.check(ReceivedRequest.header(received, "authorization"), received);
        return refusal === undefined
          ? profile.api(received, path.slice(profile.apiPath.length))
          : profile.refuse(refusal);
      });

    if (apiHost === tokenHost) {
      yield* tokenHost.serve((exchange) =>
        pathOf(exchange.received) === profile.tokenPath ? token(exchange) : api(exchange),
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

const pathOf = (request: ReceivedRequest.ReceivedRequest): string => request.path.split("?")[0]!;

const notFound = HttpServerResponse.jsonUnsafe({ message: "Not Found" }, { status: 404 });

/**
 * Refusal of an API that speaks RFC 6750 §3: a bare challenge without a token, `invalid_token` otherwise.
 *
 * @since 0.1.0
 */
export const bearerChallenge = (why: Refusal): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.empty({
    status: 401,
    headers: { "www-authenticate": why === "missing" ? "Bearer" : 'Bearer error="invalid_token"' },
  });

/**
 * Answer of an API that has nothing to say but where it was called.
 *
 * @since 0.1.0
 */
export const echo: Profile["api"] = (request, path) =>
  HttpServerResponse.jsonUnsafe({ method: request.method, path });
