/**
 * `HttpClient` layers that trust only the certificate authority of a test.
 *
 * @since 0.1.0
 */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient";
import type { HttpClient } from "effect/http/HttpClient";
import * as Layer from "effect/Layer";
import type { SecureContextOptions } from "node:tls";
import type { Certificate } from "./Certificates.ts";

/**
 * Provides an undici `HttpClient` that trusts the given authority (PEM).
 *
 * @since 0.1.0
 */
export const layer = (certificateAuthority: string): Layer.Layer<HttpClient> =>
  layerFrom({ ca: certificateAuthority });

/**
 * Provides an undici `HttpClient` that trusts the authority (PEM) and shows a client certificate.
 *
 * @since 0.1.0
 */
export const layerMutualTls = (
  certificateAuthority: string,
  certificate: Pick<Certificate, "certificate" | "privateKey">,
): Layer.Layer<HttpClient> =>
  layerFrom({
    ca: certificateAuthority,
    cert: certificate.certificate,
    key: certificate.privateKey,
  });

// 16 connections and 60 s for a handshake: a burst of calls must pass on a slow machine.
const layerFrom = (tls: SecureContextOptions): Layer.Layer<HttpClient> =>
  // Layers are memoised: without `fresh`, a second authority would get the first one's client.
  Layer.fresh(
    NodeHttpClient.layerUndiciOptions({ connections: 16, connect: { ...tls, timeout: 60_000 } }),
  );
