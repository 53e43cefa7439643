import type * as Undici from "@effect/platform-node/Undici";
import * as Net from "node:net";

/**
 * The open sockets of an agent, those of handshakes too: an agent that was closed forgets them, and
 * would make new ones for requests that still wait in line.
 *
 * A `signal` for the connector would do the same, but Node holds each socket by it until it aborts.
 */
export class OpenSockets {
  readonly #open = new Set<Net.Socket>();
  #ended: (() => Error) | undefined;

  /** Notes every socket that is made, and makes none after the end. */
  connector(connect: Undici.buildConnector.connector): typeof connect {
    return (options, callback) => {
      const ended = this.#ended;
      if (ended !== undefined) {
        // Not at once: undici answers with the next request in line, each one deeper in the stack.
        return queueMicrotask(() => callback(ended(), null));
      }
      const socket: unknown = connect(options, callback);
      if (socket instanceof Net.Socket) {
        this.#open.add(socket);
        socket.once("close", () => this.#open.delete(socket));
      }
    };
  }

  /**
   * Ends them all with such an error; without one, undici would not hear of it. What is asked for
   * later fails with the first end's.
   */
  end(error: () => Error): void {
    this.#ended ??= error;
    for (const socket of this.#open) socket.destroy(error());
  }
}
