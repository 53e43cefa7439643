import type { Refusal } from "@x/testing/Emulator";
import { bearerToken } from "@x/testing/ReceivedRequest";
import type { Exchange } from "@x/testing/TlsListener";
import * as Effect from "effect/Effect";
import * as Crypto from "node:crypto";
import * as Http from "node:http";
import type * as Tls from "node:tls";
import type { ClientMetadata } from "oidc-provider";
import { Provider } from "oidc-provider/lib/provider.js";
import * as AccessTokens from "./accessTokens.ts";
import * as OidcStore from "./oidcStore.ts";

export const paths = {
  discovery: "/.well-known/openid-configuration",
  token: "/token",
  introspection: "/token/introspection",
  revocation: "/token/revocation",
  pushedAuthorizationRequest: "/request",
} as const;

/** An authorization server behind two listeners, and the check of its tokens at an API. */
export interface OidcServer {
  /** Lets oidc-provider write the response. */
  readonly answer: (exchange: Exchange) => Effect.Effect<void>;
  /** Returns why the API refuses a call, or `undefined` if it accepts the token. */
  readonly check: (exchange: Exchange) => Refusal | undefined;
  readonly revokeTokens: () => void;
}

/**
 * Makes an oidc-provider that serves one issuer through two listeners.
 *
 * oidc-provider does not store JWT access tokens, so it can neither introspect nor revoke them.
 * Here the `jwt` customizer stores each token under its `jti` before it is signed. Requests to
 * the two endpoints reach oidc-provider with the `jti` in place of the verified JWT.
 */
export const make = (options: {
  readonly issuer: string;
  readonly aliasOrigin: string;
  /** Resource indicator of the API: the `aud` of every token. */
  readonly resource: string;
  readonly scope: string;
  readonly clients: ReadonlyArray<ClientMetadata>;
  /** Returns the lifetime of the next token in seconds. */
  readonly tokenLifetime: () => number;
}): OidcServer => {
  const store = OidcStore.make();
  const tokens = AccessTokens.make(options);
  const provider = new Provider(options.issuer, {
    adapter: store.adapter,
    jwks: { keys: [tokens.jwk] },
    clients: [...options.clients],
    clientAuthMethods: ["tls_client_auth", "private_key_jwt"],
    // the second scope belongs to no client: oidc-provider refuses it but ignores unknown scopes
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
  // Koa prints errors of handlers; the client sees a 500 all the same
  provider.silent = true;
  const callback = provider.callback();

  const bodyFor = ({ received: { body, path } }: Exchange): string => {
    const form = new URLSearchParams(body);
    const token = form.get("token");
    if ((path !== paths.introspection && path !== paths.revocation) || token === null) return body;
    const claims = tokens.verify(token);
    form.set("token", typeof claims === "string" ? "none" : claims.jti);
    return form.toString();
  };

  return {
    answer: (exchange) =>
      Effect.promise(() =>
        callback(replay(exchange.incoming, bodyFor(exchange)), exchange.outgoing()),
      ),
    check: ({ received }) => {
      const token = bearerToken(received);
      if (token === undefined) return "missing";
      const claims = tokens.verify(token);
      if (typeof claims === "string") return claims;
      if (!store.has("ClientCredentials", claims.jti)) return "revoked";
      const bound = claims.cnf?.["x5t#S256"];
      return bound === undefined || bound === received.certificate ? undefined : "certificate";
    },
    revokeTokens: () => store.clear("ClientCredentials"),
  };
};

const ownToken = (
  _ctx: unknown,
  client: { readonly clientId: string },
  token: { readonly clientId?: string | undefined },
) => token.clientId === client.clientId;

const socketOf = (ctx: { readonly req: Http.IncomingMessage }) => ctx.req.socket as Tls.TLSSocket;

// Node prints one attribute a line with RFC 4514 values, in the order of the certificate
const subjectOf = (certificate: Crypto.X509Certificate | undefined) =>
  certificate?.subject.split("\n").toReversed().join(",");

/** Makes a readable copy of a request whose body has been read. */
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
