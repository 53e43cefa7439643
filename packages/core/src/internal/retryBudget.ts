/** How often a provider may try again: a reserve for a bad moment, and a share of its acquisitions for bad hours. */

/** A budget that acquisitions fill and retries spend. */
export interface RetryBudget {
  readonly earn: () => void;
  /** Takes one retry, if there is one. */
  readonly spend: () => boolean;
}

const reserve = 10;

// With a server that fails now and then, requests stay below 1.2 times the acquisitions.
const share = 0.19;

/** A full budget. */
export const make = (): RetryBudget => {
  let left = reserve;
  return {
    earn: () => {
      left = Math.min(reserve, left + share);
    },
    spend: () => {
      if (left < 1) return false;
      left -= 1;
      return true;
    },
  };
};
