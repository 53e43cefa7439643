import type * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as HttpClient from "effect/http/HttpClient";
import * as HttpClientRequest from "effect/http/HttpClientRequest";
import type { HttpClientResponse } from "effect/http/HttpClientResponse";
import type * as Layer from "effect/Layer";
import * as Schema from "effect/Schema";
import * as Tls from "node:tls";
import type * as Certificates from "@x/testing/Certificates";
import type * as Emulator from "@x/testing/Emulator";
import * as TestHttpClient from "@x/testing/TestHttpClient";

const Json = Schema.fromJsonString(Schema.Record(Schema.String, Schema.Unknown));

const read = Effect.fnUntraced(function* (response: HttpClientResponse) {
  const text = yield* response.text;
  return {
    status: response.status,
    headers: response.headers,
    text,
    json: text.startsWith("{") ? Schema.decodeSync(Json)(text) : {},
  };
});

/** Posts a form as a plain HTTP client would. */
export const post = (
  url: string,
  form: Record<string, string>,
  headers: Record<string, string> = {},
) =>
  HttpClientRequest.post(url, { headers }).pipe(
    HttpClientRequest.bodyUrlParams(form),
    HttpClient.execute,
    Effect.flatMap(read),
  );

/** Calls an API, with a bearer token if one is given. */
export const call = (url: string, token?: string) =>
  Effect.flatMap(
    HttpClient.get(
      url,
      token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } },
    ),
    read,
  );

/** `Authorization` header of RFC 7617. */
export const basic = (id: string, secret: string) => ({
  authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString("base64")}`,
});

const encode = (value: string) => new URLSearchParams({ value }).toString().slice("value=".length);

/** `Authorization` header of RFC 6749 §2.3.1, which form-encodes both halves first. */
export const formEncodedBasic = (id: string, secret: string) => {
  return basic(encode(id), encode(secret));
};

export const accessToken = (response: { readonly json: Record<string, unknown> }): string =>
  String(response.json["access_token"]);

/** Runs with a client that shows the certificate, or none. */
export const withClient =
  (
    emulator: Pick<Emulator.Emulator, "certificateAuthority">,
    certificate?: Certificates.Certificate,
  ) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>) =>
    Effect.provide(
      effect,
      certificate === undefined
        ? TestHttpClient.layer(emulator.certificateAuthority)
        : TestHttpClient.layerMutualTls(emulator.certificateAuthority, certificate),
      { local: true },
    );

/** Whether the server with that authority still listens; its port may be another's by now. */
export const listens = (url: string, certificateAuthority: string) =>
  Effect.callback<boolean>((resume) => {
    const socket = Tls.connect({
      host: "localhost",
      port: Number(new URL(url).port),
      ca: certificateAuthority,
    });
    socket.once("secureConnect", () => resume(Effect.succeed(true)));
    socket.once("error", () => resume(Effect.succeed(false)));
    return Effect.sync(() => socket.destroy());
  }).pipe(Effect.timeout("30 seconds"));

/** Runs a test against an emulator of its own, with a client that shows no certificate. */
export const against =
  <Self, Running extends Pick<Emulator.Emulator, "certificateAuthority">>(
    service: Context.Service<Self, Running>,
    layer: Layer.Layer<Self>,
  ) =>
  <A, E, R>(test: (emulator: Running) => Effect.Effect<A, E, R>) =>
    Effect.flatMap(service, (emulator) => withClient(emulator)(test(emulator))).pipe(
      Effect.provide(layer),
    );
