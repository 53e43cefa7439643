/** Reads times from the headers of an answer. */
import * as DateTime from "effect/DateTime";
import * as Duration from "effect/Duration";
import * as Headers from "effect/http/Headers";
import * as Result from "effect/Result";

/** Returns the server's time by its `Date` header (RFC 9110 §6.6.1), in epoch milliseconds. */
export const serverTime = (headers: Headers.Headers): number | undefined =>
  Result.match(Headers.parseHttpDate(headers["date"] ?? ""), {
    onFailure: () => undefined,
    onSuccess: DateTime.toEpochMillis,
  });

/** Returns how long the server asks us to wait (RFC 9110 §10.2.3), in milliseconds. `now` is in epoch milliseconds. */
export const retryAfter = (headers: Headers.Headers, now: number): number | undefined => {
  const header = headers["retry-after"];
  if (header === undefined) return undefined;
  return Result.match(Headers.parseRetryAfter(header), {
    onFailure: () => undefined,
    onSuccess: (value) => {
      // The server means a date by its own clock.
      const millis = Duration.toMillis(Headers.retryAfterDelay(value, serverTime(headers) ?? now));
      // A valid header can have more digits than a number holds.
      return Math.min(millis, Number.MAX_SAFE_INTEGER);
    },
  });
};
