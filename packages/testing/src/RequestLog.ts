/**
 * A bounded record of the requests that a test server received.
 *
 * @since 0.1.0
 */
import type { ReceivedRequest } from "./ReceivedRequest.ts";

/** Maximum number of requests that a log keeps; the count continues beyond it. */
const capacity = 10_000;

/**
 * The newest 10,000 requests in order of arrival, and the count of all requests.
 *
 * @since 0.1.0
 */
export interface RequestLog {
  readonly record: (request: ReceivedRequest) => void;
  readonly newest: () => ReadonlyArray<ReceivedRequest>;
  readonly count: () => number;
  /** Empties the log and sets the count to zero. */
  readonly forget: () => void;
}

/**
 * Makes an empty log.
 *
 * @since 0.1.0
 */
export const make = (): RequestLog => {
  let ring: Array<ReceivedRequest> = [];
  let count = 0;
  return {
    record: (request) => {
      ring[count % capacity] = request;
      count++;
    },
    newest: () => {
      const start = count > capacity ? count % capacity : 0;
      return [...ring.slice(start), ...ring.slice(0, start)];
    },
    count: () => count,
    forget: () => {
      ring = [];
      count = 0;
    },
  };
};
