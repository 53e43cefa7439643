// AccessToken

/**
 * The access token: a redacted value, when it was asked for and when it ends.
 *
 * @since 0.1.0
 */
import * as Inspectable from "effect/Inspectable";
import * as Redacted from "effect/Redacted";
declare const TypeId = "~@x/core/AccessToken";
/**
 * An access token as the vendor issued it (RFC 6749 §5.1).
 *
 * `String`, `JSON.stringify` and `util.inspect` show when it ends and never its value. The value is
 * opaque: nothing here parses it.
 *
 * @since 0.1.0
 */
export declare class AccessToken<out Extra = {}> extends Inspectable.Class {
    readonly [TypeId] = "~@x/core/AccessToken";
    /** The token itself; unwrap with `Redacted.value` only where it is sent. */
    readonly value: Redacted.Redacted;
    /** The scope that the vendor granted, space-separated; `undefined` where it did not say (RFC 6749 §3.3). */
    readonly scope: string | undefined;
    /** What was asked for and not granted, as far as the vendor says what it grants. */
    readonly missingScope: ReadonlyArray<string>;
    /** Epoch milliseconds of the moment before the request was sent: the lifetime counts from here. */
    readonly issuedAt: number;
    /** The same moment on this process's monotonic clock, in nanoseconds; `undefined` if another process asked. */
    readonly monotonicIssuedAt: bigint | undefined;
    /** Epoch milliseconds of the end that the vendor announced. */
    readonly expiresAt: number;
    /** `x5t#S256` of the client certificate that it was asked with (RFC 8705 §3.1). */
    readonly thumbprint: string | undefined;
    /** The refresh token that came with it (RFC 6749 §1.5). */
    readonly refreshToken: Redacted.Redacted | undefined;
    /** Further members of the answer, as the vendor's definition reads them. */
    readonly extra: Extra;
    constructor(fields: {
        readonly value: Redacted.Redacted;
        readonly issuedAt: number;
        readonly expiresAt: number;
        readonly monotonicIssuedAt?: bigint | undefined;
        readonly scope?: string | undefined;
        readonly missingScope?: ReadonlyArray<string> | undefined;
        readonly thumbprint?: string | undefined;
        readonly refreshToken?: Redacted.Redacted | undefined;
        readonly extra?: Extra;
    });
    /** Shows times, scope and thumbprint; neither the token nor its extra members. */
    toJSON(): unknown;
}
/**
 * Tests whether two tokens have the same value, as a refused token and the current one.
 *
 * @since 0.1.0
 */
export declare const hasSameValue: (self: AccessToken<unknown>, that: AccessToken<unknown>) => boolean;
export {};

// Authorization

/**
 * The header that carries the token to the API.
 *
 * @since 0.1.0
 */
/**
 * A header and what it says.
 *
 * @since 0.1.0
 */
export interface Authorization {
    /** Name of the header, in lower case. */
    readonly header: string;
    /** The header's value for a token. */
    readonly value: (token: string) => string;
}
/**
 * `Authorization: <scheme> <token>`.
 *
 * @since 0.1.0
 */
export declare const scheme: (name: string) => Authorization;
/**
 * `Authorization: Bearer <token>` (RFC 6750 §2.1).
 *
 * @since 0.1.0
 */
export declare const bearer: Authorization;
/**
 * The token alone in a header of the vendor's own.
 *
 * The client's responses print the request without this header. A log of requests inside your own
 * `HttpClient` shows it, unless `CurrentRedactedNames` of `effect/http/Headers` names it.
 *
 * @since 0.1.0
 */
export declare const header: (name: string) => Authorization;

// ClientAuth

/**
 * Client authentication (RFC 6749 §2.3): the connection that a request takes, and the proof that it
 * carries.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect";
import * as HttpClient from "effect/http/HttpClient";
import * as Redacted from "effect/Redacted";
import * as MutualTls from "./MutualTls.ts";
import * as Secret from "./Secret.ts";
import * as TokenError from "./TokenError.ts";
import * as TokenRequest from "./TokenRequest.ts";
/**
 * A client to send with, and the certificate that it shows.
 *
 * @since 0.1.0
 */
export interface Connection {
    readonly httpClient: HttpClient.HttpClient;
    /** `x5t#S256` of the certificate (RFC 8705 §3.1); requests that have one go to `mtls_endpoint_aliases`. */
    readonly thumbprint: string | undefined;
    /** Where the certificate comes from, for messages. */
    readonly source?: string | undefined;
}
/**
 * How a client proves itself. Both effects run for each request, so that each takes the certificate
 * of that moment and no assertion is sent twice.
 *
 * @since 0.1.0
 */
export interface ClientAuth<out R = HttpClient.HttpClient> {
    /** The registered name (RFC 7591 §2), such as `client_secret_basic`; used in telemetry. */
    readonly method: string;
    readonly connection: Effect.Effect<Connection, TokenError.Reason, R>;
    readonly authenticate: (request: TokenRequest.TokenRequest, endpoint: TokenRequest.Endpoint) => Effect.Effect<TokenRequest.TokenRequest, TokenError.Reason>;
}
/**
 * Client authentication as an option's value: all of it but the client id.
 *
 * @since 0.1.0
 */
export interface Method<out R = HttpClient.HttpClient> {
    /** The registered name (RFC 7591 §2). */
    readonly name: string;
    /** Tells one credential from another without revealing it; a part of the key in a shared store. */
    readonly fingerprint: Effect.Effect<string, TokenError.Reason>;
    readonly of: (client: {
        readonly clientId: string;
    }) => Effect.Effect<ClientAuth<R>, TokenError.Reason>;
}
/**
 * The injected client, which shows no certificate.
 *
 * @since 0.1.0
 */
export declare const plain: Effect.Effect<Connection, never, HttpClient.HttpClient>;
/**
 * The client that shows the certificate. Fails with `CertificateUnusable` when it is not valid now.
 *
 * @since 0.1.0
 */
export declare const certified: Effect.Effect<Connection, TokenError.CertificateUnusable, MutualTls.MutualTls>;
/**
 * A client id and its secret, which may change while the app runs.
 *
 * @since 0.1.0
 */
export interface SecretOptions {
    readonly clientId: string;
    readonly clientSecret: Redacted.Redacted | Secret.Secret;
}
/**
 * HTTP Basic. Two encodings are in use, and they differ for `+`, `%`, `/`, spaces and non-ASCII
 * characters. Take the encoding that the vendor's page asks for:
 *
 * - `"form"`: both halves are form-encoded first (RFC 6749 §2.3.1 and appendix B);
 * - `"raw"`: plain Base64 of `id:secret` in UTF-8 (RFC 7617). The id cannot contain a colon.
 *
 * Requests fail with `OptionInvalid` for an id that the encoding cannot carry.
 *
 * @since 0.1.0
 */
export declare const secretBasic: (options: SecretOptions & {
    readonly encoding: "form" | "raw";
}) => Effect.Effect<ClientAuth, TokenError.OptionInvalid>;
/**
 * Client id and secret as fields of the body (RFC 6749 §2.3.1).
 *
 * @since 0.1.0
 */
export declare const secretPost: (options: SecretOptions) => ClientAuth;
/**
 * No client authentication, as for grants that prove the client themselves.
 *
 * @since 0.1.0
 */
export declare const none: ClientAuth;
/**
 * A public client, which says its client id in the body and proves nothing (RFC 6749 §3.2.1).
 *
 * @since 0.1.0
 */
export declare const publicClient: (options: {
    readonly clientId: string;
}) => ClientAuth;
/**
 * The certificate proves the client, and the client id goes into the body (RFC 8705 §2).
 *
 * @since 0.1.0
 */
export declare const tls: (options: {
    readonly clientId: string;
    /** @default "tls_client_auth" */
    readonly method?: "tls_client_auth" | "self_signed_tls_client_auth" | undefined;
}) => ClientAuth<MutualTls.MutualTls>;
/**
 * A certificate of an authority that the server trusts (RFC 8705 §2.1).
 *
 * @since 0.1.0
 */
export declare const tlsClientAuth: Method<MutualTls.MutualTls>;
/**
 * A self-signed certificate that the server knows (RFC 8705 §2.2).
 *
 * @since 0.1.0
 */
export declare const selfSignedTlsClientAuth: Method<MutualTls.MutualTls>;

// Definition

/**
 * A vendor as data, and the service value that is made of it: types alone.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration";
import type * as Effect from "effect/Effect";
import type * as HttpClient from "effect/http/HttpClient";
import type * as HttpClientError from "effect/http/HttpClientError";
import type * as Schema from "effect/Schema";
import type { AccessToken } from "./AccessToken.ts";
import type { Authorization } from "./Authorization.ts";
import type { ClientAuth } from "./ClientAuth.ts";
import type { Grant } from "./Grant.ts";
import type * as Options from "./Options.ts";
import type * as TokenError from "./TokenError.ts";
import type { TokenManagement } from "./TokenStatus.ts";
/**
 * The service value of every vendor.
 *
 * @since 0.1.0
 */
export interface Provider<out Extra = {}, in Keys = {}> {
    /** Returns the current token if it lives, else fetches one for all callers. It is refreshed ahead of its end. */
    readonly get: Effect.Effect<AccessToken<Extra>, TokenError.TokenError>;
    /** The same account with other values for the options that the vendor lets each call choose, such as `scope`. */
    readonly with: (keys: Keys) => Provider<Extra, Keys>;
    /**
     * Drops exactly this token, so that the next `get` fetches another. Returns `false` if another one is
     * current already, or if too many were dropped: two at once, then one every 30 s.
     */
    readonly invalidate: (token: AccessToken<unknown>) => Effect.Effect<boolean>;
    /** Returns the current token if it lives, without fetching one. */
    readonly peek: Effect.Effect<AccessToken<Extra> | undefined>;
    /** Returns the current token if it lives, without an Effect. */
    readonly peekUnsafe: () => AccessToken<Extra> | undefined;
    /** Calls the vendor's API: adds the base URL and the token, and replays once after a 401. */
    readonly httpClient: HttpClient.HttpClient.With<HttpClientError.HttpClientError | TokenError.TokenError>;
    /**
     * The same with the errors of any `HttpClient`, for generated clients. `TokenError.causeOf` finds the
     * `TokenError` behind an error.
     */
    readonly plainHttpClient: HttpClient.HttpClient;
}
/**
 * What a vendor says about one of its environments. A URL may depend on the options, as for tenants;
 * `Options.Label` keeps such an option from leading to another host.
 *
 * @since 0.1.0
 */
export interface Environment<in O = never> {
    readonly tokenUrl?: string | ((options: O) => string) | undefined;
    readonly apiUrl?: string | ((options: O) => string) | undefined;
    /** Endpoints are discovered from here, where there is no `tokenUrl`. */
    readonly issuer?: string | ((options: O) => string) | undefined;
    /** Host names, besides the issuer's, that discovered endpoints are on. */
    readonly endpointHosts?: ReadonlyArray<string> | undefined;
    /** How long a token is taken to live if the answer does not say. */
    readonly lifetime: Duration.Input;
}
/** @since 0.1.0 */
export type ExtraFields = {
    readonly [name: string]: Schema.ConstraintDecoder<unknown>;
};
/** @since 0.1.0 */
export type AnyClientAuth = ClientAuth<any> | Effect.Effect<ClientAuth<any>, TokenError.Reason>;
/** @since 0.1.0 */
export type AnyGrant = Grant<any> | Effect.Effect<Grant<any>, TokenError.Reason>;
/** @since 0.1.0 */
export type ExtraOf<X extends ExtraFields> = Schema.Struct.Type<X>;
/** @since 0.1.0 */
export type Keys<F extends Options.Fields, P extends keyof F> = {
    readonly [K in P]?: F[K]["Type"] | undefined;
};
/**
 * A vendor: facts, options, and functions from options to plain values.
 *
 * @since 0.1.0
 */
export interface Definition<F extends Options.Fields, E extends string, G extends AnyGrant, A extends AnyClientAuth, X extends ExtraFields, P extends keyof F, Op extends object> {
    /** The vendor's name in errors, spans and metrics. */
    readonly name: string;
    /**
     * The prefix of the `Config` keys, such as `ACME` for `ACME_CLIENT_ID`.
     *
     * @default the name in CONSTANT_CASE
     */
    readonly configPrefix?: string;
    /** What an account has besides the options that every vendor has. */
    readonly options: F;
    readonly environments: {
        readonly [K in E]: Environment<Options.Given<F & Options.Common<NoInfer<E>>>>;
    };
    readonly grant: (options: Options.Given<F & Options.Common<NoInfer<E>>>) => G;
    readonly clientAuth: (options: Options.Given<F & Options.Common<NoInfer<E>>>) => A;
    /** What the vendor's answers have besides RFC 6749. */
    readonly response?: {
        /** Token types that count, in any case. @default ["Bearer"] */
        readonly tokenType?: ReadonlyArray<string> | "any";
        /** Further members of the answer, for `AccessToken.extra`. */
        readonly extra?: X;
    };
    readonly api?: {
        /** The base URL that an answer names; it must be on one of the `hosts`. */
        readonly url?: (token: AccessToken<ExtraOf<X>>) => string;
        readonly hosts?: ReadonlyArray<string>;
        /** @default Authorization.bearer */
        readonly authorization?: Authorization;
        /** Whether API calls show the client certificate too, because tokens are bound to it. */
        readonly certificate?: (options: Options.Given<F & Options.Common<NoInfer<E>>>) => boolean;
    };
    /** Options that each call may choose, through `with`. `grant` alone sees the choice: the client authentication and the URLs are the account's. */
    readonly perCall?: ReadonlyArray<P>;
    /** Typed operations that the service value has besides `Provider`. */
    readonly operations?: (provider: Provider<ExtraOf<X>, Keys<F, P>>, management: TokenManagement) => Op;
}
/**
 * Options of `layerTest`; everything has a default but the answers of the API.
 *
 * @since 0.1.0
 */
export interface TestOptions<Extra = {}, Op extends object = {}> {
    /** @default a token that ends an hour ahead, and a new one after that or after `invalidate` */
    readonly get?: Effect.Effect<AccessToken<Extra>, TokenError.TokenError> | undefined;
    /** Receives API requests as the vendor would: absolute URL, token. */
    readonly httpClient?: HttpClient.HttpClient | undefined;
    /** @default the API of the first environment that has one, or `https://api.test` */
    readonly apiUrl?: string | undefined;
    /** Replacements for the vendor's own operations. */
    readonly operations?: Partial<Op> | undefined;
    readonly extra?: Extra | undefined;
}

// Grant

/**
 * Grants: what a token request says about the right to a token (RFC 6749 §4).
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect";
import type * as Redacted from "effect/Redacted";
import * as Jws from "./Jws.ts";
import * as Secret from "./Secret.ts";
import type * as TokenError from "./TokenError.ts";
import * as TokenRequest from "./TokenRequest.ts";
/**
 * A grant as a value.
 *
 * @since 0.1.0
 */
export interface Grant<out R = never> {
    /** The `grant_type`. */
    readonly type: string;
    /** Makes the request without client authentication. Runs for each request, so that nothing in it is stale. */
    readonly request: (endpoint: TokenRequest.Endpoint) => Effect.Effect<TokenRequest.TokenRequest, TokenError.Reason, R>;
    /** Whether a few refusals can lock the account; then the first pause after one is 2 min, not 30 s. */
    readonly mayLockOut: boolean;
}
/**
 * What a token is for.
 *
 * @since 0.1.0
 */
export interface Target {
    /** Space-separated (RFC 6749 §3.3). */
    readonly scope?: string | undefined;
    readonly audience?: string | undefined;
    /** Absolute URIs of the APIs (RFC 8707 §2). */
    readonly resource?: string | ReadonlyArray<string> | undefined;
}
/**
 * The client acts for itself (RFC 6749 §4.4).
 *
 * @since 0.1.0
 */
export declare const clientCredentials: (options?: Target) => Grant;
/**
 * A user's name and password (RFC 6749 §4.3). Where the vendor leaves a choice take another grant
 * (RFC 9700 §2.4).
 *
 * @since 0.1.0
 */
export declare const password: (options: Target & {
    readonly username: string;
    readonly password: Redacted.Redacted | Secret.Secret;
    /** Names of the two fields, for servers with their own. */
    readonly fields?: {
        readonly username: string;
        readonly password: string;
    } | undefined;
}) => Grant;
/**
 * A signed assertion as the grant (RFC 7523 §2.1).
 *
 * @since 0.1.0
 */
export declare const jwtBearer: (options: Target & Jws.Signing & {
    readonly issuer: string;
    readonly subject: string;
    /** @default "token_endpoint" */
    readonly assertionAudience?: string | undefined;
    /** Further claims; they cannot replace `iss`, `sub`, `aud`, `iat`, `exp` and `jti`. */
    readonly claims?: Readonly<Record<string, unknown>> | undefined;
}) => Effect.Effect<Grant, TokenError.OptionInvalid>;
/**
 * Another token, exchanged for one of this server (RFC 8693 §2.1).
 *
 * @since 0.1.0
 */
export declare const tokenExchange: <R = never>(options: Target & {
    readonly subjectToken: Effect.Effect<Redacted.Redacted, TokenError.CredentialUnavailable, R>;
    /** Such as `urn:ietf:params:oauth:token-type:jwt`. */
    readonly subjectTokenType: string;
    readonly requestedTokenType?: string | undefined;
}) => Grant<R>;
/**
 * Any other grant (RFC 6749 §4.5).
 *
 * @since 0.1.0
 */
export declare const extension: <R = never>(type: string, params: TokenRequest.Params | Effect.Effect<TokenRequest.Params, TokenError.Reason, R>, options?: {
    readonly body?: "form" | "json" | undefined;
    /** Made anew for each request, such as a correlation id. */
    readonly headers?: (() => Readonly<Record<string, TokenRequest.Value>>) | undefined;
}) => Grant<R>;

// Jws

/**
 * Signed JWTs (RFC 7515, RFC 7519) for assertions: signers, algorithms and private keys.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect";
import * as Redacted from "effect/Redacted";
import * as keys from "./internal/signingKey.ts";
import * as Secret from "./Secret.ts";
import * as TokenError from "./TokenError.ts";
import type { Learner } from "./TokenRequest.ts";
/**
 * JWS algorithms (RFC 7518 §3.1, RFC 8037 §3.1, RFC 9864 §2.2). FAPI 2.0 allows PS256, ES256 and EdDSA.
 *
 * @since 0.1.0
 */
export type Algorithm = keys.Algorithm;
/**
 * Signs without showing its key, such as in an HSM or a KMS.
 *
 * @since 0.1.0
 */
export interface Signer {
    /** The `alg` of the JWT, such as `PS256`. */
    readonly algorithm: string;
    /** The key's id at the authorization server, sent as `kid` if given. */
    readonly keyId?: string | undefined;
    /**
     * Makes the JWS signature over the signing input (RFC 7518 §3). ECDSA gives r||s, not the DER of
     * AWS KMS and OpenSSL. A signature of a length that cannot be right fails with `OptionInvalid`.
     */
    readonly sign: (signingInput: Uint8Array) => Effect.Effect<Uint8Array, TokenError.CredentialUnavailable | TokenError.OptionInvalid>;
}
/**
 * What signs a JWT, and what its header says.
 *
 * @since 0.1.0
 */
export interface Signing {
    /** PKCS#8 PEM or a JWK as JSON text; a secret that is read again; or a signer of your own. */
    readonly key: Redacted.Redacted | Secret.Secret | Signer;
    /**
     * The algorithm of a key. A signer brings its own.
     *
     * @default "PS256"
     */
    readonly algorithm?: Algorithm | undefined;
    /** The key's id at the authorization server, sent as `kid` if given. */
    readonly keyId?: string | undefined;
    /**
     * The `typ` of the header.
     *
     * @default "JWT"
     */
    readonly type?: string | undefined;
    /** Further members of the header; they cannot replace `alg`, `typ` and `kid`. */
    readonly header?: Readonly<Record<string, unknown>> | undefined;
}
/**
 * A signing that was checked.
 *
 * @since 0.1.0
 */
export interface Ready {
    /**
     * Signs claims as a compact JWS. After a refusal of it, the learner moves on to the next key of a
     * secret.
     */
    readonly sign: (claims: Readonly<Record<string, unknown>>) => Effect.Effect<{
        readonly jws: Redacted.Redacted;
        readonly learner: Learner;
    }, TokenError.CredentialUnavailable | TokenError.OptionInvalid>;
    /** `keyId`, or the thumbprint of the public key (RFC 7638). */
    readonly fingerprint: Effect.Effect<string, TokenError.CredentialUnavailable | TokenError.OptionInvalid>;
}
/**
 * Checks a signing: a key in this process signs once, so that an unusable one is found now.
 *
 * Fails with `OptionInvalid` for an unknown algorithm and for a key that cannot be read, does not fit
 * the algorithm, is RSA of fewer than 2048 bits, or is a JWK for something else than signing. A
 * `Secret` is read at the first signature.
 *
 * @since 0.1.0
 */
export declare const prepare: (signing: Signing, proves: "client" | "grant") => Effect.Effect<Ready, TokenError.OptionInvalid, never>;

// MutualTls

/**
 * The client certificate as a service (RFC 8705). `@x/node` and others provide it.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as HttpClient from "effect/http/HttpClient";
import * as Layer from "effect/Layer";
import * as TokenError from "./TokenError.ts";
/**
 * One certificate and the client that shows it. A rotation makes a new generation; a token and the
 * connections that it is used on belong to one.
 *
 * @since 0.1.0
 */
export interface Generation {
    /** `x5t#S256`: base64url of the SHA-256 over the certificate's DER (RFC 8705 §3.1). */
    readonly thumbprint: string;
    /** Epoch milliseconds before which the certificate is not valid. */
    readonly notBefore: number;
    /** Epoch milliseconds after which the certificate is not valid. */
    readonly notAfter: number;
    /** Which option and path the certificate came from, for messages. */
    readonly source: string;
    /** Shows the certificate to every server that asks. */
    readonly httpClient: HttpClient.HttpClient;
}
declare const MutualTls_base: Context.ServiceClass<MutualTls, "@x/core/MutualTls", {
    /** The certificate in use now. */
    readonly currentUnsafe: () => Generation;
}>;
/**
 * Carries the client certificate.
 *
 * @since 0.1.0
 */
export declare class MutualTls extends MutualTls_base {
}
/**
 * Returns the generation in use, if its certificate is valid now. An expired certificate is found
 * here, because servers hide it behind a closed connection.
 *
 * @since 0.1.0
 */
export declare const current: (mutualTls: MutualTls["Service"]) => Effect.Effect<Generation, TokenError.CertificateUnusable>;
/**
 * Says what is wrong with a certificate's validity at a time in epoch milliseconds.
 *
 * @since 0.1.0
 */
export declare const validityProblem: (certificate: Pick<Generation, "notBefore" | "notAfter" | "source">, now: number) => TokenError.CertificateUnusable | undefined;
/**
 * Provides a certificate for tests, which never expires and shows nothing. Requests go to the given
 * client.
 *
 * @since 0.1.0
 */
export declare const layerTest: (options?: {
    readonly httpClient?: HttpClient.HttpClient | undefined;
    /** @default "test-thumbprint" */
    readonly thumbprint?: string | undefined;
}) => Layer.Layer<MutualTls>;
export {};

// Options

import type * as Redacted from "effect/Redacted";
import * as Schema from "effect/Schema";
import type * as SchemaAST from "effect/SchemaAST";
import type { Simplify } from "effect/Types";
import type * as ClientAuth from "./ClientAuth.ts";
import type { RefreshPolicy } from "./RefreshPolicy.ts";
import type * as Secrets from "./Secret.ts";
/**
 * Options by name; any schema that needs no services is one.
 *
 * @since 0.1.0
 */
export type Fields = {
    readonly [name: string]: Schema.ConstraintCodec<unknown, unknown>;
};
/** @since 0.1.0 */
export interface Text extends Schema.Bottom<string, string, never, never, SchemaAST.String, Text> {
}
/**
 * One line of text.
 *
 * @since 0.1.0
 */
export declare const Text: Text;
/**
 * One label of a host name, such as a tenant's. It lets no text lead a URL to another host.
 *
 * @since 0.1.0
 */
export declare const Label: Text;
/** @since 0.1.0 */
export interface Url extends Schema.Bottom<string, string, never, never, SchemaAST.String, Url> {
}
/**
 * An absolute https URL without user info, credentials and fragment.
 *
 * @since 0.1.0
 */
export declare const Url: Url;
/**
 * A URL behind which a path can follow: it has no query.
 *
 * @since 0.1.0
 */
export declare const BaseUrl: Url;
/** @since 0.1.0 */
export interface List extends Schema.declare<ReadonlyArray<string>> {
    readonly Rebuild: List;
}
/**
 * Lines of text, which `Config` separates by commas.
 *
 * @since 0.1.0
 */
export declare const List: List;
/**
 * Absolute https URLs, of which the origins count.
 *
 * @since 0.1.0
 */
export declare const Origins: List;
/**
 * Host names alone, such as `auth.example.com`.
 *
 * @since 0.1.0
 */
export declare const Hosts: List;
/** @since 0.1.0 */
export interface Secret extends Schema.declare<Redacted.Redacted | Secrets.Secret> {
    readonly Rebuild: Secret;
}
/**
 * A secret of one line: a password, a client secret, an API key. `Redacted`, or a `Secret` that is
 * read again.
 *
 * @since 0.1.0
 */
export declare const Secret: Secret;
/**
 * A secret of several lines, such as a PEM or a JWK.
 *
 * @since 0.1.0
 */
export declare const SecretText: Secret;
/** @since 0.1.0 */
export interface OneOf<Words extends ReadonlyArray<string>> extends Schema.Literals<Words> {
    readonly Rebuild: OneOf<Words>;
}
/**
 * One of several words.
 *
 * @since 0.1.0
 */
export declare const oneOf: <const Words extends ReadonlyArray<string>>(...words: Words) => OneOf<Words>;
/** @since 0.1.0 */
export interface Optional<S extends Schema.Constraint> extends Schema.optional<S> {
    readonly Rebuild: Optional<S>;
}
/**
 * An option that may be left out.
 *
 * @since 0.1.0
 */
export declare const optional: <S extends Schema.Constraint>(schema: S) => Optional<S>;
/** @since 0.1.0 */
export interface Defaulted<S extends Schema.Constraint & Schema.WithoutConstructorDefault> extends Schema.withConstructorDefault<S> {
    readonly Rebuild: Defaulted<S>;
}
/**
 * An option that has a value when it is left out.
 *
 * @since 0.1.0
 */
export declare const withDefault: <S extends Schema.Top & Schema.WithoutConstructorDefault>(schema: S, value: S["Type"] & S["~type.make.in"]) => Defaulted<S>;
/** @since 0.1.0 */
export interface Flag extends Defaulted<Schema.Boolean> {
    readonly Rebuild: Flag;
}
/**
 * A switch that is off unless it is turned on.
 *
 * @since 0.1.0
 */
export declare const Flag: Flag;
/**
 * Stands for what the chosen client authentication needs.
 *
 * @since 0.1.0
 */
export interface Chosen {
    readonly "~@x/core/Chosen": never;
}
/** @since 0.1.0 */
export interface ClientAuthOption<R> extends Schema.declare<ClientAuth.Method<Chosen>> {
    /** What the methods need that `Config` can name. */
    readonly "~@x/core/configurable": R;
    readonly Rebuild: ClientAuthOption<R>;
}
type RequirementOf<M> = M extends ClientAuth.Method<infer R> ? R : never;
/**
 * The client authentication that the caller chooses. Code gives any method; `Config` gives one of
 * these words, or nothing where there is a default.
 *
 * @since 0.1.0
 */
export declare const clientAuth: <const M extends Readonly<Record<string, ClientAuth.Method<any>>>>(words: M, options?: {
    readonly configDefault?: (keyof M & string) | undefined;
}) => ClientAuthOption<RequirementOf<M[keyof M]>>;
/**
 * Options that every vendor has. The URLs override what the environment says.
 *
 * @since 0.1.0
 */
export interface Common<E extends string> {
    readonly environment: OneOf<ReadonlyArray<E>>;
    /** The token endpoint. */
    readonly tokenUrl: Optional<Url>;
    /** Base URL of the API. */
    readonly apiUrl: Optional<Url>;
    /** Further origins that API calls may go to, with the token. */
    readonly apiOrigins: Optional<List>;
    /** When to refresh, and how failures are answered. */
    readonly refresh: Optional<Schema.declare<RefreshPolicy>>;
    /** Fails with `RequestRejected` where the vendor grants less scope than was asked for; otherwise a warning is logged. */
    readonly requireGrantedScope: Flag;
    /** Accepts `http:` URLs on loopback addresses: credentials travel in clear, for tests only. */
    readonly unsafeAllowLoopbackHttp: Flag;
}
/**
 * Further options of vendors whose endpoints are discovered, to be spread into their options.
 *
 * @since 0.1.0
 */
export interface Discovery {
    /** Issuer identifier; with a `tokenUrl` nothing is discovered. */
    readonly issuer: Optional<Url>;
    /** Host names, besides the issuer's and the environment's, that discovered endpoints may be on. */
    readonly endpointHosts: Optional<List>;
    /** For an issuer that is itself the mutual-TLS host and names no `mtls_endpoint_aliases`. */
    readonly issuerIsMutualTlsHost: Flag;
    /** Revokes every token that it was issued and that lives (RFC 7009) when the layer closes, for at most 5 s. It does not go together with a `TokenStore`. */
    readonly revokeOnClose: Flag;
}
/** @since 0.1.0 */
export declare const discovery: Discovery;
/**
 * What a vendor's functions are given.
 *
 * @since 0.1.0
 */
export type Given<F extends Fields> = Schema.Struct.Type<F>;
type InputOf<S, M> = S extends {
    readonly "~@x/core/configurable": any;
} ? M : S extends Schema.Constraint ? S["Type"] : never;
type IsOptional<S> = S extends {
    readonly "~type.optionality": "optional";
} ? true : S extends {
    readonly "~type.constructor.default": "with-default";
} ? true : false;
/**
 * What a caller gives: options with a default may be left out.
 *
 * @since 0.1.0
 */
export type Input<F, M> = Simplify<{
    readonly [K in keyof F as IsOptional<F[K]> extends true ? never : K]: InputOf<F[K], M>;
} & {
    readonly [K in keyof F as IsOptional<F[K]> extends true ? K : never]?: InputOf<F[K], M> | undefined;
}>;
export {};

// PrivateKeyJwt

/**
 * `private_key_jwt`: client authentication by a signed assertion (RFC 7523 §2.2).
 *
 * @since 0.1.0
 */
import type * as HttpClient from "effect/http/HttpClient";
import * as ClientAuth from "./ClientAuth.ts";
import * as Jws from "./Jws.ts";
import type * as MutualTls from "./MutualTls.ts";
/**
 * What an assertion is signed with and for.
 *
 * @since 0.1.0
 */
export interface Options extends Jws.Signing {
    /**
     * Who the assertion is for, whichever endpoint it goes to: the issuer identifier (FAPI 2.0), the
     * token endpoint as older deployments ask, or any other text. Without a configured issuer it is the
     * token endpoint.
     *
     * @default "issuer"
     */
    readonly audience?: "issuer" | "token_endpoint" | (string & {}) | undefined;
    /** Further claims; they cannot replace `iss`, `sub`, `aud`, `iat`, `exp` and `jti`. */
    readonly claims?: Readonly<Record<string, unknown>> | undefined;
}
/**
 * Authenticates with a fresh assertion for each request (RFC 7523 §3).
 *
 * `iss` and `sub` are the client id, `iat` is 5 s back, `exp` is 60 s ahead, and `jti` has 128 random
 * bits. There is no `nbf`, because servers without leeway refuse a clock that is a little ahead. Where
 * the server's `Date` shows that our clock is off by more than 5 s, a refused assertion is made once
 * more with the corrected time.
 *
 * With `certificateBoundTokens` the assertion goes over mutual TLS, so that tokens are bound to the
 * certificate (RFC 8705 §3), and the layer needs `MutualTls`.
 *
 * Layers fail with `OptionInvalid` for a key that cannot sign.
 *
 * @example
 * import * as PrivateKeyJwt from "@x/core/PrivateKeyJwt"
 *
 * const clientAuth = PrivateKeyJwt.make({ key: pem, keyId: "2026-11", algorithm: "PS256" })
 *
 * @since 0.1.0
 */
export declare const make: {
    (options: Options & {
        readonly certificateBoundTokens: true;
    }): ClientAuth.Method<MutualTls.MutualTls>;
    (options: Options & {
        readonly certificateBoundTokens?: false | undefined;
    }): ClientAuth.Method;
    (options: Options & {
        readonly certificateBoundTokens?: boolean | undefined;
    }): ClientAuth.Method<MutualTls.MutualTls | HttpClient.HttpClient>;
};

// Provider

/**
 * The service class of a vendor, made from its definition.
 *
 * @since 0.1.0
 */
import type * as Config from "effect/Config";
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as HttpClient from "effect/http/HttpClient";
import * as Layer from "effect/Layer";
import type * as Scope from "effect/Scope";
import type { ClientAuth, Method } from "./ClientAuth.ts";
import type { AnyClientAuth, AnyGrant, Definition, Environment, ExtraFields, ExtraOf, Provider, TestOptions } from "./Definition.ts";
import type { Grant } from "./Grant.ts";
import type * as Options from "./Options.ts";
import type * as TokenError from "./TokenError.ts";
/** @since 0.1.0 */
export type { Definition, Environment, Provider, TestOptions };
/**
 * What the types of a service class follow from.
 *
 * @since 0.1.0
 */
export interface Facts {
    readonly options: Options.Fields;
    readonly environment: string;
    readonly requires: unknown;
    readonly extra: unknown;
    readonly keys: unknown;
    readonly operations: object;
}
/** @since 0.1.0 */
export type LayerOptions<D extends Facts, M = never> = Options.Input<Options.Common<D["environment"]> & D["options"], M>;
/**
 * Values or `Config`s that `layerConfig` takes in place of the keys.
 *
 * @since 0.1.0
 */
export type ConfigOverrides<D extends Facts, M> = {
    readonly [K in keyof LayerOptions<D, M>]?: LayerOptions<D, M>[K] | Config.Config<LayerOptions<D, M>[K]>;
};
/** @since 0.1.0 */
export type Resolve<Q, M> = Q extends Options.Chosen ? (M extends Method<infer R> ? R : never) : Q;
/** The methods that `Config` can name. */
type Configurable<F extends Options.Fields> = {
    [K in keyof F]: F[K] extends {
        readonly "~@x/core/configurable": infer R;
    } ? Method<R> : never;
}[keyof F];
type Needs<T> = T extends ClientAuth<infer R> ? R : T extends Grant<infer R> ? R : T extends Effect.Effect<infer A, any, any> ? A extends ClientAuth<infer R> ? R : A extends Grant<infer R> ? R : never : never;
/**
 * A class that is a vendor's service, with its layers.
 *
 * @since 0.1.0
 */
export interface ServiceClass<Self, Id extends string, D extends Facts> extends Context.ServiceClass<Self, Id, Provider<D["extra"], D["keys"]> & D["operations"]> {
    /** The vendor's facts, for documentation and tests. */
    readonly definition: {
        readonly name: string;
        readonly configPrefix: string;
        readonly options: D["options"];
        readonly environments: {
            readonly [K in D["environment"]]: Environment<never>;
        };
    };
    /**
     * The vendor's layer. What it needs follows from the options.
     *
     * Fails with `OptionInvalid`, which names all problems, or with `CertificateUnusable`, before any
     * request.
     */
    readonly layer: Options.Chosen extends D["requires"] ? <M extends Method<any>>(options: LayerOptions<D, M>) => Layer.Layer<Self, TokenError.TokenError, HttpClient.HttpClient | Resolve<D["requires"], M>> : (options: LayerOptions<D>) => Layer.Layer<Self, TokenError.TokenError, HttpClient.HttpClient | D["requires"]>;
    /**
     * The vendor's layer from `Config`. Overrides take the place of keys; `prefix` takes the place of the
     * vendor's prefix, as for a second account.
     */
    readonly layerConfig: <M extends Method<any> = Configurable<D["options"]>>(overrides?: ConfigOverrides<D, M>, settings?: {
        readonly prefix?: string | undefined;
    }) => Layer.Layer<Self, TokenError.TokenError, HttpClient.HttpClient | Resolve<D["requires"], M>>;
    /** The service value, for many accounts of one vendor; lives as long as the scope. */
    readonly make: <M extends Method<any> = never>(options: LayerOptions<D, M>) => Effect.Effect<Provider<D["extra"], D["keys"]> & D["operations"], TokenError.TokenError, HttpClient.HttpClient | Resolve<D["requires"], M> | Scope.Scope>;
    /** Provides `plainHttpClient` as the `HttpClient` of generated clients. */
    readonly layerHttpClient: Layer.Layer<HttpClient.HttpClient, never, Self>;
    /** A vendor for tests: needs nothing and sends nothing. */
    readonly layerTest: (options?: TestOptions<D["extra"], D["operations"]>) => Layer.Layer<Self>;
    /** The keys of `layerConfig` as a table in Markdown. */
    readonly optionsTable: string;
}
/**
 * The options of a vendor's layer.
 *
 * @since 0.1.0
 */
export type OptionsOf<S extends {
    readonly layer: (options: any) => unknown;
}> = Parameters<S["layer"]>[0];
/**
 * Makes a vendor's service class from its definition.
 *
 * @example
 * import * as ClientAuth from "@x/core/ClientAuth"
 * import * as Grant from "@x/core/Grant"
 * import * as Options from "@x/core/Options"
 * import * as Provider from "@x/core/Provider"
 *
 * class Acme extends Provider.Service<Acme>()("acme/Acme", {
 *   name: "Acme",
 *   options: { clientId: Options.Text, clientSecret: Options.Secret },
 *   environments: { production: { tokenUrl: "https://login.acme.test/token", lifetime: "1 hour" } },
 *   grant: () => Grant.clientCredentials(),
 *   clientAuth: ClientAuth.secretPost,
 * }) {}
 *
 * @since 0.1.0
 */
export declare const Service: <Self>() => <const Id extends string, F extends Options.Fields, E extends string, G extends AnyGrant, A extends AnyClientAuth, X extends ExtraFields = {}, P extends keyof F = never, Op extends object = {}>(id: Id, definition: Definition<F, E, G, A, X, P, Op>) => ServiceClass<Self, Id, {
    readonly options: F;
    readonly environment: E;
    readonly requires: Needs<G> | Needs<A>;
    readonly extra: ExtraOf<X>;
    readonly keys: { readonly [K in P]?: F[K]["Type"] | undefined; };
    readonly operations: Op;
}>;

// RefreshPolicy

/**
 * When a token is refreshed, and how failures are answered: values that a user changes one by one.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Schedule from "effect/Schedule";
import type { AccessToken } from "./AccessToken.ts";
import * as TokenError from "./TokenError.ts";
/**
 * The whole policy of one provider. Make one with `make` or `background`, which fill in the
 * defaults.
 *
 * @since 0.1.0
 */
export interface RefreshPolicy {
    /**
     * `"onDemand"`: the first caller after the time for it starts the refresh, and nobody waits for it;
     * there is no timer, and no traffic while nobody calls. `"background"`: a fiber in the layer's scope
     * fetches the first token when the layer is built and refreshes from then on.
     *
     * @default "onDemand"
     */
    readonly mode: "onDemand" | "background";
    /**
     * How long after its issue a token is refreshed while callers still get it; a schedule that ends
     * leaves the token until its hard limit.
     *
     * @default share(0.5, 0.6)
     */
    readonly refreshAhead: Schedule.Schedule<unknown, AccessToken<unknown>>;
    /**
     * Tokens expire early by the smaller of `atMost` and `share` × lifetime.
     *
     * @default { atMost: "60 seconds", share: 0.05 }
     */
    readonly margin: {
        readonly atMost: Duration.Duration;
        readonly share: number;
    };
    /**
     * No token is used for longer, whatever the vendor says.
     *
     * @default "24 hours"
     */
    readonly maxLifetime: Duration.Duration;
    /**
     * Bounds of one acquisition for callers that wait: at most so many attempts, each with its own
     * time-out, all within the deadline, only after transient reasons, with these delays between them.
     * A refresh ahead makes one attempt, and `afterFailure` says when it is due again.
     *
     * @default { attempts: 3, timeout: "10 seconds", deadline: "30 seconds", delays: 200 ms doubling to 5 s, jittered }
     */
    readonly acquisition: {
        readonly attempts: number;
        readonly timeout: Duration.Duration;
        readonly deadline: Duration.Duration;
        readonly delays: Delays;
    };
    /**
     * Pauses between refreshes that fail while the present token lives.
     *
     * @default 1 s doubling to 30 s, jittered
     */
    readonly afterFailure: Delays;
    /**
     * For how long callers without a token get the last failure without a request.
     *
     * @default "1 second"
     */
    readonly afterColdFailure: Duration.Duration;
    /**
     * Pauses after the credentials or the request were refused; meanwhile callers without a token get
     * the refusal at once.
     *
     * @default 30 s doubling to 5 min; from 2 min for the password grant, which can lock the account
     */
    readonly afterRejection: Delays;
    /**
     * The longest `Retry-After` that is honoured.
     *
     * @default "60 seconds"
     */
    readonly maxRetryAfter: Duration.Duration;
}
/**
 * Delays as a schedule; when it ends, its last delay stays in force.
 *
 * @since 0.1.0
 */
export type Delays = Schedule.Schedule<unknown, TokenError.TokenError>;
/**
 * A policy with some values changed.
 *
 * @example
 * import * as Duration from "effect/Duration"
 * import * as RefreshPolicy from "@x/core/RefreshPolicy"
 *
 * const patient = RefreshPolicy.make({ afterColdFailure: Duration.seconds(5) })
 *
 * @since 0.1.0
 */
export declare const make: (changes?: Partial<RefreshPolicy>) => RefreshPolicy;
/**
 * A policy whose tokens are fetched and refreshed without a caller, as long as the layer lives.
 *
 * @since 0.1.0
 */
export declare const background: (changes?: Partial<RefreshPolicy>) => RefreshPolicy;
/**
 * Adapts the policy to a grant: where refusals can lock the account, the first pause is 2 min, unless
 * the user gave other pauses.
 *
 * @since 0.1.0
 */
export declare const forGrant: (policy: RefreshPolicy, grant: {
    readonly mayLockOut: boolean;
}) => RefreshPolicy;
/**
 * A moment between two shares of each token's lifetime, drawn for each token, so that a fleet does
 * not refresh as one.
 *
 * @since 0.1.0
 */
export declare const share: (from: number, to: number) => Schedule.Schedule<unknown, AccessToken<unknown>>;
/**
 * Checks a policy. Fails with `OptionInvalid`, which names every value that cannot work.
 *
 * @since 0.1.0
 */
export declare const check: (policy: RefreshPolicy) => Effect.Effect<void, TokenError.OptionInvalid, never>;

// Secret

/**
 * Secrets that change without a restart: an effect that reads the values of now.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect";
import * as Redacted from "effect/Redacted";
import * as TokenError from "./TokenError.ts";
import type { Learner } from "./TokenRequest.ts";
declare const TypeId = "~@x/core/Secret";
/**
 * A secret that is read for each token request. Several values are tried in their order, as while a
 * vendor accepts both the old secret and the new one.
 *
 * @since 0.1.0
 */
export interface Secret {
    readonly [TypeId]: typeof TypeId;
    readonly read: Effect.Effect<ReadonlyArray<Redacted.Redacted>, TokenError.CredentialUnavailable>;
}
/**
 * Makes a secret from an effect, such as a call of a secret manager. The effect runs for each token
 * request: cache its result if reading is slow.
 *
 * @example
 * const clientSecret = Secret.make(Effect.map(vault.read("acme"), Redacted.make))
 *
 * @since 0.1.0
 */
export declare const make: (read: Effect.Effect<Redacted.Redacted | ReadonlyArray<Redacted.Redacted>, TokenError.CredentialUnavailable>) => Secret;
/**
 * Tests whether a value is a `Secret`.
 *
 * @since 0.1.0
 */
export declare const isSecret: (value: unknown) => value is Secret;
/**
 * A value to send, and what to do when the server refuses it.
 *
 * @since 0.1.0
 */
export interface Current {
    readonly value: Redacted.Redacted;
    /** Moves on to the next value after a refusal that blames this one. */
    readonly learner: Learner;
}
/**
 * Follows a secret through its rotation, for client authentications and grants of your own: run the
 * effect for each request, and add the learner to it.
 *
 * `invalid_client` blames the client's secret, `invalid_grant` the grant's secret (RFC 6749 §5.2); any
 * other refusal of credentials blames both. After a refusal the secret is read
 * again, and its next value is tried in the same acquisition. A value that was accepted stays in use.
 *
 * @since 0.1.0
 */
export declare const rotating: (secret: Redacted.Redacted | Secret, proves: "client" | "grant") => Effect.Effect<Current, TokenError.CredentialUnavailable>;
export {};

// TokenError

/**
 * The one error of this library: `TokenError`, which names the vendor, and its reasons.
 *
 * Reasons carry allow-listed scalars only: never a request, a response, a body, a header or the
 * error of a transport, so that an error can be logged, traced and serialised.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
declare const CredentialsRejected_base: Schema.Class<CredentialsRejected, Schema.TaggedStruct<"CredentialsRejected", {
    readonly status: Schema.Int;
    readonly error: Schema.optionalKey<Schema.String>;
    readonly description: Schema.optionalKey<Schema.String>;
    /** Milliseconds by which the server's `Date` is ahead of our clock, where assertions depend on it. */
    readonly clockSkew: Schema.optionalKey<Schema.Finite>;
}>, import("effect/Cause").YieldableError>;
/**
 * The vendor does not accept these credentials: `invalid_client`, `invalid_grant`, or any 401 from
 * the token endpoint (RFC 6749 §5.2).
 *
 * @since 0.1.0
 */
export declare class CredentialsRejected extends CredentialsRejected_base {
    get message(): string;
}
declare const RequestRejected_base: Schema.Class<RequestRejected, Schema.TaggedStruct<"RequestRejected", {
    /** HTTP status of the token endpoint's answer. */
    status: Schema.Int;
    /** Error code of RFC 6749 §5.2, where the answer had a well-formed one. */
    error: Schema.optionalKey<Schema.String>;
    /** The vendor's `error_description`: printable ASCII, at most 200 characters, nothing of the request in it. */
    description: Schema.optionalKey<Schema.String>;
}>, import("effect/Cause").YieldableError>;
/**
 * The vendor understood the credentials but not this request: `invalid_scope`,
 * `unauthorized_client`, `unsupported_grant_type`, 403 and the other 4xx (RFC 6749 §5.2).
 *
 * @since 0.1.0
 */
export declare class RequestRejected extends RequestRejected_base {
    get message(): string;
}
declare const ServerUnavailable_base: Schema.Class<ServerUnavailable, Schema.TaggedStruct<"ServerUnavailable", {
    /** What happened, from a closed set. */
    readonly problem: Schema.Literals<readonly ["dns", "connection", "timeout", "truncated", "status"]>;
    /** The operating system's or HTTP client's code, such as `ECONNREFUSED`. */
    readonly code: Schema.optionalKey<Schema.String>;
    readonly status: Schema.optionalKey<Schema.Int>;
    readonly error: Schema.optionalKey<Schema.String>;
    /** How long the server asks us to wait (`Retry-After`, RFC 9110 §10.2.3), in milliseconds. */
    readonly retryAfter: Schema.optionalKey<Schema.Finite>;
}>, import("effect/Cause").YieldableError>;
/**
 * No usable answer for now: no connection, a time-out, a truncated answer, 408, 425, 429 or 5xx.
 * The only transient reason.
 *
 * @since 0.1.0
 */
export declare class ServerUnavailable extends ServerUnavailable_base {
    get message(): string;
}
declare const ResponseMalformed_base: Schema.Class<ResponseMalformed, Schema.TaggedStruct<"ResponseMalformed", {
    /** What is wrong, in our words: never text from the answer. */
    readonly problem: Schema.String;
    readonly status: Schema.optionalKey<Schema.Int>;
}>, import("effect/Cause").YieldableError>;
/**
 * An answer that is not a valid token response or discovery document. Nothing of the answer is kept.
 *
 * @since 0.1.0
 */
export declare class ResponseMalformed extends ResponseMalformed_base {
    get message(): string;
}
declare const ServerUntrusted_base: Schema.Class<ServerUntrusted, Schema.TaggedStruct<"ServerUntrusted", {
    readonly problem: Schema.Literals<readonly ["certificate", "redirect", "issuer", "origin", "plain-http", "alias-missing", "binding", "address"]>;
    /** The code of the TLS library, such as `CERT_HAS_EXPIRED`. */
    readonly code: Schema.optionalKey<Schema.String>;
    /** Scheme, host and port of the other side; never a path or a query. */
    readonly origin: Schema.optionalKey<Schema.String>;
}>, import("effect/Cause").YieldableError>;
/**
 * We will not talk to this server: its certificate, a redirect, an issuer or origin mismatch, plain
 * http, or an address that the `HttpClient` must not connect to.
 *
 * @since 0.1.0
 */
export declare class ServerUntrusted extends ServerUntrusted_base {
    get message(): string;
}
declare const CertificateUnusable_base: Schema.Class<CertificateUnusable, Schema.TaggedStruct<"CertificateUnusable", {
    readonly problem: Schema.Literals<readonly ["missing", "unreadable", "passphrase", "mismatch", "expired", "not-yet-valid", "legacy-pfx", "refused"]>;
    /** Which option, and the path that it names: never contents. */
    readonly source: Schema.String;
    /** What to do about it. */
    readonly advice: Schema.String;
}>, import("effect/Cause").YieldableError>;
/**
 * Our own client certificate cannot be used: missing, unreadable, wrong passphrase, key mismatch,
 * expired, not yet valid, a PFX with retired ciphers, or refused by the server in the handshake.
 *
 * @since 0.1.0
 */
export declare class CertificateUnusable extends CertificateUnusable_base {
    get message(): string;
}
declare const TokenRefused_base: Schema.Class<TokenRefused, Schema.TaggedStruct<"TokenRefused", {
    readonly status: Schema.Int;
}>, import("effect/Cause").YieldableError>;
/**
 * The API answered 401, and no other token helped: the next one was refused too, or none was fetched
 * because two were replaced at once and one every 30 s since.
 *
 * @since 0.1.0
 */
export declare class TokenRefused extends TokenRefused_base {
    get message(): string;
}
/**
 * One problem with one option.
 *
 * @since 0.1.0
 */
export declare const OptionProblem: Schema.Struct<{
    /** Name of the option, such as `clientId`. */
    readonly option: Schema.String;
    /** What is wrong and what it should be; never the value. */
    readonly problem: Schema.String;
    /** The `Config` key that the option was read from, such as `ACME_CLIENT_ID`. */
    readonly key: Schema.optionalKey<Schema.String>;
}>;
declare const OptionInvalid_base: Schema.Class<OptionInvalid, Schema.TaggedStruct<"OptionInvalid", {
    readonly problems: Schema.NonEmptyArray<Schema.Struct<{
        /** Name of the option, such as `clientId`. */
        readonly option: Schema.String;
        /** What is wrong and what it should be; never the value. */
        readonly problem: Schema.String;
        /** The `Config` key that the option was read from, such as `ACME_CLIENT_ID`. */
        readonly key: Schema.optionalKey<Schema.String>;
    }>>;
}>, import("effect/Cause").YieldableError>;
/**
 * Options cannot work. All problems stand in one error, which comes before any request.
 *
 * @since 0.1.0
 */
export declare class OptionInvalid extends OptionInvalid_base {
    get message(): string;
}
/**
 * Makes the reason for one option that cannot work.
 *
 * @since 0.1.0
 */
export declare const optionInvalid: (option: string, problem: string) => OptionInvalid;
declare const CredentialUnavailable_base: Schema.Class<CredentialUnavailable, Schema.TaggedStruct<"CredentialUnavailable", {
    /** What is missing and where it comes from, such as `signing key (AWS KMS)`: never contents. */
    readonly credential: Schema.String;
    /** What happened and what to do: never contents. */
    readonly problem: Schema.String;
    /** Whether the same call may succeed later without anybody changing anything. */
    readonly isTransient: Schema.Boolean;
}>, import("effect/Cause").YieldableError>;
/**
 * A credential could not be had: the KMS, the secret manager, the file or the subject token that it
 * comes from failed. Nothing was sent.
 *
 * @since 0.1.0
 */
export declare class CredentialUnavailable extends CredentialUnavailable_base {
    get message(): string;
}
/**
 * Everything that can be wrong.
 *
 * @since 0.1.0
 */
export declare const Reason: Schema.Union<readonly [typeof CredentialsRejected, typeof RequestRejected, typeof ServerUnavailable, typeof ResponseMalformed, typeof ServerUntrusted, typeof CertificateUnusable, typeof TokenRefused, typeof OptionInvalid, typeof CredentialUnavailable]>;
/** @since 0.1.0 */
export type Reason = typeof Reason.Type;
declare const TokenError_base: Schema.Class<TokenError, Schema.TaggedStruct<"TokenError", {
    /** The vendor's name, as its definition gives it. */
    readonly provider: Schema.String;
    readonly reason: Schema.Union<readonly [typeof CredentialsRejected, typeof RequestRejected, typeof ServerUnavailable, typeof ResponseMalformed, typeof ServerUntrusted, typeof CertificateUnusable, typeof TokenRefused, typeof OptionInvalid, typeof CredentialUnavailable]>;
}>, import("effect/Cause").YieldableError>;
/**
 * The error of every operation: which vendor, and why.
 *
 * Recover by reason with `Effect.catchReason("TokenError", "ServerUnavailable", …)`.
 *
 * @since 0.1.0
 */
export declare class TokenError extends TokenError_base {
    get message(): string;
    /** Whether the same call may succeed later without anybody changing anything. */
    get isTransient(): boolean;
    /** Milliseconds that the server asked us to wait, if it did. */
    get retryAfter(): number | undefined;
    toJSON(): unknown;
}
/**
 * Tests whether the same call may succeed later without anybody changing anything.
 *
 * @since 0.1.0
 */
export declare const isTransient: (reason: Reason) => boolean;
/**
 * Names the vendor in an effect's reasons.
 *
 * @since 0.1.0
 */
export declare const withProvider: (provider: string) => <A, R>(self: Effect.Effect<A, Reason, R>) => Effect.Effect<A, TokenError, R>;
/**
 * Finds the `TokenError` behind the error of a `plainHttpClient`, which has an `HttpClientError`
 * with the `TokenError` as its cause.
 *
 * @since 0.1.0
 */
export declare const causeOf: (error: unknown) => TokenError | undefined;
export {};

// TokenRequest

/**
 * The token request as a plain value, before anything is sent.
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect";
import type { Headers } from "effect/http/Headers";
import type * as Redacted from "effect/Redacted";
import type * as TokenError from "./TokenError.ts";
/**
 * A value of a field or header; secrets are `Redacted` until the request is sent.
 *
 * @since 0.1.0
 */
export type Value = string | Redacted.Redacted;
/**
 * Fields by name. An array repeats its field, as `resource` may be (RFC 8707 §2); `undefined` leaves it out.
 *
 * @since 0.1.0
 */
export type Params = Readonly<Record<string, Value | ReadonlyArray<Value> | undefined>>;
/**
 * Where a request goes, and what it may say about its receiver.
 *
 * @since 0.1.0
 */
export interface Endpoint {
    readonly url: string;
    /** The token endpoint, also for a request to another endpoint. */
    readonly tokenUrl: string;
    /** The configured issuer; `undefined` where only a token URL is configured. */
    readonly issuer: string | undefined;
}
/**
 * A POST to an endpoint of the authorization server (RFC 6749 §3.2).
 *
 * @since 0.1.0
 */
export interface TokenRequest {
    readonly url: string;
    /** `application/x-www-form-urlencoded` as RFC 6749 says, or JSON as some vendors ask. */
    readonly body: "form" | "json";
    readonly headers: Readonly<Record<string, Value>>;
    /** Fields in the order in which they are sent. */
    readonly params: ReadonlyArray<readonly [name: string, value: Value]>;
    /** Asked in their order about each answer, until one has learnt something. */
    readonly learners: ReadonlyArray<Learner>;
}
/**
 * What an answer says to a learner.
 *
 * @since 0.1.0
 */
export interface Answered {
    readonly status: number;
    readonly headers: Headers;
    /** Epoch milliseconds, by our clock, of the moment when the answer had come. */
    readonly at: number;
    /** Why there is no token; `undefined` for an answer that was accepted. */
    readonly refusal: TokenError.Reason | undefined;
}
/**
 * Looks at an answer and says whether another request may fare better: the clock was corrected, a
 * rotated secret was read, a nonce was given. A failure replaces the refusal by a better account of it.
 *
 * @since 0.1.0
 */
export type Learner = (answered: Answered) => Effect.Effect<boolean, TokenError.Reason>;
/**
 * Makes a request without headers and learners.
 *
 * @since 0.1.0
 */
export declare const make: (url: string, params: Params, options?: {
    readonly body?: "form" | "json" | undefined;
}) => TokenRequest;
/**
 * Adds fields behind those that are there. A field that is there already is replaced in its place,
 * because RFC 6749 §3.2 allows each only once.
 *
 * @since 0.1.0
 */
export declare const withParams: (self: TokenRequest, params: Params) => TokenRequest;
/**
 * Sets one header.
 *
 * @since 0.1.0
 */
export declare const withHeader: (self: TokenRequest, name: string, value: Value) => TokenRequest;
/**
 * Adds learners behind those that are there.
 *
 * @since 0.1.0
 */
export declare const learning: (self: TokenRequest, ...learners: ReadonlyArray<Learner>) => TokenRequest;

// TokenStatus

/**
 * What a client may ask about a token it holds: whether it is active (RFC 7662), and that it be
 * revoked (RFC 7009).
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
import type { AccessToken } from "./AccessToken.ts";
import type * as TokenError from "./TokenError.ts";
/**
 * An answer to introspection (RFC 7662 §2.2). Times are in epoch seconds, as the RFC has them. Of a
 * token that is not active a server says no more than that.
 *
 * @since 0.1.0
 */
export declare const Introspection: Schema.Struct<{
    readonly active: Schema.Boolean;
    readonly scope: Schema.optionalKey<Schema.String>;
    readonly client_id: Schema.optionalKey<Schema.String>;
    readonly username: Schema.optionalKey<Schema.String>;
    readonly token_type: Schema.optionalKey<Schema.String>;
    readonly exp: Schema.optionalKey<Schema.Finite>;
    readonly iat: Schema.optionalKey<Schema.Finite>;
    readonly nbf: Schema.optionalKey<Schema.Finite>;
    readonly sub: Schema.optionalKey<Schema.String>;
    readonly aud: Schema.optionalKey<Schema.Union<readonly [Schema.String, Schema.$Array<Schema.String>]>>;
    readonly iss: Schema.optionalKey<Schema.String>;
    readonly jti: Schema.optionalKey<Schema.String>;
    readonly cnf: Schema.optionalKey<Schema.Struct<{
        readonly "x5t#S256": Schema.optionalKey<Schema.String>;
    }>>;
}>;
/** @since 0.1.0 */
export type Introspection = typeof Introspection.Type;
/**
 * The operations. They use the client's own authentication, and over mutual TLS the aliases.
 *
 * @since 0.1.0
 */
export interface TokenManagement {
    /** Asks the authorization server about a token (RFC 7662). */
    readonly introspect: (token: AccessToken<unknown>) => Effect.Effect<Introspection, TokenError.TokenError>;
    /** Revokes a token (RFC 7009) and drops it from memory. Succeeds for an invalid token too. */
    readonly revoke: (token: AccessToken<unknown>) => Effect.Effect<void, TokenError.TokenError>;
}

// TokenStore

/**
 * The seam for a store of tokens that several processes share, behind the memory of each.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context";
import type * as Effect from "effect/Effect";
import type { AccessToken } from "./AccessToken.ts";
import type { Value } from "./TokenRequest.ts";
/**
 * Everything that tells one token from another: the vendor, each option, each secret as `Redacted`,
 * and the thumbprint of the certificate. A store derives its key from all of it.
 *
 * @since 0.1.0
 */
export type Identity = ReadonlyArray<readonly [name: string, value: Value]>;
/**
 * A shared store. It never fails: without an answer `get` returns `undefined`, and the vendor is asked.
 * Each use is given up after 1 s.
 *
 * @since 0.1.0
 */
export interface TokenStore {
    readonly get: (identity: Identity) => Effect.Effect<AccessToken<unknown> | undefined>;
    readonly set: (identity: Identity, token: AccessToken<unknown>) => Effect.Effect<void>;
    /** Drops exactly this token, which the API refused or which was revoked; another one stays. */
    readonly remove: (identity: Identity, token: AccessToken<unknown>) => Effect.Effect<void>;
}
/**
 * The store that providers use; there is none unless a layer sets one.
 *
 * @since 0.1.0
 */
export declare const TokenStore: Context.Reference<TokenStore | undefined>;

// index

export * as AccessToken from "./AccessToken.ts";
export * as Authorization from "./Authorization.ts";
export * as ClientAuth from "./ClientAuth.ts";
export * as Definition from "./Definition.ts";
export * as Grant from "./Grant.ts";
export * as Jws from "./Jws.ts";
export * as MutualTls from "./MutualTls.ts";
export * as Options from "./Options.ts";
export * as PrivateKeyJwt from "./PrivateKeyJwt.ts";
export * as Provider from "./Provider.ts";
export * as RefreshPolicy from "./RefreshPolicy.ts";
export * as Secret from "./Secret.ts";
export * as TokenError from "./TokenError.ts";
export * as TokenRequest from "./TokenRequest.ts";
export * as TokenStatus from "./TokenStatus.ts";
export * as TokenStore from "./TokenStore.ts";

// names

/**
 * Re-exported by each vendor, so that declarations of a library that depends on a vendor alone can
 * name the types of this package.
 *
 * @since 0.1.0
 */
export type { AccessToken } from "./AccessToken.ts";
export type { ClientAuth, Connection, Method } from "./ClientAuth.ts";
export type { Grant } from "./Grant.ts";
export type { Generation, MutualTls } from "./MutualTls.ts";
export type * as Options from "./Options.ts";
export type { ConfigOverrides, Environment, Facts, LayerOptions, OptionsOf, Provider, Resolve, ServiceClass, TestOptions, } from "./Provider.ts";
export type { RefreshPolicy } from "./RefreshPolicy.ts";
export type { Secret } from "./Secret.ts";
export type { TokenError } from "./TokenError.ts";
export type { Introspection, TokenManagement } from "./TokenStatus.ts";

// internal/signingKey

import * as Signature from "effect/crypto/Signature";
import * as Effect from "effect/Effect";
import * as TokenError from "../TokenError.ts";
declare const algorithms: {
    PS256: {
        algorithm: Signature.RsaPss;
        key: string;
    };
    PS384: {
        algorithm: Signature.RsaPss;
        key: string;
    };
    PS512: {
        algorithm: Signature.RsaPss;
        key: string;
    };
    RS256: {
        algorithm: Signature.RsaPkcs1v15;
        key: string;
    };
    RS384: {
        algorithm: Signature.RsaPkcs1v15;
        key: string;
    };
    RS512: {
        algorithm: Signature.RsaPkcs1v15;
        key: string;
    };
    ES256: {
        algorithm: Signature.Ecdsa<"P-256">;
        key: string;
        bytes: number;
    };
    ES384: {
        algorithm: Signature.Ecdsa<"P-384">;
        key: string;
        bytes: number;
    };
    ES512: {
        algorithm: Signature.Ecdsa<"P-521">;
        key: string;
        bytes: number;
    };
    EdDSA: {
        algorithm: Signature.Ed25519;
        key: string;
        bytes: number;
    };
    Ed25519: {
        algorithm: Signature.Ed25519;
        key: string;
        bytes: number;
    };
};
export type Algorithm = keyof typeof algorithms;
export declare const algorithmNames: string[];
export declare const isAlgorithm: (name: string) => name is Algorithm;
/** Names the kind of key that an algorithm takes. */
export declare const keyOf: (algorithm: Algorithm) => string;
declare const Unusable_base: new <A extends Record<string, any> = {}>(args: import("effect/Types").VoidIfEmpty<{ readonly [P in keyof A as P extends "_tag" ? never : P]: A[P]; }>) => import("effect/Cause").YieldableError & {
    readonly _tag: "Unusable";
} & Readonly<A>;
/** Says why a key cannot be used, without its text. */
export declare class Unusable extends Unusable_base<{
    readonly problem: string;
}> {
}
export interface SigningKey {
    readonly sign: (input: Uint8Array) => Effect.Effect<Uint8Array, TokenError.OptionInvalid>;
    /** The thumbprint of the public key (RFC 7638). */
    readonly thumbprint: string;
}
/** Reads a key and signs once, because a readable key may still have a size or curve that cannot sign. */
export declare const read: (text: string, name: "ES256" | "ES384" | "ES512" | "Ed25519" | "EdDSA" | "PS256" | "PS384" | "PS512" | "RS256" | "RS384" | "RS512") => Effect.Effect<SigningKey, Unusable, never>;
/** Says what a signature's length shows. A server would say only that it does not know the client. */
export declare const signatureProblem: (name: string, signature: Uint8Array) => string | undefined;
export {};
