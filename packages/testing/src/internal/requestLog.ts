import type { ReceivedRequest } from "../ReceivedRequest.ts";

/** How many requests a log keeps; the count goes on. */
const capacity = 10_000;

/** The newest requests in order of arrival, and how many there were in all. */
export interface RequestLog {
  readonly record: (request: ReceivedRequest) => void;
  readonly newest: () => ReadonlyArray<ReceivedRequest>;
  readonly count: () => number;
  readonly forget: () => void;
}

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
