import * as Zlib from "node:zlib";

/** Compresses `first`, `filler` repeated `times` times, and `last`. Compresses the filler once. */
export const repeated = (
  first: string,
  filler: string,
  times: number,
  last: string,
): Uint8Array => {
  // compressed members may be concatenated: RFC 1952 §2.2
  const member = Zlib.gzipSync(filler, { level: 9 });
  return Buffer.concat([
    Zlib.gzipSync(first),
    ...Array.from({ length: times }, () => member),
    Zlib.gzipSync(last),
  ]);
};
