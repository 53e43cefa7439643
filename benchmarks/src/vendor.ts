/** A vendor in memory, for goals in simulated time: it counts, refuses and fails on command. */
import * as ClientAuth from "@x/core/ClientAuth";
import * as Grant from "@x/core/Grant";
import * as Options from "@x/core/Options";
import * as Provider from "@x/core/Provider";
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as HttpClient from "effect/http/HttpClient";
import * as HttpClientResponse from "effect/http/HttpClientResponse";
import * as Redacted from "effect/Redacted";

const fields = { clientId: Options.Text, clientSecret: Options.Secret };

const service = <Self>(id: string, grant: (options: Options.Given<typeof fields>) => Grant.Grant) =>
  Provider.Service<Self>()(id, {
    name: id,
    options: fields,
    environments: {
      production: {
        tokenUrl: "https://vendor.test/token",
        apiUrl: "https://vendor.test/api",
        lifetime: "5 minutes",
      },
    },
    grant,
    clientAuth: ClientAuth.secretPost,
  });

export class Simulated extends service<Simulated>("Simulated", () => Grant.clientCredentials()) {}
export class SimulatedPassword extends service<SimulatedPassword>(
  "SimulatedPassword",
  ({ clientId, clientSecret }) => Grant.password({ username: clientId, password: clientSecret }),
) {}

export const options = {
  environment: "production",
  clientId: "id",
  clientSecret: Redacted.make("secret"),
} as const;

/** The vendor's state, which a goal changes as it goes. */
export interface State {
  /** Seconds, as sent in `expires_in`. */
  lifetime: number;
  token: () => number;
  api: () => number | undefined;
  tokenRequests: number;
  apiRequests: number;
  /** API calls answered with 401, because the token had ended or `api` says so. */
  unauthorized: number;
}

/** A vendor whose tokens end on the clock; `token` and `api` give the status of an answer, 200 if it is fine. */
export const make = (changes: Partial<State>) => {
  const state: State = {
    lifetime: 60,
    token: () => 200,
    api: () => undefined,
    tokenRequests: 0,
    apiRequests: 0,
    unauthorized: 0,
    ...changes,
  };
  const ends = new Map<string, number>();
  const httpClient = HttpClient.make((request, url) =>
    Effect.map(Clock.currentTimeMillis, (now) => {
      if (url.pathname === "/token") {
        const status = state.token();
        const access_token = `token-${++state.tokenRequests}`;
        if (status !== 200) {
          const error = status === 401 ? "invalid_client" : "temporarily_unavailable";
          return HttpClientResponse.fromWeb(request, Response.json({ error }, { status }));
        }
        ends.set(access_token, now + state.lifetime * 1000);
        for (const oldest of ends.keys()) if (ends.size > 1000) ends.delete(oldest);
        return HttpClientResponse.fromWeb(
          request,
          Response.json({ access_token, token_type: "Bearer", expires_in: state.lifetime }),
        );
      }
      state.apiRequests++;
      const token = request.headers["authorization"]?.slice("Bearer ".length) ?? "";
      const status = state.api() ?? (now < (ends.get(token) ?? 0) ? 200 : 401);
      if (status === 401) state.unauthorized++;
      return HttpClientResponse.fromWeb(request, Response.json({}, { status }));
    }),
  );
  return { state, httpClient };
};
