import * as Clock from "effect/Clock";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Stream from "effect/Stream";
import * as Http from "node:http";
import type { Answer, Body, Drip, Headers } from "./answer.ts";

/** What happens to the connection after the bytes are sent. */
export type Ending =
  /** The message is complete; the connection stays open. */
  | "complete"
  /** TLS and TCP are closed with a FIN. */
  | "close"
  /** TCP is reset. */
  | "reset"
  /** Nothing more is sent; the connection stays open. */
  | "hang";

/** An answer as bytes on the wire. */
export type Reply =
  | { readonly _tag: "Silence"; readonly ending: Exclude<Ending, "complete"> }
  | { readonly _tag: "Garbage"; readonly bytes: Uint8Array }
  | Message;

export interface Message {
  readonly _tag: "Message";
  readonly status: number;
  readonly headers: ReadonlyArray<readonly [name: string, value: string]>;
  readonly body: Uint8Array;
  /** Sent again and again after the body. */
  readonly filler: Uint8Array | undefined;
  readonly chunked: boolean;
  /** Part in which the ending happens. */
  readonly within: "headers" | "body";
  readonly ending: Ending;
}

export const of = (answer: Answer, method: string): Reply => {
  switch (answer._tag) {
    case "Respond": {
      const body = bytesOf(answer.body);
      const bodiless = answer.status === 204 || answer.status === 304;
      return message(answer, {
        body: bodiless || method === "HEAD" ? empty : body,
        framing: bodiless ? [] : [["content-length", `${body.length}`]],
        ending: "complete",
      });
    }
    case "Hang":
    case "Reset":
    case "Close": {
      const ending = endingOf(answer);
      const { at = "request", status = 200, headers = {} } = answer;
      if (at !== "headers" && at !== "body") return { _tag: "Silence", ending };
      const body = bytesOf(answer.body ?? '{"access_token":"');
      return message(
        { status, headers },
        {
          body,
          framing: [["content-length", `${body.length + missing}`]],
          within: at,
          ending,
        },
      );
    }
    case "Truncate": {
      const whole = bytesOf(answer.body);
      const body = whole.subarray(0, answer.at ?? whole.length);
      const promised = whole.length + (body.length < whole.length ? 0 : missing);
      return message(answer, {
        body,
        framing: framings(promised)[answer.framing ?? "content-length"],
        ending: "close",
      });
    }
    case "Endless":
      return message(answer, {
        body: bytesOf(answer.body),
        framing: [["transfer-encoding", "chunked"]],
        filler: bytesOf(answer.filler),
        ending: "hang",
      });
    case "Garbage":
      return { _tag: "Garbage", bytes: bytesOf(answer.bytes) };
  }
};

/** Returns how an answer ends the connection. */
export const endingOf = ({
  _tag,
}: {
  readonly _tag: "Hang" | "Reset" | "Close";
}): Exclude<Ending, "complete"> => endings[_tag];

const endings = { Hang: "hang", Reset: "reset", Close: "close" } as const;

/** Waits for the delay of an answer. */
export const delay = (answer: Answer): Effect.Effect<void> =>
  answer.delay === undefined ? Effect.void : Effect.sleep(answer.delay);

/** A message cut into pieces. */
export interface Pieces {
  readonly head: ReadonlyArray<Uint8Array>;
  readonly body: Iterable<Uint8Array>;
  /** Number of pauses before the first piece of the body. */
  readonly pausesBeforeBody: number;
  readonly pause: Duration.Duration;
}

/** Cuts a message into pieces; without framing, the body has no chunk headers. */
export const pieces = (
  self: Message,
  drip: Drip | undefined,
  options: { readonly framed: boolean },
): Pieces => {
  const size = Math.max(1, Math.floor(drip === undefined ? Infinity : (drip.bytes ?? 1)));
  const frame = options.framed && self.chunked ? chunk : (bytes: Uint8Array) => bytes;
  const whole = headBytes(self);
  const sent = self.within === "headers" ? whole.subarray(0, Math.ceil(whole.length / 2)) : whole;
  const dripsHead = drip?.from === "headers";
  const head = dripsHead ? [...split(sent, size)] : [sent];
  return {
    head,
    body: { [Symbol.iterator]: () => bodyPieces(self, frame, size, options.framed) },
    pausesBeforeBody: dripsHead ? head.length : 0,
    pause: Duration.fromInputUnsafe(drip?.pause ?? 0),
  };
};

/**
 * Sends each piece at its time: the first one `pauses` pauses after `start`, then one each pause.
 *
 * Times are absolute, so a clock that jumps ahead does not add delays.
 */
export const paced = <E>(
  self: Iterable<Uint8Array>,
  options: {
    readonly start: number;
    readonly pauses: number;
    readonly pause: Duration.Duration;
    /** Wraps the effect that sends a piece. */
    readonly around: (piece: Effect.Effect<Uint8Array>) => Effect.Effect<Uint8Array, E>;
  },
): Stream.Stream<Uint8Array, E> =>
  Stream.fromIterable(self, { chunkSize: 1 }).pipe(
    Stream.zipWithIndex,
    Stream.mapEffect(([piece, index]) => {
      const after = (options.pauses + index) * Duration.toMillis(options.pause);
      const sent = Effect.succeed(piece);
      return options.around(
        after === 0 ? sent : Effect.andThen(sleepUntil(options.start + after), sent),
      );
    }),
  );

export const sleepUntil = (time: number): Effect.Effect<void> =>
  Effect.flatMap(Clock.currentTimeMillis, (now) =>
    time > now ? Effect.sleep(time - now) : Effect.void,
  );

const bytesOf = (body: Body): Uint8Array =>
  typeof body === "string" ? encoder.encode(body) : body;

const encoder = new TextEncoder();
const empty = new Uint8Array();
const newline = encoder.encode("\r\n");
const lastChunk = encoder.encode("0\r\n\r\n");

// bytes that a broken answer promises beyond those it sends
const missing = 64;

const framings = (promised: number) =>
  ({
    "content-length": [["content-length", `${promised}`]],
    chunked: [["transfer-encoding", "chunked"]],
    close: [],
  }) as const;

const message = (
  head: { readonly status: number; readonly headers: Headers },
  rest: Pick<Message, "body" | "ending"> & {
    readonly framing: Message["headers"];
    readonly filler?: Uint8Array;
    readonly within?: Message["within"];
  },
): Message => {
  const given = Object.entries(head.headers).flatMap(([name, values]) =>
    (typeof values === "string" ? [values] : values).map((value) => [name, value] as const),
  );
  const framed = given.some(([name]) => /^(content-length|transfer-encoding)$/i.test(name));
  const headers = framed ? given : [...given, ...rest.framing];
  return {
    _tag: "Message",
    status: head.status,
    headers,
    body: rest.body,
    filler: rest.filler,
    chunked: headers.some(
      ([name, value]) => name.toLowerCase() === "transfer-encoding" && /chunked/i.test(value),
    ),
    within: rest.within ?? "body",
    ending: rest.ending,
  };
};

const headBytes = ({ headers, status }: Message) =>
  encoder.encode(
    [
      `HTTP/1.1 ${status} ${Http.STATUS_CODES[status] ?? "Unknown"}`,
      ...headers.map(([name, value]) => `${name}: ${value}`),
      "\r\n",
    ].join("\r\n"),
  );

function* bodyPieces(
  self: Message,
  frame: (bytes: Uint8Array) => Uint8Array,
  size: number,
  framed: boolean,
): Generator<Uint8Array> {
  if (self.within === "headers") return;
  if (self.body.length > 0) yield* split(frame(self.body), size);
  if (self.filler !== undefined && self.filler.length > 0) {
    const filler = frame(self.filler);
    while (true) yield* split(filler, size);
  }
  if (framed && self.chunked && self.ending === "complete") yield* split(lastChunk, size);
}

function* split(bytes: Uint8Array, size: number): Generator<Uint8Array> {
  for (let from = 0; from < bytes.length; from += size) yield bytes.subarray(from, from + size);
}

const chunk = (bytes: Uint8Array) =>
  Buffer.concat([encoder.encode(`${bytes.length.toString(16)}\r\n`), bytes, newline]);
