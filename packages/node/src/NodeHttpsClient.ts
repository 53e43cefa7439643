/**
 * An `HttpClient` for servers that are not to see a client certificate: private authorities, and
 * limits on the addresses that it connects to.
 *
 * It is the plain client that the layers of `NodeMutualTls` provide beside the certificate: HTTP/1.1
 * over TLS 1.2 or newer on at most 64 connections an origin, which connects within 10 s, refuses
 * `http:`, follows no redirect and uses no proxy. Servers are always verified, whatever
 * `NODE_TLS_REJECT_UNAUTHORIZED` says.
 *
 * @since 0.1.0
 */
import * as TokenError from "@x/core/TokenError";
import * as Effect from "effect/Effect";
import * as HttpClient from "effect/http/HttpClient";
import * as Layer from "effect/Layer";
import ipaddr from "ipaddr.js";
import * as Net from "node:net";
import * as Tls from "node:tls";
import type * as AllowedAddresses from "./internal/allowedAddresses.ts";
import type * as KeyMaterial from "./internal/keyMaterial.ts";
import * as TlsHttpClient from "./internal/tlsHttpClient.ts";
import * as Trust from "./internal/trust.ts";

/**
 * Whether a socket may connect to an IP address; one that throws allows nothing.
 *
 * It is asked of what a name resolves to for each connection, and of an address that stands in a URL.
 *
 * @since 0.1.0
 */
export type AllowAddress = AllowedAddresses.AllowAddress;

/**
 * What the client trusts and where it may connect to.
 *
 * @since 0.1.0
 */
export interface Options {
  /**
   * Certificates of private authorities, PEM or DER, as a path or bytes, trusted beside Node's
   * roots, to which the system's belong with `--use-system-ca`. With `--use-openssl-ca` they take the
   * place of OpenSSL's store. Read once.
   */
  readonly certificateAuthorities?: ReadonlyArray<KeyMaterial.File> | undefined;
  /** Default: every address. Give `isPublicAddress` where a caller names the host or the issuer. */
  readonly allowAddress?: AllowAddress | undefined;
}

/**
 * Provides the client, whose connections end with the layer.
 *
 * Fails with `CertificateUnusable` when an authority cannot be read.
 *
 * @since 0.1.0
 */
export const layer = (
  options: Options = {},
): Layer.Layer<HttpClient.HttpClient, TokenError.TokenError> =>
  Layer.effect(
    HttpClient.HttpClient,
    Trust.read(options.certificateAuthorities).pipe(
      Effect.flatMap(Trust.verify),
      TokenError.withProvider("NodeHttpsClient"),
      Effect.flatMap((trust) =>
        TlsHttpClient.make(Tls.createSecureContext(trust), options.allowAddress),
      ),
      Effect.map(({ httpClient }) => httpClient),
    ),
  );

/**
 * Whether an IP address is a public one, in no block of the special-purpose registries of IANA
 * (RFC 6890): not loopback, private, link-local with the metadata services of clouds, shared,
 * multicast or reserved, in its own form or inside an IPv6 one.
 *
 * @since 0.1.0
 */
export const isPublicAddress: AllowAddress = (address) => {
  // The parser takes octal and short forms too, which are other addresses elsewhere.
  if (Net.isIP(address) === 0) return false;
  const parsed = ipaddr.process(address);
  if (parsed instanceof ipaddr.IPv4) return parsed.range() === "unicast";
  return parsed.match(nat64)
    ? ipaddr.fromByteArray(parsed.toByteArray().slice(12)).range() === "unicast"
    : parsed.range() === "unicast" && parsed.match(globalUnicast);
};

/** The prefix under which networks without IPv4 reach it (RFC 6052 §2.1). */
const nat64 = ipaddr.IPv6.parseCIDR("64:ff9b::/96");

/** All that is assigned for unicast in the Internet (RFC 4291 §2.4). */
const globalUnicast = ipaddr.IPv6.parseCIDR("2000::/3");
