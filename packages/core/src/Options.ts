/**
 * The kinds of options that vendors have. One schema an option gives its type, its check, its
 * `Config` key, its part in a token's identity and its row in the README.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect";
import type * as Redacted from "effect/Redacted";
import * as Schema from "effect/Schema";
import type * as SchemaAST from "effect/SchemaAST";
import * as SchemaTransformation from "effect/SchemaTransformation";
import type { Simplify } from "effect/Types";
import type * as ClientAuth from "./ClientAuth.ts";
import * as checks from "./internal/optionChecks.ts";
import * as kinds from "./internal/optionKinds.ts";
import type { RefreshPolicy } from "./RefreshPolicy.ts";
import type * as Secrets from "./Secret.ts";

/**
 * Options by name; any schema that needs no services is one.
 *
 * @since 0.1.0
 */
export type Fields = { readonly [name: string]: Schema.ConstraintCodec<unknown, unknown> };

/** @since 0.1.0 */
export interface Text extends Schema.Bottom<string, string, never, never, SchemaAST.String, Text> {}

/**
 * One line of text.
 *
 * @since 0.1.0
 */
export const Text: Text = Schema.make(Schema.String.check(checks.line).ast);

/**
 * One label of a host name, such as a tenant's. It lets no text lead a URL to another host.
 *
 * @since 0.1.0
 */
export const Label: Text = Schema.make(Schema.String.check(checks.label).ast);

/** @since 0.1.0 */
export interface Url extends Schema.Bottom<string, string, never, never, SchemaAST.String, Url> {}

/**
 * An absolute https URL without user info, credentials and fragment.
 *
 * @since 0.1.0
 */
export const Url: Url = Schema.make(Schema.String.check(checks.url).ast);

/**
 * A URL behind which a path can follow: it has no query.
 *
 * @since 0.1.0
 */
export const BaseUrl: Url = Schema.make(Schema.String.check(checks.baseUrl).ast);

/** @since 0.1.0 */
export interface List extends Schema.declare<ReadonlyArray<string>> {
  readonly Rebuild: List;
}

/**
 * Lines of text, which `Config` separates by commas.
 *
 * @since 0.1.0
 */
export const List: List = kinds.list(checks.each(checks.lineProblem));

/**
 * Absolute https URLs, of which the origins count.
 *
 * @since 0.1.0
 */
export const Origins: List = kinds.list(checks.each(checks.urlProblem));

/**
 * Host names alone, such as `auth.example.com`.
 *
 * @since 0.1.0
 */
export const Hosts: List = kinds.list(checks.each(checks.hostProblem));

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
export const Secret: Secret = kinds.secret(checks.secretLine);

/**
 * A secret of several lines, such as a PEM or a JWK.
 *
 * @since 0.1.0
 */
export const SecretText: Secret = kinds.secret(checks.secretText);

/** @since 0.1.0 */
export interface OneOf<Words extends ReadonlyArray<string>> extends Schema.Literals<Words> {
  readonly Rebuild: OneOf<Words>;
}

/**
 * One of several words.
 *
 * @since 0.1.0
 */
export const oneOf = <const Words extends ReadonlyArray<string>>(...words: Words): OneOf<Words> =>
  Schema.Literals(words).annotate({ expected: `one of ${words.join(", ")}` });

/** @since 0.1.0 */
export interface Optional<S extends Schema.Constraint> extends Schema.optional<S> {
  readonly Rebuild: Optional<S>;
}

/**
 * An option that may be left out.
 *
 * @since 0.1.0
 */
export const optional = <S extends Schema.Constraint>(schema: S): Optional<S> =>
  Schema.optional(schema);

/** @since 0.1.0 */
export interface Defaulted<
  S extends Schema.Constraint & Schema.WithoutConstructorDefault,
> extends Schema.withConstructorDefault<S> {
  readonly Rebuild: Defaulted<S>;
}

/**
 * An option that has a value when it is left out.
 *
 * @since 0.1.0
 */
export const withDefault = <S extends Schema.Top & Schema.WithoutConstructorDefault>(
  schema: S,
  value: S["Type"] & S["~type.make.in"],
): Defaulted<S> => schema.pipe(Schema.withConstructorDefault(Effect.succeed(value)));

/** @since 0.1.0 */
export interface Flag extends Defaulted<Schema.Boolean> {
  readonly Rebuild: Flag;
}

/**
 * A switch that is off unless it is turned on.
 *
 * @since 0.1.0
 */
export const Flag: Flag = withDefault(
  Schema.Boolean.annotate({ expected: "true or false" }),
  false,
);

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
export const clientAuth = <const M extends Readonly<Record<string, ClientAuth.Method<any>>>>(
  words: M,
  options?: { readonly configDefault?: (keyof M & string) | undefined },
): ClientAuthOption<RequirementOf<M[keyof M]>> =>
  Schema.make(
    Schema.Literals(Object.keys(words)).pipe(
      Schema.decodeTo(
        Schema.declare(checks.isMethod, { expected: "a method of client authentication" }),
        SchemaTransformation.transform<ClientAuth.Method<any>, string>({
          decode: (word) => words[word]!,
          encode: ({ name }) => name,
        }),
      ),
    ).ast,
    { configDefault: options?.configDefault, words: Object.keys(words) },
  );

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
export const discovery: Discovery = {
  issuer: optional(BaseUrl).annotate({
    description: "issuer identifier; with a token URL nothing is discovered",
  }),
  endpointHosts: optional(Hosts).annotate({
    description: "further host names that discovered endpoints may be on, separated by commas",
  }),
  issuerIsMutualTlsHost: Flag.annotate({
    description: "the issuer is itself the mutual-TLS host and names no aliases",
  }),
  revokeOnClose: Flag.annotate({ description: "revokes living tokens when the layer closes" }),
};

/**
 * What a vendor's functions are given.
 *
 * @since 0.1.0
 */
export type Given<F extends Fields> = Schema.Struct.Type<F>;

type InputOf<S, M> = S extends { readonly "~@x/core/configurable": any }
  ? M
  : S extends Schema.Constraint
    ? S["Type"]
    : never;

type IsOptional<S> = S extends { readonly "~type.optionality": "optional" }
  ? true
  : S extends { readonly "~type.constructor.default": "with-default" }
    ? true
    : false;

/**
 * What a caller gives: options with a default may be left out.
 *
 * @since 0.1.0
 */
export type Input<F, M> = Simplify<
  {
    readonly [K in keyof F as IsOptional<F[K]> extends true ? never : K]: InputOf<F[K], M>;
  } & {
    readonly [K in keyof F as IsOptional<F[K]> extends true ? K : never]?:
      | InputOf<F[K], M>
      | undefined;
  }
>;
