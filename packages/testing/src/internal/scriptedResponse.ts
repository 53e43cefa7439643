import * as Effect from "effect/Effect";
import * as HttpClientError from "effect/http/HttpClientError";
import type { HttpClientRequest } from "effect/http/HttpClientRequest";
import * as HttpClientResponse from "effect/http/HttpClientResponse";
import * as HttpServerResponse from "effect/http/HttpServerResponse";
import * as Stream from "effect/Stream";
import type { Answer } from "../TokenServer.ts";
import type { Exchange } from "./tlsListener.ts";

/** Plays an answer on the connection that the request came by. */
export const toServer = (
  answer: Answer,
  exchange: Exchange,
): Effect.Effect<HttpServerResponse.HttpServerResponse> => {
  switch (answer._tag) {
    case "Respond":
      return Effect.succeed(
        HttpServerResponse.uint8Array(encoder.encode(answer.body), {
          status: answer.status,
          headers: answer.headers,
        }),
      );
    case "Hang":
      return Effect.never;
    case "Reset":
      // the server interrupts the handler when its connection is gone
      return Effect.andThen(
        Effect.sync(() => exchange.incoming.socket.destroy()),
        Effect.never,
      );
    case "Truncate":
      return Effect.andThen(
        Effect.sync(() => {
          const response = exchange.outgoing();
          response.writeHead(answer.status, {
            ...answer.headers,
            "content-length": Buffer.byteLength(answer.body) + missing,
          });
          response.write(answer.body, () => exchange.incoming.socket.destroySoon());
        }),
        Effect.never,
      );
    case "Endless":
      return Effect.succeed(
        HttpServerResponse.stream(
          Stream.concat(
            Stream.succeed(encoder.encode(answer.body)),
            Stream.forever(Stream.succeed(encoder.encode(answer.filler))),
          ),
          { status: answer.status, headers: answer.headers },
        ),
      );
  }
};

/** Plays an answer as the outcome of a request in memory. */
export const toClient = (
  answer: Answer,
  request: HttpClientRequest,
): Effect.Effect<HttpClientResponse.HttpClientResponse, HttpClientError.HttpClientError> => {
  switch (answer._tag) {
    case "Respond":
      return Effect.sync(() => fromWeb(request, answer, answer.body === "" ? null : answer.body));
    case "Hang":
      return Effect.never;
    case "Reset":
      return Effect.fail(
        new HttpClientError.HttpClientError({
          reason: new HttpClientError.TransportError({ request, cause: connectionReset() }),
        }),
      );
    case "Truncate":
      return Effect.sync(() =>
        fromWeb(
          request,
          {
            status: answer.status,
            headers: {
              ...answer.headers,
              "content-length": String(Buffer.byteLength(answer.body) + missing),
            },
          },
          body(answer.body, (controller) => controller.error(connectionReset())),
        ),
      );
    case "Endless": {
      const filler = encoder.encode(answer.filler);
      return Effect.sync(() =>
        fromWeb(
          request,
          answer,
          body(answer.body, (controller) => controller.enqueue(filler)),
        ),
      );
    }
  }
};

// bytes that a truncated answer promises and does not send
const missing = 64;

const encoder = new TextEncoder();

const connectionReset = () => Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" });

const fromWeb = (
  request: HttpClientRequest,
  head: { readonly status: number; readonly headers: Readonly<Record<string, string>> },
  content: ReadableStream<Uint8Array> | string | null,
) =>
  HttpClientResponse.fromWeb(
    request,
    new Response(content, { status: head.status, headers: head.headers }),
  );

const body = (
  first: string,
  then: (controller: ReadableStreamDefaultController<Uint8Array>) => void,
) => {
  let started = false;
  return new ReadableStream<Uint8Array>({
    pull: (controller) => {
      if (started) return then(controller);
      started = true;
      controller.enqueue(encoder.encode(first));
    },
  });
};
