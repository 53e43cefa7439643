/**
 * How often a provider may try again: a reserve for a bad moment, a share of its acquisitions for bad
 * hours, and a little with time for those that ask seldom.
 */

/** A budget that acquisitions and time fill and retries spend. */
export interface RetryBudget {
  readonly earn: () => void;
  /** Takes one retry, if there is one at this moment, in epoch milliseconds. */
  readonly spend: (now: number) => boolean;
}

const reserve = 10;

// With a server that fails now and then, requests stay below 1.2 times the acquisitions.
const share = 0.18;

const perMilli = 1 / 3_600_000;

/** A full budget. */
export const make = (): RetryBudget => {
  let left = reserve;
  let since: number | undefined;
  const add = (retries: number) => {
    left = Math.min(reserve, left + retries);
  };
  return {
    earn: () => add(share),
    spend: (now) => {
      add(Math.max(0, now - (since ?? now)) * perMilli);
      since = now;
      if (left < 1) return false;
      left -= 1;
      return true;
    },
  };
};
