/**
 * `HttpClient` layers that trust a test's own authority and nothing else.
 *
 * @since 0.1.0
 */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient";
import type { HttpClient } from "effect/http/HttpClient";
import * as Layer from "effect/Layer";
import type { SecureContextOptions } from "node:tls";
import type { Certificate } from "./Certificates.ts";

/**
 * Layer of an undici `HttpClient` that trusts the given authority (PEM) and shows no certificate.
 *
 * @since 0.1.0
 */
export const layer = (certificateAuthority: string): Layer.Layer<HttpClient> =>
  layerFrom({ ca: certificateAuthority });

/**
 * Layer of an undici `HttpClient` that trusts the given authority (PEM) and shows a client certificate.
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

// A test calls as often as it likes: few connections, and time for their handshakes on a slow machine.
const layerFrom = (tls: SecureContextOptions): Layer.Layer<HttpClient> =>
  // Fresh, because the client inside is memoised: two authorities in one program would share the
  // first one's connections.
  Layer.fresh(
    NodeHttpClient.layerUndiciOptions({ connections: 16, connect: { ...tls, timeout: 60_000 } }),
  );
