/** The vendor of the README, one with everything that a vendor can have, and one with a certificate. */
import * as ClientAuth from "@x/core/ClientAuth";
import * as Grant from "@x/core/Grant";
import * as Options from "@x/core/Options";
import * as Provider from "@x/core/Provider";
import * as Effect from "effect/Effect";

export class Acme extends Provider.Service<Acme>()("acme/Acme", {
  name: "Acme",
  options: {
    /** The client id. */
    clientId: Options.Text.annotate({ description: "the client id" }),
    clientSecret: Options.Secret,
    scope: Options.optional(Options.Text),
  },
  environments: {
    production: {
      tokenUrl: "https://login.acme.test/token",
      apiUrl: "https://api.acme.test/v1",
      lifetime: "1 hour",
    },
    sandbox: { lifetime: "5 minutes" },
  },
  grant: ({ scope }) => Grant.clientCredentials({ scope }),
  clientAuth: (options) => ClientAuth.secretPost(options),
  perCall: ["scope"],
  operations: ({ httpClient }) => ({
    ping: Effect.map(httpClient.get("/ping"), ({ status }) => status),
    echo: (text: string) =>
      Effect.flatMap(httpClient.get(`/echo/${text}`), (answer) => answer.text),
  }),
}) {}

/** Discovered, with the client authentication that the caller chooses. */
export class Bound extends Provider.Service<Bound>()("acme/Bound", {
  name: "Bound",
  options: {
    ...Options.discovery,
    clientId: Options.Text,
    clientAuth: Options.clientAuth(
      { tls_client_auth: ClientAuth.tlsClientAuth },
      { configDefault: "tls_client_auth" },
    ),
  },
  environments: {
    production: {
      issuer: "https://auth.bound.test",
      endpointHosts: ["matls.bound.test"],
      apiUrl: "https://api.bound.test",
      lifetime: "5 minutes",
    },
  },
  grant: () => Grant.clientCredentials(),
  clientAuth: ({ clientAuth, clientId }) => clientAuth.of({ clientId }),
  api: { certificate: () => true },
}) {}

/** Always shows a certificate to the token endpoint, and none to the API. */
export class Certified extends Provider.Service<Certified>()("acme/Certified", {
  name: "Certified",
  options: { clientId: Options.Text },
  environments: {
    production: { tokenUrl: "https://login.certified.test/token", lifetime: "5 minutes" },
  },
  grant: () => Grant.clientCredentials(),
  clientAuth: ({ clientId }) => ClientAuth.tls({ clientId }),
}) {}
