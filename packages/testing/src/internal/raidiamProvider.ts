import * as Effect from "effect/Effect";
import * as Jose from "jose";
import * as Crypto from "node:crypto";
import * as Http from "node:http";
import type * as Tls from "node:tls";
import type { ClientMetadata, JWKS } from "oidc-provider";
import { Provider } from "oidc-provider/lib/provider.js";
import type { Refusal } from "../Emulator.ts";
import * as OidcStore from "./oidcStore.ts";
import type { Exchange } from "./tlsListener.ts";
import * as TokenLedger from "./tokenLedger.ts";

export const paths = {
  discovery: "/.well-known/openid-configuration",
  token: "/token",
  introspection: "/token/introspection",
  revocation: "/token/revocation",
  pushedAuthorizationRequest: "/request",
} as const;

export interface RaidiamProvider {
  /** Lets oidc-provider answer; the response is written when the effect ends. */
  readonly answer: (exchange: Exchange) => Effect.Effect<void>;
  /** Judges the token of an API call. */
  readonly check: (
    exchange: Exchange,
    authorization: string | undefined,
  ) => Effect.Effect<Refusal | undefined>;
  readonly revokeTokens: () => void;
}

/**
 * An oidc-provider that serves one issuer through two listeners.
 *
 * oidc-provider neither stores JWT access tokens nor introspects or revokes them.
 * Raidiam does both, so the `jwt` customizer, which sees every such token before it is signed, files it
 * in the store as the opaque token of the same `jti`; a JWT that arrives at the two endpoints is verified
 * and handed over as its `jti`. Client authentication and answers stay oidc-provider's own.
 */
export const make = (options: {
  readonly issuer: string;
  readonly aliasOrigin: string;
  /** Resource indicator of the API: the `aud` of every token. */
  readonly resource: string;
  readonly scope: string;
  readonly clients: ReadonlyArray<ClientMetadata>;
  /** Seconds. */
  readonly tokenLifetime: () => number;
}): Effect.Effect<RaidiamProvider> =>
  Effect.gen(function* () {
    const store = OidcStore.make();
    const signing = yield* Effect.promise(() =>
      Jose.generateKeyPair("PS256", { extractable: true }),
    );
    const jwk = yield* Effect.promise(() => Jose.exportJWK(signing.privateKey));
    const jwks = { keys: [{ ...jwk, kid: Crypto.randomUUID(), use: "sig" }] } as JWKS;

    const provider = new Provider(options.issuer, {
      adapter: store.adapter,
      jwks,
      clients: [...options.clients],
      clientAuthMethods: ["tls_client_auth", "private_key_jwt"],
      // one more than any client has, for what nobody knows is ignored rather than refused
      scopes: [options.scope, "directory:website"],
      responseTypes: ["code"],
      cookies: { keys: [Crypto.randomUUID()] },
      routes: {
        token: paths.token,
        introspection: paths.introspection,
        revocation: paths.revocation,
        pushed_authorization_request: paths.pushedAuthorizationRequest,
      },
      discovery: {
        mtls_endpoint_aliases: {
          token_endpoint: options.aliasOrigin + paths.token,
          introspection_endpoint: options.aliasOrigin + paths.introspection,
          revocation_endpoint: options.aliasOrigin + paths.revocation,
          pushed_authorization_request_endpoint:
            options.aliasOrigin + paths.pushedAuthorizationRequest,
        },
      },
      ttl: { ClientCredentials: options.tokenLifetime },
      formats: {
        customizers: {
          jwt: async (_ctx, token, { payload }) => {
            const [jti, iat, exp] = [String(payload.jti), Number(payload.iat), Number(payload.exp)];
            const { clientId, kind, scope, "x5t#S256": thumbprint } = token;
            const stored = {
              kind,
              jti,
              iat,
              exp,
              clientId,
              scope,
              aud: options.resource,
              "x5t#S256": thumbprint,
            };
            await store.adapter(kind).upsert(jti, stored, exp - iat);
          },
        },
      },
      features: {
        devInteractions: { enabled: false },
        clientCredentials: { enabled: true },
        introspection: { enabled: true, allowedPolicy: ownToken },
        revocation: { enabled: true, allowedPolicy: ownToken },
        pushedAuthorizationRequests: { enabled: true },
        resourceIndicators: {
          enabled: true,
          defaultResource: () => options.resource,
          getResourceServerInfo: () => ({
            scope: options.scope,
            audience: options.resource,
            accessTokenFormat: "jwt",
            jwt: { sign: { alg: "PS256" } },
          }),
        },
        mTLS: {
          enabled: true,
          tlsClientAuth: true,
          certificateBoundAccessTokens: true,
          getCertificate: (ctx) => socketOf(ctx).getPeerX509Certificate(),
          certificateAuthorized: (ctx) => socketOf(ctx).authorized,
          certificateSubjectMatches: (ctx, property, expected) =>
            property === "tls_client_auth_subject_dn" &&
            subjectOf(socketOf(ctx).getPeerX509Certificate()) === expected,
        },
      },
    });
    // Koa prints what goes wrong in a handler; here it is the 500 that the client sees
    provider.silent = true;
    const callback = provider.callback();

    const verify = (token: string) =>
      Jose.jwtVerify<IssuedClaims>(token, signing.publicKey, {
        issuer: options.issuer,
        audience: options.resource,
        typ: "at+jwt",
        algorithms: ["PS256"],
      });

    return {
      answer: (exchange) =>
        Effect.promise(async () => {
          const { path, body } = exchange.received;
          const form = new URLSearchParams(body);
          const token = form.get("token");
          if ((path === paths.introspection || path === paths.revocation) && token !== null) {
            form.set(
              "token",
              await verify(token).then(
                ({ payload }) => payload.jti,
                () => "none",
              ),
            );
            await callback(replay(exchange.incoming, form.toString()), exchange.outgoing());
          } else {
            await callback(replay(exchange.incoming, body), exchange.outgoing());
          }
        }),
      check: ({ received }, authorization) =>
        Effect.promise(async () => {
          const token = TokenLedger.bearer(authorization);
          if (token === undefined) return "missing";
          try {
            const { payload } = await verify(token);
            if (!store.has("ClientCredentials", payload.jti)) return "revoked";
            const bound = payload.cnf?.["x5t#S256"];
            return bound === undefined || bound === received.certificate
              ? undefined
              : "certificate";
          } catch (cause) {
            return cause instanceof Jose.errors.JWTExpired ? "expired" : "unknown";
          }
        }),
      revokeTokens: () => store.clear("ClientCredentials"),
    };
  });

interface IssuedClaims {
  readonly jti: string;
  readonly iat: number;
  readonly exp: number;
  readonly scope?: string;
  readonly cnf?: { readonly "x5t#S256"?: string };
}

const ownToken = (
  _ctx: unknown,
  client: { readonly clientId: string },
  token: { readonly clientId?: string | undefined },
) => token.clientId === client.clientId;

const socketOf = (ctx: { readonly req: Http.IncomingMessage }) => ctx.req.socket as Tls.TLSSocket;

// Node prints RFC 4514 values, one attribute a line, in the order of the certificate
const subjectOf = (certificate: Crypto.X509Certificate | undefined) =>
  certificate?.subject.split("\n").toReversed().join(",");

/** The request once more, for its body has been read to be recorded. */
const replay = (original: Http.IncomingMessage, body: string): Http.IncomingMessage => {
  const request = new Http.IncomingMessage(original.socket);
  request.method = original.method;
  request.url = original.url;
  request.httpVersion = original.httpVersion;
  request.httpVersionMajor = original.httpVersionMajor;
  request.httpVersionMinor = original.httpVersionMinor;
  request.rawHeaders = original.rawHeaders;
  request.headers = { ...original.headers };
  if (request.headers["content-length"] !== undefined) {
    request.headers["content-length"] = String(Buffer.byteLength(body));
  }
  request.push(body);
  request.push(null);
  request.complete = true;
  return request;
};
