// Certificates

import * as Effect from "effect/Effect";
import type * as PlatformError from "effect/PlatformError";
import * as Redacted from "effect/Redacted";
import type * as Scope from "effect/Scope";
import { type Algorithm, type Authority, type Certificate, type Validity } from "./internal/issue.ts";
export type { Algorithm, Authority, Certificate, Validity } from "./internal/issue.ts";
/**
 * Options of a client certificate.
 *
 * @since 0.1.0
 */
export interface ClientOptions extends Validity {
    readonly commonName: string;
    /** Default `"EC"`. */
    readonly algorithm?: Algorithm | undefined;
}
/**
 * Options of a server certificate.
 *
 * @since 0.1.0
 */
export interface ServerOptions extends Validity {
    /** Names and addresses besides `localhost`, `127.0.0.1` and `::1`. */
    readonly hosts?: ReadonlyArray<string> | undefined;
}
declare const CertificateError_base: new <A extends Record<string, any> = {}>(args: import("effect/Types").VoidIfEmpty<{ readonly [P in keyof A as P extends "_tag" ? never : P]: A[P]; }>) => import("effect/Cause").YieldableError & {
    readonly _tag: "CertificateError";
} & Readonly<A>;
/**
 * Error for key material that cannot be read or encrypted.
 *
 * @since 0.1.0
 */
export declare class CertificateError extends CertificateError_base<{
    readonly message: string;
    readonly cause: unknown;
}> {
}
/**
 * Makes a root certificate that can issue others.
 *
 * @since 0.1.0
 */
export declare const makeAuthority: (name: string) => Effect.Effect<Authority>;
/**
 * Issues a server certificate for this machine.
 *
 * @since 0.1.0
 */
export declare const issueServer: (authority: Authority, options?: ServerOptions) => Effect.Effect<Certificate>;
/**
 * Issues a client certificate.
 *
 * @since 0.1.0
 */
export declare const issueClient: (authority: Authority, options: ClientOptions) => Effect.Effect<Certificate>;
/**
 * Issues a client certificate that expired a day ago.
 *
 * @since 0.1.0
 */
export declare const issueExpiredClient: (authority: Authority, options: ClientOptions) => Effect.Effect<Certificate>;
/**
 * Issues a client certificate that becomes valid tomorrow.
 *
 * @since 0.1.0
 */
export declare const issueFutureClient: (authority: Authority, options: ClientOptions) => Effect.Effect<Certificate>;
/**
 * Makes a self-signed client certificate.
 *
 * @since 0.1.0
 */
export declare const selfSigned: (options: ClientOptions) => Effect.Effect<Certificate>;
/**
 * Encrypts a private key as PKCS#8 PEM under AES-256-CBC.
 *
 * @since 0.1.0
 */
export declare const encryptPrivateKey: (privateKey: string, passphrase: Redacted.Redacted) => Effect.Effect<string, CertificateError>;
/**
 * Packs a certificate and its key into a PFX file under AES-256-CBC (PKCS#12, RFC 7292).
 *
 * `omit` leaves out the key or the certificate.
 *
 * @since 0.1.0
 */
export declare const pfx: (self: Pick<Certificate, "certificate" | "privateKey">, passphrase: Redacted.Redacted, options?: {
    readonly omit?: "privateKey" | "certificate" | undefined;
}) => Effect.Effect<Uint8Array, CertificateError>;
/**
 * Paths of the files that `writeFiles` wrote.
 *
 * @since 0.1.0
 */
export interface Files {
    readonly directory: string;
    /** `client.crt`, PEM. */
    readonly certificate: string;
    /** `client.key`, PEM, not encrypted. */
    readonly privateKey: string;
    /** `client.encrypted.key`, PEM under `passphrase`. */
    readonly encryptedPrivateKey: string;
    /** `client.pfx` under `passphrase`. */
    readonly pfx: string;
    readonly passphrase: Redacted.Redacted;
}
/**
 * Writes a certificate to a temporary directory that the scope removes.
 *
 * The passphrase is random unless one is given. Only the owner can read the key files.
 *
 * @since 0.1.0
 */
export declare const writeFiles: (self: Pick<Certificate, "certificate" | "privateKey">, options?: {
    readonly passphrase?: Redacted.Redacted | undefined;
}) => Effect.Effect<Files, CertificateError | PlatformError.PlatformError, Scope.Scope>;

// Emulator

/**
 * An emulated vendor: a token endpoint and an API over TLS on 127.0.0.1.
 *
 * @since 0.1.0
 */
import type * as Provider from "@x/core/Provider";
import type * as Secret from "@x/core/Secret";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as HttpServerResponse from "effect/http/HttpServerResponse";
import type * as Scope from "effect/Scope";
import * as Certificates from "./Certificates.ts";
import * as TokenLedger from "./internal/tokenLedger.ts";
import type * as ReceivedRequest from "./ReceivedRequest.ts";
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
export type OptionsOf<S extends {
    readonly layer: (options: any) => unknown;
}> = {
    readonly [K in keyof Provider.OptionsOf<S>]: Exclude<Provider.OptionsOf<S>[K], Secret.Secret>;
} & {
    readonly apiUrl: string;
};
/**
 * Returns the path of a URL in a vendor's definition, or `""` where it is the root.
 *
 * Throws for a URL that depends on options, and for one that the definition leaves out.
 *
 * @since 0.1.0
 */
export declare const pathOf: (place: Provider.Environment["tokenUrl"]) => string;
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
    readonly token: {
        readonly token_type: string;
        readonly [member: string]: unknown;
    };
    readonly refuse: (why: TokenLedger.Refusal) => HttpServerResponse.HttpServerResponse;
    /** Answers an API call with a valid token; `path` is the part after `apiPath`. */
    readonly api: (request: ReceivedRequest.ReceivedRequest, path: string) => HttpServerResponse.HttpServerResponse;
}
/**
 * Starts an emulator, which stops and closes its connections when the scope closes.
 *
 * @since 0.1.0
 */
export declare const make: (profile: Profile) => Effect.Effect<Emulator, never, Scope.Scope>;
/**
 * Refuses a call as RFC 6750 §3 says: without an error code if the token is missing.
 *
 * @since 0.1.0
 */
export declare const bearerChallenge: (why: TokenLedger.Refusal) => HttpServerResponse.HttpServerResponse;
/**
 * Answers an API call with its own method and path.
 *
 * @since 0.1.0
 */
export declare const echo: Profile["api"];
/**
 * Generates 24 random hexadecimal digits for client ids and secrets.
 *
 * @since 0.1.0
 */
export declare const randomId: Effect.Effect<string>;

// ProviderContract

/**
 * Tests that every provider passes, as values that any test runner can run.
 *
 * Layers, `Config` keys, required options and secrets follow from the service class and its options.
 *
 * ```ts
 * for (const { name, run } of ProviderContract.cases(subject)) it.live(name, () => run)
 * ```
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect";
import type * as Scope from "effect/Scope";
import { type Subject } from "./internal/contract/subject.ts";
export type { Service, Subject } from "./internal/contract/subject.ts";
/**
 * One test of the contract.
 *
 * @since 0.1.0
 */
export interface Case {
    readonly name: string;
    /** Starts its own emulator and fails if the provider breaks the contract. */
    readonly run: Effect.Effect<void, unknown, Scope.Scope>;
}
/**
 * Returns the tests of the contract; each one builds a new subject.
 *
 * @since 0.1.0
 */
export declare const cases: <Self, O extends object, R, K>(subject: Effect.Effect<Subject<Self, O, R, K>, unknown, Scope.Scope>) => ReadonlyArray<Case>;

// RawHttp

/**
 * Plain HTTP requests for tests of an emulator, without any token logic.
 *
 * @since 0.1.0
 */
import type * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import type * as Headers from "effect/http/Headers";
import * as HttpClient from "effect/http/HttpClient";
import type * as HttpClientError from "effect/http/HttpClientError";
import * as Layer from "effect/Layer";
import type * as Certificates from "./Certificates.ts";
import type * as Emulator from "./Emulator.ts";
/**
 * An answer whose body has been read.
 *
 * @since 0.1.0
 */
export interface Answer {
    readonly status: number;
    readonly headers: Headers.Headers;
    readonly text: string;
    /** The body if it is a JSON object, else an empty object. */
    readonly json: Readonly<Record<string, unknown>>;
}
/**
 * Posts a form.
 *
 * @since 0.1.0
 */
export declare const post: (url: string, form: Readonly<Record<string, string>>, headers?: Readonly<Record<string, string>>) => Effect.Effect<Answer, HttpClientError.HttpClientError, HttpClient.HttpClient>;
/**
 * Calls an API with GET, and with a bearer token if one is given.
 *
 * @since 0.1.0
 */
export declare const call: (url: string, token?: string) => Effect.Effect<Answer, HttpClientError.HttpClientError, HttpClient.HttpClient>;
/**
 * Makes the `Authorization` header of HTTP Basic (RFC 7617).
 *
 * @since 0.1.0
 */
export declare const basic: (id: string, secret: string) => {
    readonly authorization: string;
};
/**
 * Makes the `Authorization` header of RFC 6749 §2.3.1, which form-encodes both halves first.
 *
 * @since 0.1.0
 */
export declare const formEncodedBasic: (id: string, secret: string) => {
    readonly authorization: string;
};
/**
 * Returns the `access_token` of an answer.
 *
 * @since 0.1.0
 */
export declare const accessToken: (answer: Pick<Answer, "json">) => string;
/**
 * Runs an effect with a client that trusts the emulator, and with a certificate if one is given.
 *
 * @since 0.1.0
 */
export declare const withClient: (emulator: Pick<Emulator.Emulator, "certificateAuthority">, certificate?: Certificates.Certificate) => <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, Exclude<R, HttpClient.HttpClient>>;
/**
 * Runs a test with a new emulator and a client without a certificate.
 *
 * @since 0.1.0
 */
export declare const against: <Self, Running extends Pick<Emulator.Emulator, "certificateAuthority">>(service: Context.Service<Self, Running>, layer: Layer.Layer<Self>) => <A, E, R>(test: (emulator: Running) => Effect.Effect<A, E, R>) => Effect.Effect<A, E, Exclude<Exclude<R, HttpClient.HttpClient>, Self>>;
/**
 * Returns whether a server with this authority listens on the port of a URL.
 *
 * A server with another authority on the same port counts as none.
 *
 * @since 0.1.0
 */
export declare const listens: (url: string, certificateAuthority: string) => Effect.Effect<boolean>;

// ReceivedRequest

/**
 * A request as a test server received it.
 *
 * @since 0.1.0
 */
/**
 * One request.
 *
 * @since 0.1.0
 */
export interface ReceivedRequest {
    readonly method: string;
    /** Request target with its query. */
    readonly path: string;
    /** Headers in order of arrival, repeated ones included, with names in lower case. */
    readonly headers: ReadonlyArray<readonly [name: string, value: string]>;
    /** Body decoded as UTF-8. */
    readonly body: string;
    /** `x5t#S256` of the client certificate, trusted or not (RFC 8705 §3.1). */
    readonly certificate: string | undefined;
    /** Time of arrival in epoch milliseconds. */
    readonly at: number;
}
/**
 * Returns the first header with a name, which must be in lower case.
 *
 * @since 0.1.0
 */
export declare const header: (self: ReceivedRequest, name: string) => string | undefined;
/**
 * Returns the token of the `Authorization: Bearer` header (RFC 6750 §2.1).
 *
 * @since 0.1.0
 */
export declare const bearerToken: (self: ReceivedRequest) => string | undefined;

// RequestLog

/**
 * A bounded record of the requests that a test server received.
 *
 * @since 0.1.0
 */
import type { ReceivedRequest } from "./ReceivedRequest.ts";
/**
 * The newest 10,000 requests in order of arrival, and the count of all requests.
 *
 * @since 0.1.0
 */
export interface RequestLog {
    readonly record: (request: ReceivedRequest) => void;
    readonly newest: () => ReadonlyArray<ReceivedRequest>;
    readonly count: () => number;
    /** Empties the log and sets the count to zero. */
    readonly forget: () => void;
}
/**
 * Makes an empty log.
 *
 * @since 0.1.0
 */
export declare const make: () => RequestLog;

// TestHttpClient

import type { HttpClient } from "effect/http/HttpClient";
import * as Layer from "effect/Layer";
import type { Certificate } from "./Certificates.ts";
/**
 * Provides an undici `HttpClient` that trusts the given authority (PEM).
 *
 * @since 0.1.0
 */
export declare const layer: (certificateAuthority: string) => Layer.Layer<HttpClient>;
/**
 * Provides an undici `HttpClient` that trusts the authority (PEM) and shows a client certificate.
 *
 * @since 0.1.0
 */
export declare const layerMutualTls: (certificateAuthority: string, certificate: Pick<Certificate, "certificate" | "privateKey">) => Layer.Layer<HttpClient>;

// TlsListener

import * as Effect from "effect/Effect";
import type { HttpServerError } from "effect/http/HttpServerError";
import type { HttpServerResponse } from "effect/http/HttpServerResponse";
import type * as Scope from "effect/Scope";
import type * as Crypto from "node:crypto";
import type * as Http from "node:http";
import type { Authority, Certificate } from "./Certificates.ts";
import type { ReceivedRequest } from "./ReceivedRequest.ts";
/**
 * Client certificate of a TLS connection.
 *
 * @since 0.1.0
 */
export interface Peer {
    readonly certificate: Crypto.X509Certificate | undefined;
    /** Whether the certificate chains to the authority and is valid now. */
    readonly trusted: boolean;
}
/**
 * A request with its connection, as a handler receives it.
 *
 * @since 0.1.0
 */
export interface Exchange {
    readonly received: ReceivedRequest;
    readonly peer: Peer;
    readonly incoming: Http.IncomingMessage;
    /** Returns Node's response, for handlers that write to it themselves. */
    readonly outgoing: () => Http.ServerResponse;
}
/**
 * Answers a request.
 *
 * @since 0.1.0
 */
export type Handler = (exchange: Exchange) => Effect.Effect<HttpServerResponse, HttpServerError>;
/**
 * A port that accepts TLS connections.
 *
 * @since 0.1.0
 */
export interface TlsListener {
    /** `https://localhost:port`. */
    readonly origin: string;
    /** Answers requests with the handler until the scope closes. */
    readonly serve: (handler: Handler) => Effect.Effect<void, never, Scope.Scope>;
}
/**
 * Opens a port on 127.0.0.1 with TLS; the port is known before `serve`.
 *
 * The handshake accepts clients without a certificate and with an untrusted one. The handler
 * decides, because real servers also refuse certificates with an HTTP answer.
 *
 * @since 0.1.0
 */
export declare const open: (options: {
    readonly authority: Authority;
    readonly server: Certificate;
    /** Whether the handshake asks for a client certificate. */
    readonly requestCertificate: boolean;
}) => Effect.Effect<TlsListener, never, Scope.Scope>;

// TokenRequestCheck

/**
 * Checks that a token endpoint makes before it issues a token.
 *
 * @since 0.1.0
 */
import * as HttpServerResponse from "effect/http/HttpServerResponse";
import * as Redacted from "effect/Redacted";
import * as ReceivedRequest from "./ReceivedRequest.ts";
import type * as TlsListener from "./TlsListener.ts";
/**
 * A token request with its decoded form.
 *
 * @since 0.1.0
 */
export interface TokenRequest {
    readonly received: ReceivedRequest.ReceivedRequest;
    readonly form: URLSearchParams;
    /** The client's certificate, and whether the emulator's authority issued it and it is valid now. */
    readonly peer: TlsListener.Peer;
}
/**
 * Returns the answer of a refusal, or `undefined` if the request passes.
 *
 * @since 0.1.0
 */
export type Check = (request: TokenRequest) => HttpServerResponse.HttpServerResponse | undefined;
/**
 * Makes an error answer of a token endpoint (RFC 6749 §5.2), status 400 by default.
 *
 * @since 0.1.0
 */
export declare const error: (code: string, description: string, options?: {
    readonly status?: number;
    readonly headers?: Record<string, string>;
}) => HttpServerResponse.HttpServerResponse;
/**
 * Requires a form POST without repeated fields (RFC 6749 §3.2).
 *
 * @since 0.1.0
 */
export declare const form: Check;
/**
 * Requires a grant type.
 *
 * @since 0.1.0
 */
export declare const grantType: (expected: "client_credentials" | "password") => Check;
/**
 * Requires a form field with this name and value, both case-sensitive.
 *
 * @since 0.1.0
 */
export declare const field: (name: string, expected: string | Redacted.Redacted, refusal?: HttpServerResponse.HttpServerResponse) => Check;
/**
 * Refuses requests with an `Authorization` header.
 *
 * @since 0.1.0
 */
export declare const noAuthorization: Check;
/**
 * Requires HTTP Basic with the plain Base64 of `id:secret` (RFC 7617).
 *
 * It refuses halves that are form-encoded first (RFC 6749 §2.3.1).
 *
 * @since 0.1.0
 */
export declare const basic: (credentials: {
    readonly clientId: string;
    readonly clientSecret: Redacted.Redacted;
}, refusal?: HttpServerResponse.HttpServerResponse) => Check;
/**
 * Requires a trusted client certificate with this common name (RFC 8705 §2.1).
 *
 * A renewed certificate with the same name passes too.
 *
 * @since 0.1.0
 */
export declare const clientCertificate: (commonName: string) => Check;

// TokenServer

/**
 * A token server that plays a script of good answers, bad answers and faults.
 *
 * The same script runs over TLS sockets (`layer`) or in memory as an `HttpClient` (`layerHttpClient`).
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as HttpClient from "effect/http/HttpClient";
import * as Layer from "effect/Layer";
import * as Certificates from "./Certificates.ts";
import type { Script } from "./internal/answer.ts";
import type { ReceivedRequest } from "./ReceivedRequest.ts";
export type { Answer, Body, Drip, Framing, Headers, Phase, Script } from "./internal/answer.ts";
export { type BreakOptions, closeAt, delayed, dripped, endless, error, garbage, gzipBomb, hang, hangAt, json, type Options, oversizedHeaders, redirect, reset, resetAt, respond, token, truncate, } from "./internal/answers.ts";
declare const TokenServer_base: Context.ServiceClass<TokenServer, "@x/testing/TokenServer", {
    /** `https://localhost:port`; in memory a host name that no DNS knows. */
    readonly origin: string;
    readonly tokenUrl: string;
    /** PEM. */
    readonly certificateAuthority: string;
    /**
     * Issues client certificates that the server trusts.
     *
     * The server asks for a certificate and accepts every one, or none.
     */
    readonly authority: Certificates.Authority;
    /** The newest 10,000 requests. */
    readonly requests: Effect.Effect<ReadonlyArray<ReceivedRequest>>;
    readonly requestCount: Effect.Effect<number>;
    /** TCP connections accepted; 0 in memory. */
    readonly connectionCount: Effect.Effect<number>;
    /** TCP connections that are still open; 0 in memory. */
    readonly openConnectionCount: Effect.Effect<number>;
    /** Plays another script from its beginning. */
    readonly setScript: (script: Script) => Effect.Effect<void>;
    /** Empties the record of requests and sets the count to zero. */
    readonly forgetRequests: Effect.Effect<void>;
}>;
/**
 * A running scripted server.
 *
 * The script answers every path, so it can also serve a discovery document.
 *
 * @since 0.1.0
 */
export declare class TokenServer extends TokenServer_base {
}
/**
 * Plays a script over TLS on 127.0.0.1, with its own certificate authority.
 *
 * @since 0.1.0
 */
export declare const layer: (script: Script) => Layer.Layer<TokenServer>;
/**
 * Plays a script in memory and provides the `HttpClient` that reaches it.
 *
 * Errors are those that undici reports over sockets, down to the `code` of the cause.
 * Delays use the caller's `Clock`. When the scope closes, waiting callers get a closed
 * connection and later callers a refused one.
 *
 * @since 0.1.0
 */
export declare const layerHttpClient: (script: Script) => Layer.Layer<TokenServer | HttpClient.HttpClient>;

// index

/**
 * Tools for tests: vendor emulators, a scripted token server and throw-away certificates.
 *
 * @since 0.1.0
 */
export * as Certificates from "./Certificates.ts";
export * as Emulator from "./Emulator.ts";
export * as ProviderContract from "./ProviderContract.ts";
export * as RawHttp from "./RawHttp.ts";
export * as ReceivedRequest from "./ReceivedRequest.ts";
export * as RequestLog from "./RequestLog.ts";
export * as TestHttpClient from "./TestHttpClient.ts";
export * as TlsListener from "./TlsListener.ts";
export * as TokenRequestCheck from "./TokenRequestCheck.ts";
export * as TokenServer from "./TokenServer.ts";

// internal/issue

import "reflect-metadata";
import * as Effect from "effect/Effect";
import * as Crypto from "node:crypto";
/**
 * A certificate with its private key.
 *
 * @since 0.1.0
 */
export interface Certificate {
    /** PEM. */
    readonly certificate: string;
    /** PKCS#8 PEM, not encrypted. */
    readonly privateKey: string;
    /** `x5t#S256`: base64url of the SHA-256 of the DER bytes (RFC 8705 §3.1). */
    readonly thumbprint: string;
    /** Distinguished name in the form of RFC 4514, as `tls_client_auth_subject_dn` expects it. */
    readonly subject: string;
}
/**
 * A root certificate with the keys that sign other certificates.
 *
 * @since 0.1.0
 */
export interface Authority extends Certificate {
    readonly keys: Crypto.webcrypto.CryptoKeyPair;
}
/**
 * Key types: EC is P-256, RSA has 2048 bits.
 *
 * @since 0.1.0
 */
export type Algorithm = "EC" | "RSA";
/**
 * Dates between which a certificate is valid; by default from an hour ago to a day ahead.
 *
 * @since 0.1.0
 */
export interface Validity {
    readonly notBefore?: Date | undefined;
    readonly notAfter?: Date | undefined;
}
/** Purpose of a certificate. */
export type Usage = {
    readonly _tag: "authority";
} | {
    readonly _tag: "server";
    readonly hosts: ReadonlyArray<string>;
} | {
    readonly _tag: "client";
};
/** Generates keys and a certificate for them; without an issuer the certificate is self-signed. */
export declare const issue: (options: Validity & {
    readonly commonName: string;
    readonly algorithm: Algorithm;
    readonly usage: Usage;
    readonly issuer: Authority | undefined;
}) => Effect.Effect<Authority>;

// internal/tokenLedger

import { type ReceivedRequest } from "../ReceivedRequest.ts";
/**
 * Reason why an API refuses a call.
 *
 * `certificate`: the token is bound to another certificate than the connection's (RFC 8705 §3).
 *
 * @since 0.1.0
 */
export type Refusal = "missing" | "unknown" | "expired" | "revoked" | "certificate";
interface Entry {
    readonly scope: string | undefined;
    /** Thumbprint of the certificate to which the token is bound (RFC 8705 §3). */
    readonly certificate: string | undefined;
    /** Epoch milliseconds. */
    readonly expiresAt: number;
}
/** The tokens that an emulator issued. */
export interface TokenLedger {
    readonly issue: (format: "opaque" | "jwt", entry: Entry) => string;
    readonly check: (request: ReceivedRequest) => Refusal | undefined;
    readonly revokeAll: () => void;
}
export declare const make: () => TokenLedger;
export {};

// internal/contract/subject

import type * as Options from "@x/core/Options";
import type * as Provider from "@x/core/Provider";
import type * as TokenError from "@x/core/TokenError";
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as HttpClient from "effect/http/HttpClient";
import * as Layer from "effect/Layer";
import type * as Scope from "effect/Scope";
import type * as Emulator from "../../Emulator.ts";
import * as Derive from "./derive.ts";
/**
 * The class that `Provider.Service` makes, as far as the contract uses it.
 *
 * @since 0.1.0
 */
export interface Service<Self, O, R, K> extends Context.Service<Self, Provider.Provider<unknown, K>> {
    readonly definition: {
        readonly configPrefix: string;
        readonly options: Options.Fields;
    };
    readonly layer: (options: O) => Layer.Layer<Self, TokenError.TokenError, R>;
    readonly layerConfig: (overrides?: Partial<O>, settings?: {
        readonly prefix?: string;
    }) => Layer.Layer<Self, TokenError.TokenError, R>;
    readonly layerHttpClient: Layer.Layer<HttpClient.HttpClient, never, Self>;
    readonly layerTest: () => Layer.Layer<Self>;
    readonly optionsTable: string;
}
/**
 * A vendor's service class and the emulator that it calls.
 *
 * @since 0.1.0
 */
export interface Subject<Self, O extends object, R, K> {
    readonly service: Service<Self, O, R, K>;
    readonly emulator: Emulator.Emulator;
    /** Options for the emulator. Secrets are `Redacted`; the contract looks for them in every output. */
    readonly options: O;
    /** Everything that the vendor's layer needs, such as an `HttpClient` that trusts the emulator. */
    readonly transport: Layer.Layer<R, TokenError.TokenError>;
    /** Options with credentials that the emulator refuses, or a transport with such a certificate. */
    readonly refused: Partial<O> | Layer.Layer<R, TokenError.TokenError>;
    /** The expected token request. */
    readonly golden: {
        /** Expected `Authorization` header, or `undefined` if there must be none. */
        readonly authorization?: string | undefined;
        /** Expected body; a pattern if it contains an assertion. */
        readonly body: string | RegExp;
        /** Thumbprint of the client certificate that the token endpoint must see. */
        readonly certificate?: string | undefined;
        /** Thumbprint of the client certificate that the API must see. */
        readonly apiCertificate?: string | undefined;
    };
    /** Values for `with`, other than those in the options, where the vendor lets calls choose. */
    readonly perCall?: K | undefined;
    /** Texts besides the secrets in the options that no error and no value may show. */
    readonly secrets?: ReadonlyArray<string> | undefined;
}
type AnyProvider = Provider.Provider<unknown, never>;
type Changes = Readonly<Record<string, unknown>>;
type Built<A> = Effect.Effect<A, TokenError.TokenError, Scope.Scope>;
/** A subject without its types: what promises run against. */
export interface Promised {
    readonly emulator: Emulator.Emulator;
    readonly golden: Subject<never, object, never, never>["golden"];
    readonly options: Changes;
    readonly apiUrl: string;
    readonly secrets: ReadonlyArray<string>;
    /** The keys that `layerConfig` must read, with the values of the options. */
    readonly environment: (prefix?: string) => Readonly<Record<string, string>>;
    readonly prefix: string;
    readonly table: ReadonlyArray<Derive.Row>;
    /** Builds the service value, with changed options. */
    readonly provider: (changes?: Changes) => Built<AnyProvider>;
    /** Builds the service value from environment variables. */
    readonly configured: (env: Readonly<Record<string, string>>, prefix?: string) => Built<AnyProvider>;
    readonly refused: Built<AnyProvider>;
    /** A provider without values of a call, with none, and with the subject's. */
    readonly choosing: Built<readonly [base: AnyProvider, unchanged: AnyProvider, chosen: AnyProvider | undefined]>;
    /** The `HttpClient` that `layerHttpClient` provides. */
    readonly httpClient: Built<HttpClient.HttpClient>;
    readonly fake: Effect.Effect<AnyProvider, never, Scope.Scope>;
}
/** Promises by name; each runs against a new emulator. */
export type Promises = Readonly<Record<string, (subject: Promised) => Effect.Effect<void, unknown, Scope.Scope>>>;
/** Derives from a subject all that promises need. */
export declare const erase: <Self, O extends object, R, K>(subject: Subject<Self, O, R, K>) => Promised;
export {};

// internal/answer

import type { NonEmptyReadonlyArray } from "effect/Array";
import type * as Duration from "effect/Duration";
import type * as Effect from "effect/Effect";
import type { ReceivedRequest } from "../ReceivedRequest.ts";
/**
 * How far a connection has come when the server acts on it.
 *
 * | Phase | The client has received | The server has read |
 * | --- | --- | --- |
 * | `accept` | a TCP connection | nothing |
 * | `handshake` | the first bytes of the server's hello | the client's hello |
 * | `tls` | a TLS connection | no request |
 * | `request` | no byte of an answer | the request |
 * | `headers` | half of the head | the request |
 * | `body` | the head and part of the body | the request |
 *
 * @since 0.1.0
 */
export type Phase = "accept" | "handshake" | "tls" | "request" | "headers" | "body";
/**
 * Headers by name; a list sends the header once for each value.
 *
 * @since 0.1.0
 */
export type Headers = Readonly<Record<string, string | ReadonlyArray<string>>>;
/**
 * Body of an answer; text is sent as UTF-8.
 *
 * @since 0.1.0
 */
export type Body = string | Uint8Array;
/**
 * Sends bytes in pieces, with a pause before each piece after the first.
 *
 * @since 0.1.0
 */
export interface Drip {
    readonly pause: Duration.Input;
    /** Bytes in a piece; default 1. */
    readonly bytes?: number | undefined;
    /** First part that is cut into pieces. Default `"body"`: the head is sent whole. */
    readonly from?: "headers" | "body" | undefined;
}
/**
 * How a client learns where a body ends; with `"close"` only from the end of the connection.
 *
 * @since 0.1.0
 */
export type Framing = "content-length" | "chunked" | "close";
/**
 * What the server does with one request or one connection.
 *
 * @since 0.1.0
 */
export type Answer = ({
    readonly _tag: "Respond";
    readonly status: number;
    readonly headers: Headers;
    readonly body: Body;
}
/** Stops and keeps the connection (`Hang`), resets it (`Reset`) or closes it (`Close`). */
 | {
    readonly _tag: "Hang" | "Reset" | "Close";
    /** Default `"request"`. */
    readonly at?: Phase | undefined;
    /** Status of an answer that stops at `"headers"` or `"body"`; default 200. */
    readonly status?: number | undefined;
    readonly headers?: Headers | undefined;
    /** Bytes sent before the stop at `"body"`; the head promises 64 bytes more. */
    readonly body?: Body | undefined;
}
/** Closes the connection before the body is complete. */
 | {
    readonly _tag: "Truncate";
    readonly status: number;
    readonly headers: Headers;
    readonly body: Body;
    /** Number of body bytes that are sent. By default all, and the head promises 64 more. */
    readonly at?: number | undefined;
    /** Default `"content-length"`. */
    readonly framing?: Framing | undefined;
}
/** Sends `body`, then `filler` again and again. */
 | {
    readonly _tag: "Endless";
    readonly status: number;
    readonly headers: Headers;
    readonly body: Body;
    readonly filler: Body;
}
/** Sends bytes that need not be HTTP, then closes the connection. */
 | {
    readonly _tag: "Garbage";
    readonly bytes: Body;
}) & {
    /** Time to wait first; none by default. */
    readonly delay?: Duration.Input | undefined;
    /** Sends an answer with a head in pieces; whole by default. */
    readonly drip?: Drip | undefined;
};
/**
 * A list of answers, or a function of the request and its index.
 *
 * The last answer of a list repeats. In a list, an answer at `accept`, `handshake` or `tls`
 * applies to the next connection: the server closes the current one after the answer before.
 * These phases mean `request` for a request over an open connection, and in a function,
 * because the function is called with a request. In memory every request has its own connection.
 *
 * @since 0.1.0
 */
export type Script = NonEmptyReadonlyArray<Answer> | ((request: ReceivedRequest, index: number) => Answer | Effect.Effect<Answer>);

// internal/answers

/** The answers that a script is made of. */
import type * as Duration from "effect/Duration";
import type { Answer, Body, Drip, Framing, Headers, Phase } from "./answer.ts";
/**
 * Options of answers that send a head.
 *
 * @since 0.1.0
 */
export interface Options {
    /** Default 200. */
    readonly status?: number | undefined;
    readonly headers?: Headers | undefined;
    readonly delay?: Duration.Input | undefined;
    readonly drip?: Drip | undefined;
}
/**
 * Answers with a body.
 *
 * @since 0.1.0
 */
export declare const respond: (body: Body, options?: Options) => Answer;
/**
 * Answers with JSON.
 *
 * @since 0.1.0
 */
export declare const json: (value: unknown, options?: Options) => Answer;
/**
 * Answers with a token that lives one hour (RFC 6749 §5.1).
 *
 * `members` replace members of the answer; `undefined` removes one.
 *
 * @since 0.1.0
 */
export declare const token: (members?: Readonly<Record<string, unknown>>, options?: Options) => Answer;
/**
 * Answers with an OAuth error (RFC 6749 §5.2), status 400 by default.
 *
 * @since 0.1.0
 */
export declare const error: (code: string, options?: Options) => Answer;
/**
 * Redirects the client, with status 302 by default.
 *
 * @since 0.1.0
 */
export declare const redirect: (location: string, options?: Options) => Answer;
/**
 * Answers with a token and a header that is larger than clients accept, by default 1 MiB.
 *
 * @since 0.1.0
 */
export declare const oversizedHeaders: (bytes?: number, options?: Options) => Answer;
/**
 * Answers with a small gzip body that expands to JSON of the given size in MiB.
 *
 * The answer is compressed although the client did not ask for it.
 *
 * @since 0.1.0
 */
export declare const gzipBomb: (mebibytes?: number, options?: Options) => Answer;
/**
 * Sends bytes that are not HTTP, by default the greeting of an SSH server.
 *
 * In memory these bytes always fail: a 100 is a bad response, any other `HTTP/` is a closed
 * connection, everything else is a parser error.
 *
 * @since 0.1.0
 */
export declare const garbage: (bytes?: Body) => Answer;
/**
 * Options of answers that stop at a phase.
 *
 * @since 0.1.0
 */
export interface BreakOptions extends Options {
    /** Bytes sent before the answer stops at `"body"`. */
    readonly body?: Body | undefined;
}
/**
 * Sends nothing from a phase on and keeps the connection open.
 *
 * @since 0.1.0
 */
export declare const hangAt: (at: Phase, options?: BreakOptions) => Answer;
/**
 * Resets the connection at a phase with a TCP RST.
 *
 * @since 0.1.0
 */
export declare const resetAt: (at: Phase, options?: BreakOptions) => Answer;
/**
 * Closes the connection at a phase with a TCP FIN.
 *
 * @since 0.1.0
 */
export declare const closeAt: (at: Phase, options?: BreakOptions) => Answer;
/**
 * Never answers a request.
 *
 * @since 0.1.0
 */
export declare const hang: Answer;
/**
 * Resets the connection instead of an answer.
 *
 * @since 0.1.0
 */
export declare const reset: Answer;
/**
 * Closes the connection before the body is complete.
 *
 * @since 0.1.0
 */
export declare const truncate: (body?: Body, options?: Options & {
    /** Number of body bytes that are sent; by default all of them. */
    readonly at?: number | undefined;
    readonly framing?: Framing | undefined;
}) => Answer;
/**
 * Sends a body that never ends, by default a JSON string.
 *
 * @since 0.1.0
 */
export declare const endless: (options?: Options & {
    readonly body?: Body | undefined;
    readonly filler?: Body | undefined;
}) => Answer;
/**
 * Waits before it plays an answer.
 *
 * @since 0.1.0
 */
export declare const delayed: (answer: Answer, delay: Duration.Input) => Answer;
/**
 * Sends an answer in pieces with pauses between them.
 *
 * It does not change answers without a head.
 *
 * @since 0.1.0
 */
export declare const dripped: (answer: Answer, drip: Drip) => Answer;

// internal/contract/derive

/** Config keys and their values, derived from a vendor's definition and from options. */
import type * as Options from "@x/core/Options";
/** Returns the key of an option: `ACME_CLIENT_ID` for `clientId`. */
export declare const keyOf: (prefix: string, option: string) => string;
/**
 * Divides options into environment variables and overrides.
 *
 * Overrides are the options that no text can give, such as a signing key.
 */
export declare const config: <O extends object>(fields: Options.Fields, options: O) => {
    overrides: Partial<O>;
    environment: (prefix: string) => Readonly<Record<string, string>>;
};
/** A row of a vendor's table of keys. */
export interface Row {
    readonly key: string;
    readonly option: string;
    readonly required: boolean;
}
/** Reads the table that a vendor's README shows. */
export declare const rows: (table: string) => ReadonlyArray<Row>;
