/**
 * The access token: a redacted value, when it was asked for and when it ends.
 *
 * @since 0.1.0
 */
import * as Inspectable from "effect/Inspectable";
import * as Redacted from "effect/Redacted";

const TypeId = "~@x/core/AccessToken";

/**
 * An access token as the vendor issued it (RFC 6749 §5.1).
 *
 * `String`, `JSON.stringify` and `util.inspect` show when it ends and never its value. The value is
 * opaque: nothing here parses it.
 *
 * @since 0.1.0
 */
export class AccessToken<out Extra = {}> extends Inspectable.Class {
  readonly [TypeId] = TypeId;
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
  }) {
    super();
    this.value = fields.value;
    this.scope = fields.scope;
    this.missingScope = fields.missingScope ?? [];
    this.issuedAt = fields.issuedAt;
    this.monotonicIssuedAt = fields.monotonicIssuedAt;
    this.expiresAt = fields.expiresAt;
    this.thumbprint = fields.thumbprint;
    this.refreshToken = fields.refreshToken;
    this.extra = fields.extra ?? ({} as Extra);
  }

  /** Shows times, scope and thumbprint; neither the token nor its extra members. */
  override toJSON(): unknown {
    return {
      _id: "AccessToken",
      value: "<redacted>",
      scope: this.scope,
      missingScope: this.missingScope,
      issuedAt: this.issuedAt,
      expiresAt: this.expiresAt,
      thumbprint: this.thumbprint,
    };
  }
}

/**
 * Tests whether two tokens have the same value, as a refused token and the current one.
 *
 * @since 0.1.0
 */
export const hasSameValue = (self: AccessToken<unknown>, that: AccessToken<unknown>): boolean =>
  self === that || Redacted.value(self.value) === Redacted.value(that.value);
