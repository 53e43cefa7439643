import type * as Undici from "@effect/platform-node/Undici";
import * as Dns from "node:dns";
import * as Net from "node:net";

/** Whether a socket may connect to an IP address. */
export type AllowAddress = (address: string) => boolean;

/** The `lookup` of a connector that resolves a name to the addresses that are allowed. */
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

/** Refuses the addresses that stand in a URL themselves: they are not looked up. */
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

/** The error that Node has for its own `net.BlockList`, which TLS sockets do not ask. */
const blocked = (): NodeJS.ErrnoException =>
  Object.assign(new Error("no allowed address"), { code: "ERR_IP_BLOCKED" });
