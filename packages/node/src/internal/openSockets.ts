import type * as Undici from "@effect/platform-node/Undici";
import * as Net from "node:net";

/**
 * Keeps the open sockets of an agent, also during handshakes, so that they can be destroyed together.
 *
 * undici's agent forgets them once it is closed, and makes new ones for requests that wait in line. A
 * `signal` for the connector would hold every closed socket in memory until it aborts.
 */
export class OpenSockets {
  readonly #open = new Set<Net.Socket>();
  #ended: (() => Error) | undefined;

  /** Wraps a connector: notes every socket, and makes none after the end. */
  connector(connect: Undici.buildConnector.connector): typeof connect {
    return (options, callback) => {
      const ended = this.#ended;
      if (ended !== undefined) {
        // A direct call would recurse: undici answers it with the next request in line.
        return queueMicrotask(() => callback(ended(), null));
      }
      const socket: unknown = connect(options, callback);
      if (socket instanceof Net.Socket) {
        this.#open.add(socket);
        socket.once("close", () => this.#open.delete(socket));
      }
    };
  }

  /** Destroys all sockets with the error, so that undici notices. Later connects fail with the first error. */
  end(error: () => Error): void {
    this.#ended ??= error;
    for (const socket of this.#open) socket.destroy(error());
  }
}
