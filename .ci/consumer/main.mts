// A stranger's project: the core and one vendor, nothing else of ours, an in-memory vendor.
import { Tigr } from "@x/tigr";
import * as Effect from "effect/Effect";
import * as HttpClient from "effect/http/HttpClient";
import * as HttpClientResponse from "effect/http/HttpClientResponse";
import * as Layer from "effect/Layer";
import * as Redacted from "effect/Redacted";

const vendor = HttpClient.make((request, url) =>
  Effect.succeed(
    HttpClientResponse.fromWeb(
      request,
      url.pathname === "/oauth/token"
        ? Response.json({ access_token: "t", token_type: "bearer", expires_in: 1200 })
        : Response.json(
            {},
            { status: request.headers["authorization"] === "Bearer t" ? 200 : 401 },
          ),
    ),
  ),
);

const TigrLive = Tigr.layer({
  environment: "production",
  clientId: "id",
  clientSecret: Redacted.make("s"),
  username: "u",
  password: Redacted.make("p"),
}).pipe(Layer.provide(Layer.succeed(HttpClient.HttpClient, vendor)));

await Effect.runPromise(Effect.flatMap(Tigr, ({ ping }) => ping).pipe(Effect.provide(TigrLive)));
console.log("consumer ok");
