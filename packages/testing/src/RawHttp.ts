/**
 * Plain HTTP requests for tests of an emulator, without any token logic.
 *
 * @since 0.1.0
 */
import type * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import type * as Headers from "effect/http/Headers";
import * as HttpClient from "effect/http/HttpClient";
import type * as HttpClientError from "effect/http/HttpClientError";
import * as HttpClientRequest from "effect/http/HttpClientRequest";
import type * as HttpClientResponse from "effect/http/HttpClientResponse";
import * as Layer from "effect/Layer";
import * as Schema from "effect/Schema";
import * as Tls from "node:tls";
import type * as Certificates from "./Certificates.ts";
import type * as Emulator from "./Emulator.ts";
import * as TestHttpClient from "./TestHttpClient.ts";

/**
 * An answer whose body has been read.
 *
 * @since 0.1.0
 */
export interface Answer {
  readonly status: number;
  readonly headers: Headers.Headers;
  readonly text: string;
  /** The body if it is a JSON object, else an empty object. */
  readonly json: Readonly<Record<string, unknown>>;
}

/**
 * Posts a form.
 *
 * @since 0.1.0
 */
export const post = (
  url: string,
  form: Readonly<Record<string, string>>,
  headers: Readonly<Record<string, string>> = {},
): Effect.Effect<Answer, HttpClientError.HttpClientError, HttpClient.HttpClient> =>
  HttpClientRequest.post(url, { headers }).pipe(
    HttpClientRequest.bodyUrlParams(form),
    HttpClient.execute,
    Effect.flatMap(read),
  );

/**
 * Calls an API with GET, and with a bearer token if one is given.
 *
 * @since 0.1.0
 */
export const call = (
  url: string,
  token?: string,
): Effect.Effect<Answer, HttpClientError.HttpClientError, HttpClient.HttpClient> =>
  Effect.flatMap(
    HttpClient.get(
      url,
      token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } },
    ),
    read,
  );

/**
 * Makes the `Authorization` header of HTTP Basic (RFC 7617).
 *
 * @since 0.1.0
 */
export const basic = (id: string, secret: string): { readonly authorization: string } => ({
  authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString("base64")}`,
});

/**
 * Makes the `Authorization` header of RFC 6749 §2.3.1, which form-encodes both halves first.
 *
 * @since 0.1.0
 */
export const formEncodedBasic = (id: string, secret: string): { readonly authorization: string } =>
  basic(formEncoded(id), formEncoded(secret));

/**
 * Returns the `access_token` of an answer.
 *
 * @since 0.1.0
 */
export const accessToken = (answer: Pick<Answer, "json">): string =>
  String(answer.json["access_token"]);

/**
 * Runs an effect with a client that trusts the emulator, and with a certificate if one is given.
 *
 * @since 0.1.0
 */
export const withClient =
  (
    emulator: Pick<Emulator.Emulator, "certificateAuthority">,
    certificate?: Certificates.Certificate,
  ) =>
  <A, E, R>(
    effect: Effect.Effect<A, E, R>,
  ): Effect.Effect<A, E, Exclude<R, HttpClient.HttpClient>> =>
    Effect.provide(
      effect,
      certificate === undefined
        ? TestHttpClient.layer(emulator.certificateAuthority)
        : TestHttpClient.layerMutualTls(emulator.certificateAuthority, certificate),
      { local: true },
    );

/**
 * Runs a test with a new emulator and a client without a certificate.
 *
 * @since 0.1.0
 */
export const against =
  <Self, Running extends Pick<Emulator.Emulator, "certificateAuthority">>(
    service: Context.Service<Self, Running>,
    layer: Layer.Layer<Self>,
  ) =>
  <A, E, R>(
    test: (emulator: Running) => Effect.Effect<A, E, R>,
  ): Effect.Effect<A, E, Exclude<Exclude<R, HttpClient.HttpClient>, Self>> =>
    Effect.flatMap(service, (emulator) => withClient(emulator)(test(emulator))).pipe(
      Effect.provide(Layer.fresh(layer)),
    );

/**
 * Returns whether a server with this authority listens on the port of a URL.
 *
 * A server with another authority on the same port counts as none.
 *
 * @since 0.1.0
 */
export const listens = (url: string, certificateAuthority: string): Effect.Effect<boolean> =>
  Effect.callback((resume) => {
    const socket = Tls.connect({
      host: "localhost",
      port: Number(new URL(url).port),
      ca: certificateAuthority,
    });
    socket.once("secureConnect", () => resume(Effect.succeed(true)));
    socket.once("error", () => resume(Effect.succeed(false)));
    return Effect.sync(() => socket.destroy());
  });

const Json = Schema.fromJsonString(Schema.Record(Schema.String, Schema.Unknown));

const read = (
  response: HttpClientResponse.HttpClientResponse,
): Effect.Effect<Answer, HttpClientError.HttpClientError> =>
  Effect.map(response.text, (text) => ({
    status: response.status,
    headers: response.headers,
    text,
    json: text.startsWith("{") ? Schema.decodeSync(Json)(text) : {},
  }));

const formEncoded = (value: string) =>
  new URLSearchParams({ value }).toString().slice("value=".length);
