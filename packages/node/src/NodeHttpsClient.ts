/**
 * An `HttpClient` without a client certificate, for private authorities and limited addresses.
 *
 * The layers of `NodeMutualTls` provide the same client beside the certificate. It speaks HTTP/1.1
 * over TLS 1.2 or newer, on at most 64 connections per origin. It connects within 10 s, refuses `http:`,
 * follows no redirect and uses no proxy. It verifies every server, whatever
 * `NODE_TLS_REJECT_UNAUTHORIZED` says.
 *
 * @since 0.1.0
 */
import type * as TokenError from "@x/core/TokenError";
import * as Effect from "effect/Effect";
import * as HttpClient from "effect/http/HttpClient";
import * as Layer from "effect/Layer";
import ipaddr from "ipaddr.js";
import * as Net from "node:net";
import * as Tls from "node:tls";
import * as Inputs from "./internal/inputs.ts";
import * as TlsHttpClient from "./internal/tlsHttpClient.ts";
import * as Trust from "./internal/trust.ts";
import type * as TransportOptions from "./TransportOptions.ts";

/**
 * Provides the client. Its connections end with the layer's scope.
 *
 * Reads the authorities once. Fails with `CertificateUnusable` when one of them cannot be used.
 *
 * @since 0.1.0
 */
export const layer = (
  options: TransportOptions.TransportOptions = {},
): Layer.Layer<HttpClient.HttpClient, TokenError.TokenError> =>
  Layer.effect(
    HttpClient.HttpClient,
    Trust.read(options).pipe(
      Effect.flatMap(Trust.verify),
      Inputs.withProvider("NodeHttpsClient"),
      Effect.flatMap((trust) => TlsHttpClient.make(Tls.createSecureContext(trust), options)),
      Effect.map(({ httpClient }) => httpClient),
    ),
  );

/**
 * Tells whether an IP address is public: in no special-purpose block of IANA (RFC 6890).
 *
 * Refuses loopback, private, link-local (with the metadata services of clouds), shared, multicast and
 * reserved addresses, also inside an IPv6 address.
 *
 * @since 0.1.0
 */
export const isPublicAddress: TransportOptions.AllowAddress = (address) => {
  // The parser takes octal and short forms too, which other software reads as other addresses.
  if (Net.isIP(address) === 0) return false;
  const parsed = ipaddr.process(address);
  if (parsed instanceof ipaddr.IPv4) return parsed.range() === "unicast";
  return parsed.match(nat64)
    ? ipaddr.fromByteArray(parsed.toByteArray().slice(12)).range() === "unicast"
    : parsed.range() === "unicast" && parsed.match(globalUnicast);
};

/** The prefix under which networks without IPv4 reach it (RFC 6052 §2.1). */
const nat64 = ipaddr.IPv6.parseCIDR("64:ff9b::/96");

/** The unicast addresses of the Internet (RFC 4291 §2.4). */
const globalUnicast = ipaddr.IPv6.parseCIDR("2000::/3");
