/** The vendor of the README's 15 lines, and one with everything that a vendor can have. */
import * as ClientAuth from "@x/core/ClientAuth";
import type * as Definition from "@x/core/Definition";
import * as MutualTls from "@x/core/MutualTls";
import * as PrivateKeyJwt from "@x/core/PrivateKeyJwt";
import * as Provider from "@x/core/Provider";
import * as Config from "effect/Config";
import * as Effect from "effect/Effect";
import type * as Redacted from "effect/Redacted";

export interface AcmeOptions extends Definition.CommonOptions<"production" | "sandbox"> {
  readonly clientId: string;
  readonly clientSecret: Redacted.Redacted;
  readonly scope?: string | undefined;
}

export class Acme extends Provider.Service<Acme>()("acme/Acme", {
  name: "Acme",
  environments: {
    production: {
      tokenUrl: "https://login.acme.test/token",
      apiUrl: "https://api.acme.test/v1",
      lifetime: "1 hour",
    },
    sandbox: { lifetime: "5 minutes" },
  },
  grant: "client_credentials",
  params: ({ scope }: AcmeOptions) => ({ scope }),
  clientAuth: (options) => ClientAuth.secretPost(options),
  configPrefix: "ACME",
  config: {
    clientId: Config.String("ACME_CLIENT_ID"),
    clientSecret: Config.Redacted("ACME_CLIENT_SECRET"),
    scope: Config.withDefault(Config.String("ACME_SCOPE"), undefined),
  },
  operations: ({ httpClient }) => ({
    ping: Effect.map(httpClient.get("/ping"), ({ status }) => status),
    echo: (text: string) =>
      Effect.flatMap(httpClient.get(`/echo/${text}`), (answer) => answer.text),
  }),
}) {}

export interface BoundOptions
  extends Definition.CommonOptions<"production">, Definition.DiscoveryOptions {
  readonly clientId: string;
  readonly clientAuth: "tls_client_auth" | PrivateKeyJwt.PrivateKeyJwt;
}

/** Discovered, and shows a certificate if its options say so. */
export class Bound extends Provider.Service<Bound>()("acme/Bound", {
  name: "Bound",
  environments: {
    production: {
      issuer: "https://auth.bound.test",
      endpointHosts: ["matls.bound.test"],
      apiUrl: "https://api.bound.test",
      lifetime: "5 minutes",
    },
  },
  clientCertificate: "byOptions",
  apiShowsCertificate: () => true,
  grant: "client_credentials",
  clientAuth: (options: BoundOptions, issuer) =>
    options.clientAuth === "tls_client_auth"
      ? MutualTls.clientAuth(options)
      : PrivateKeyJwt.clientAuth({
          clientId: options.clientId,
          issuer,
          privateKeyJwt: options.clientAuth,
        }),
  configPrefix: "BOUND",
  config: {
    clientId: Config.String("BOUND_CLIENT_ID"),
    clientAuth: Config.succeed("tls_client_auth" as const),
    issuer: Config.withDefault(Config.String("BOUND_ISSUER"), undefined),
    endpointHosts: Config.succeed(undefined),
    issuerIsMutualTlsHost: Config.succeed(undefined),
  },
}) {}

export interface CertifiedOptions extends Definition.CommonOptions<"production"> {
  readonly clientId: string;
}

/** Always shows a certificate to the token endpoint, and none to the API. */
export class Certified extends Provider.Service<Certified>()("acme/Certified", {
  name: "Certified",
  environments: {
    production: { tokenUrl: "https://login.certified.test/token", lifetime: "5 minutes" },
  },
  clientCertificate: "always",
  grant: "client_credentials",
  clientAuth: (options: CertifiedOptions) => MutualTls.clientAuth(options),
  configPrefix: "CERTIFIED",
  config: { clientId: Config.String("CERTIFIED_CLIENT_ID") },
}) {}
