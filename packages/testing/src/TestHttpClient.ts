/**
 * `HttpClient` layers that trust a test's own authority and nothing else.
 *
 * @since 0.1.0
 */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient";
import type { HttpClient } from "effect/http/HttpClient";
import type * as Layer from "effect/Layer";
import type { Certificate } from "./Certificates.ts";

/**
 * Layer of an undici `HttpClient` that trusts the given authority (PEM) and shows no certificate.
 *
 * @since 0.1.0
 */
export const layer = (certificateAuthority: string): Layer.Layer<HttpClient> =>
  NodeHttpClient.layerUndiciOptions({ connect: { ca: certificateAuthority } });

/**
 * Layer of an undici `HttpClient` that trusts the given authority (PEM) and shows a client certificate.
 *
 * @since 0.1.0
 */
export const layerMutualTls = (
  certificateAuthority: string,
  certificate: Pick<Certificate, "certificate" | "privateKey">,
): Layer.Layer<HttpClient> =>
  NodeHttpClient.layerUndiciOptions({
    connect: {
      ca: certificateAuthority,
      cert: certificate.certificate,
      key: certificate.privateKey,
    },
  });
