import * as Zlib from "node:zlib";

/** Compresses `first`, then `filler` so many times, then `last`, at the cost of one filler. */
export const repeated = (
  first: string,
  filler: string,
  times: number,
  last: string,
): Uint8Array => {
  // what is compressed may be joined: RFC 1952 §2.2
  const member = Zlib.gzipSync(filler, { level: 9 });
  return Buffer.concat([
    Zlib.gzipSync(first),
    ...Array.from({ length: times }, () => member),
    Zlib.gzipSync(last),
  ]);
};
