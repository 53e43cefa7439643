import * as Clock from "effect/Clock";
import * as Deferred from "effect/Deferred";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as HttpClient from "effect/http/HttpClient";
import * as HttpClientRequest from "effect/http/HttpClientRequest";
import * as HttpClientResponse from "effect/http/HttpClientResponse";
import type * as Scope from "effect/Scope";
import * as Stream from "effect/Stream";
import * as Http from "node:http";
import type { ReceivedRequest } from "../ReceivedRequest.ts";
import type { Drip } from "./answer.ts";
import type { ConnectionFault, ScriptPlayer } from "./scriptPlayer.ts";
import * as Reply from "./scriptedReply.ts";
import * as Fault from "./transportFault.ts";

/**
 * Makes an `HttpClient` that plays a script and reports faults as undici does.
 *
 * When the scope closes, waiting callers get a closed connection and later callers a refused one.
 */
export const make = (
  player: ScriptPlayer,
): Effect.Effect<HttpClient.HttpClient, never, Scope.Scope> =>
  Effect.gen(function* () {
    const gone = yield* Deferred.make<never, Error>();
    yield* Effect.addFinalizer(() => Deferred.fail(gone, Fault.otherSideClosed()));
    const whileOpen: WhileOpen = (effect) => Effect.raceFirst(Deferred.await(gone), effect);

    return HttpClient.make((request, url) =>
      Effect.gen(function* () {
        if (yield* Deferred.isDone(gone)) return yield* Effect.fail(Fault.connectionRefused());
        const fault = player.connect();
        if (fault !== undefined) {
          yield* whileOpen(Reply.delay(fault));
          return yield* whileOpen(noConnection(fault));
        }
        const answer = yield* whileOpen(Effect.flatMap(receive(request, url), player.next));
        yield* whileOpen(Reply.delay(answer));
        const reply = Reply.of(answer, request.method);
        switch (reply._tag) {
          case "Silence":
            return yield* whileOpen(end(reply.ending));
          case "Garbage":
            return yield* Effect.fail(misunderstood(reply.bytes));
          case "Message":
            return yield* respond(request, reply, answer.drip, whileOpen);
        }
      }).pipe(Effect.mapError((cause) => Fault.transportError(request, cause))),
    );
  });

type WhileOpen = <A>(effect: Effect.Effect<A, Error>) => Effect.Effect<A, Error>;

const noConnection = (fault: ConnectionFault): Effect.Effect<never, Error> =>
  fault._tag === "Close" && fault.at !== "tls"
    ? Effect.fail(Fault.closedInHandshake())
    : end(Reply.endingOf(fault));

const end = (ending: Exclude<Reply.Ending, "complete">): Effect.Effect<never, Error> => {
  if (ending === "hang") return Effect.never;
  return Effect.fail(ending === "reset" ? Fault.connectionReset() : Fault.otherSideClosed());
};

const misunderstood = (bytes: Uint8Array): Error => {
  const start = new TextDecoder().decode(bytes.subarray(0, 16));
  // undici never expects a 100 and rejects it
  if (start.startsWith("HTTP/1.1 100 ")) return Fault.badResponse();
  return start === "" || start.startsWith("HTTP/") ? Fault.otherSideClosed() : Fault.notHttp();
};

const respond = (
  request: HttpClientRequest.HttpClientRequest,
  message: Reply.Message,
  drip: Drip | undefined,
  whileOpen: WhileOpen,
): Effect.Effect<HttpClientResponse.HttpClientResponse, Error> =>
  Effect.gen(function* () {
    const start = yield* Clock.currentTimeMillis;
    const { body, head, pause, pausesBeforeBody } = Reply.pieces(message, drip, { framed: false });
    yield* whileOpen(Reply.sleepUntil(start + (head.length - 1) * Duration.toMillis(pause)));
    if (message.within === "headers" && message.ending !== "complete")
      return yield* whileOpen(end(message.ending));
    if (headerSize(message) >= Http.maxHeaderSize)
      return yield* Effect.fail(Fault.headersOverflow());

    const content = Reply.paced(body, {
      start,
      pauses: pausesBeforeBody,
      pause,
      around: whileOpen,
    });
    const stream = yield* Stream.toReadableStreamEffect(
      isWhole(message)
        ? content
        : Stream.concat(content, Stream.fromEffect(whileOpen(endOf(message)))),
    );
    const response = new Response(stream, { headers: message.headers.map(([k, v]) => [k, v]) });
    // a Response refuses statuses below 200 and those without a body; clients on sockets accept them
    Object.defineProperty(response, "status", { value: message.status });
    return HttpClientResponse.fromWeb(request, response);
  });

const endOf = ({ ending }: Reply.Message): Effect.Effect<never, Error> =>
  ending === "complete" ? Effect.never : end(ending);

// without framing, a client cannot tell a truncated body from a complete one
const isWhole = ({ chunked, ending, headers }: Reply.Message) =>
  ending === "complete" ||
  (ending === "close" &&
    !chunked &&
    !headers.some(([name]) => name.toLowerCase() === "content-length"));

const headerSize = ({ headers }: Reply.Message) =>
  headers.reduce((sum, [name, value]) => sum + name.length + value.length, 0);

const receive = (
  request: HttpClientRequest.HttpClientRequest,
  url: URL,
): Effect.Effect<ReceivedRequest> =>
  Effect.gen(function* () {
    const web = yield* Effect.orDie(HttpClientRequest.toWeb(request));
    return {
      method: request.method,
      path: url.pathname + url.search,
      headers: [...web.headers],
      body: yield* Effect.promise(() => web.text()),
      certificate: undefined,
      at: yield* Clock.currentTimeMillis,
    };
  });
