import * as Effect from "effect/Effect";
import type { ReceivedRequest } from "../ReceivedRequest.ts";
import * as RequestLog from "../RequestLog.ts";
import type { Answer, Script } from "./answer.ts";

/** An answer that stops a connection before it can carry a request. */
export type ConnectionFault = Answer & {
  readonly _tag: "Hang" | "Reset" | "Close";
  readonly at: "accept" | "handshake" | "tls";
};

/** A script, its position and its record of requests. */
export interface ScriptPlayer {
  readonly log: RequestLog.RequestLog;
  /** Takes the next answer if it applies to a connection. */
  readonly connect: () => ConnectionFault | undefined;
  /** Records a request and takes the next answer. */
  readonly next: (request: ReceivedRequest) => Effect.Effect<Answer>;
  /** Whether the next answer applies to a connection. */
  readonly wantsConnection: () => boolean;
  readonly setScript: (script: Script) => void;
}

export const make = (initial: Script): ScriptPlayer => {
  const log = RequestLog.make();
  let script = initial;
  let index = 0;
  const upcoming = () =>
    typeof script === "function"
      ? undefined
      : (script[Math.min(index, script.length - 1)] ?? script[0]);
  const fault = () => {
    const answer = upcoming();
    return answer !== undefined && isConnectionFault(answer) ? answer : undefined;
  };
  return {
    log,
    connect: () => {
      const answer = fault();
      if (answer !== undefined) index++;
      return answer;
    },
    next: (request) =>
      Effect.suspend(() => {
        log.record(request);
        const listed = upcoming();
        const position = index++;
        if (typeof script !== "function") return Effect.succeed(listed ?? script[0]);
        const answer = script(request, position);
        return Effect.isEffect(answer) ? answer : Effect.succeed(answer);
      }),
    wantsConnection: () => fault() !== undefined,
    setScript: (next) => {
      script = next;
      index = 0;
    },
  };
};

const isConnectionFault = (answer: Answer): answer is ConnectionFault =>
  (answer._tag === "Hang" || answer._tag === "Reset" || answer._tag === "Close") &&
  (answer.at === "accept" || answer.at === "handshake" || answer.at === "tls");
