import { describe, it } from "@effect/vitest";
import * as ClientAuth from "@x/core/ClientAuth";
import * as NodeMutualTls from "@x/node/NodeMutualTls";
import * as Certificates from "@x/testing/Certificates";
import * as Effect from "effect/Effect";
import {
  bytes,
  type Case,
  proxied,
  rejected,
  run,
  showing,
  stripped,
  subject,
  title,
} from "./matrix.ts";

const tls: Readonly<Record<string, Case>> = {
  "the registered certificate": { outcome: { requests: 1 } },
  "a renewed certificate of the same subject": {
    transport: showing((emulator) =>
      Certificates.issueClient(emulator.authority, subject(emulator)),
    ),
    outcome: { requests: 1 },
  },
  "a certificate of another subject": {
    transport: showing(({ authority }) =>
      Certificates.issueClient(authority, { commonName: "stranger" }),
    ),
    outcome: rejected(),
  },
  "a self-signed certificate of the same subject": {
    transport: showing((emulator) => Certificates.selfSigned(subject(emulator))),
    outcome: rejected(),
  },
  "a certificate of an untrusted authority": {
    transport: showing((emulator) =>
      Effect.flatMap(Certificates.makeAuthority("Mallory"), (mallory) =>
        Certificates.issueClient(mallory, subject(emulator)),
      ),
    ),
    outcome: rejected(),
  },
  "an expired certificate": {
    transport: showing((emulator) =>
      Certificates.issueExpiredClient(emulator.authority, subject(emulator)),
    ),
    outcome: {
      reason: "CertificateUnusable",
      message: /it expired on \d{4}-.*replace it/,
      requests: 0,
    },
  },
  "a certificate that is not yet valid": {
    transport: showing((emulator) =>
      Certificates.issueFutureClient(emulator.authority, subject(emulator)),
    ),
    outcome: { reason: "CertificateUnusable", message: /valid only from \d{4}-/, requests: 0 },
  },
  "no certificate on the wire": { transport: stripped, outcome: rejected() },
  "another certificate on the wire than ours": {
    transport: proxied,
    outcome: {
      reason: "ServerUntrusted",
      message: /bound to another certificate than the one that we show.*a proxy on the way/,
      requests: 1,
    },
  },
  "the plain endpoint in place of the alias": {
    options: ({ plainTokenUrl }) => ({ tokenUrl: plainTokenUrl }),
    outcome: rejected(),
  },
  "another method of RFC 8705 than the registered one": {
    options: () => ({ clientAuth: ClientAuth.selfSignedTlsClientAuth }),
    // The server chooses the method: the request is the same for both.
    outcome: { requests: 1 },
  },
  "an unknown client id": {
    options: () => ({ clientId: "https://rp.example/nobody" }),
    outcome: rejected(),
  },
  "a scope of another client": {
    options: () => ({ scope: "directory:website" }),
    outcome: {
      reason: "RequestRejected",
      message: /rejected the request \(HTTP 400 invalid_scope.*check scope/,
    },
  },
  "a scope unknown to the server": {
    options: ({ options }) => ({ scope: `${options.scope} directory:nothing` }),
    outcome: { requests: 1, missingScope: ["directory:nothing"] },
  },
  "an unknown scope when every scope is required": {
    options: ({ options }) => ({
      scope: `${options.scope} directory:nothing`,
      requireGrantedScope: true,
    }),
    outcome: { reason: "RequestRejected", message: /not granted: directory:nothing/, requests: 1 },
  },
  "an issuer with a trailing slash": {
    options: ({ issuer }) => ({ issuer: `${issuer}/` }),
    outcome: { reason: "ServerUntrusted", message: /another issuer.*last character/, requests: 0 },
  },
  "an issuer in capitals": {
    options: ({ issuer }) => ({ issuer: issuer.replace("localhost", "LOCALHOST") }),
    outcome: { reason: "ServerUntrusted", message: /another issuer/, requests: 0 },
  },
  "an issuer with a path": {
    options: ({ issuer }) => ({ issuer: `${issuer}/realms/x` }),
    outcome: { reason: "ResponseMalformed", message: /no discovery document/, requests: 0 },
  },
  "a server of an untrusted authority": {
    transport: ({ clientCertificate }) =>
      Effect.succeed(
        NodeMutualTls.layerPem({
          certificate: bytes(clientCertificate.certificate),
          privateKey: bytes(clientCertificate.privateKey),
        }),
      ),
    outcome: { reason: "ServerUntrusted", message: /not trusted.*add the issuing CA/, requests: 0 },
  },
};

describe("Raidiam with tls_client_auth at oidc-provider", () => {
  for (const [name, one] of Object.entries(tls)) it.live(title(name, one), () => run(one));
});
