import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import { identity } from "effect/Function";
import * as Stream from "effect/Stream";
import type * as Net from "node:net";
import type { Drip } from "./answer.ts";
import type { Connection, Exchange, Interception } from "./scriptedListener.ts";
import type { ConnectionFault, ScriptPlayer } from "./scriptPlayer.ts";
import * as Reply from "./scriptedReply.ts";

/** Plays the next answer on a new connection if the answer applies to connections. */
export const intercept = (player: ScriptPlayer): Interception | undefined => {
  const fault = player.connect();
  if (fault === undefined) return undefined;
  switch (fault.at) {
    case "accept":
      return { at: "tcp", run: (tcp) => endTcp(fault, tcp) };
    case "handshake":
      return {
        at: "tcp",
        run: (tcp) =>
          Effect.andThen(
            Effect.callback<void>((resume) => {
              tcp.once("data", () => tcp.write(partOfServerHello, () => resume(Effect.void)));
            }),
            endTcp(fault, tcp),
          ),
      };
    case "tls":
      return {
        at: "tls",
        run: (connection) =>
          Effect.andThen(Reply.delay(fault), conclude(Reply.endingOf(fault), connection)),
      };
  }
};

/** Plays the next answer to a request. */
export const serve = (player: ScriptPlayer, exchange: Exchange): Effect.Effect<void> =>
  Effect.gen(function* () {
    const answer = yield* player.next(exchange.received);
    yield* Reply.delay(answer);
    const reply = Reply.of(answer, exchange.received.method);
    switch (reply._tag) {
      case "Silence":
        return yield* conclude(reply.ending, exchange);
      case "Garbage":
        yield* write(exchange.tls, reply.bytes);
        return yield* conclude("close", exchange);
      case "Message":
        return reply.ending === "complete" && answer.drip === undefined
          ? respond(reply, exchange, player.wantsConnection())
          : yield* send(reply, answer.drip, exchange);
    }
  }).pipe(
    // a defect in a script becomes a 500, so the client does not wait
    Effect.catchDefect((defect) => Effect.sync(() => breakDown(defect, exchange))),
  );

const endTcp = (fault: ConnectionFault, tcp: Net.Socket) =>
  Effect.gen(function* () {
    // Node notices that the client left only while it reads
    tcp.resume();
    yield* Reply.delay(fault);
    if (fault._tag === "Hang") return yield* Effect.never;
    if (fault._tag === "Reset") tcp.resetAndDestroy();
    else tcp.destroySoon();
  });

const conclude = (ending: Reply.Ending, { tcp, tls }: Connection): Effect.Effect<void> => {
  if (ending === "hang") return Effect.never;
  return Effect.sync(() => {
    if (ending === "reset") tcp.resetAndDestroy();
    else tls.destroySoon();
  });
};

/** Answers through Node's response, which keeps the connection for the next request. */
const respond = (message: Reply.Message, { outgoing }: Exchange, last: boolean) => {
  const headers = [...message.headers, ...(last ? [["connection", "close"] as const] : [])];
  outgoing.writeHead(message.status, headers.flat());
  outgoing.end(message.body);
};

/** Writes bytes past Node's response; the connection cannot be used afterwards. */
const send = (message: Reply.Message, drip: Drip | undefined, exchange: Exchange) =>
  Effect.gen(function* () {
    const start = yield* Clock.currentTimeMillis;
    const announced: Reply.Message =
      // only on complete messages: a client would accept an announced close as the end of a body
      message.ending === "complete"
        ? { ...message, headers: [...message.headers, ["connection", "close"]] }
        : message;
    const { body, head, pause, pausesBeforeBody } = Reply.pieces(announced, drip, { framed: true });
    yield* Reply.paced(head, { start, pauses: 0, pause, around: identity }).pipe(
      Stream.concat(
        Reply.paced(body, { start, pauses: pausesBeforeBody, pause, around: identity }),
      ),
      Stream.runForEach((piece) => write(exchange.tls, piece)),
    );
    yield* conclude(message.ending, exchange);
  });

const write = (socket: Net.Socket, bytes: Uint8Array) =>
  Effect.callback<void>((resume) => {
    // a failed write means a lost connection, and its close event interrupts this fiber
    socket.write(bytes, (error) => (error == null ? resume(Effect.void) : undefined));
  });

const breakDown = (defect: unknown, { outgoing, tcp }: Exchange) => {
  if (outgoing.headersSent) return void tcp.destroy();
  outgoing.writeHead(500, { "content-type": "text/plain" }).end(String(defect));
};

// header of a 122-byte TLS record and the first bytes of its content
const partOfServerHello = Buffer.from("160303007a020000760303", "hex");
