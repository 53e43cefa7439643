import type * as Undici from "@effect/platform-node/Undici";
import * as Dns from "node:dns";
import * as Net from "node:net";
import type * as TransportOptions from "../TransportOptions.ts";

type AllowAddress = TransportOptions.AllowAddress;

/** Makes the `lookup` of a connector, which resolves a name to its allowed addresses. */
export const lookup =
  (allow: AllowAddress): Net.LookupFunction =>
  (hostname, options, callback) =>
    Dns.lookup(hostname, { ...options, all: true }, (error, found) => {
      if (error !== null) return callback(error, []);
      const [first, ...others] = found.filter(({ address }) => isAllowed(allow, address));
      if (first === undefined) return callback(blocked(), []);
      return options.all === true
        ? callback(null, [first, ...others])
        : callback(null, first.address, first.family);
    });

/** Refuses addresses that stand in a URL, because nothing looks those up. */
export const connector =
  (connect: Undici.buildConnector.connector, allow: AllowAddress): typeof connect =>
  (options, callback) =>
    Net.isIP(options.hostname) === 0 || isAllowed(allow, options.hostname)
      ? connect(options, callback)
      : callback(blocked(), null);

const isAllowed = (allow: AllowAddress, address: string): boolean => {
  try {
    return allow(address);
  } catch {
    return false;
  }
};

/** Makes the error of Node's own `net.BlockList`, which TLS sockets do not ask. */
const blocked = (): NodeJS.ErrnoException =>
  Object.assign(new Error("no allowed address"), { code: "ERR_IP_BLOCKED" });
