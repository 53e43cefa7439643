import * as Effect from "effect/Effect";
import * as Fs from "node:fs/promises";
import * as Inputs from "./inputs.ts";

/** Tells the states of files apart without reading them. */
export interface Stamps {
  readonly text: string;
  /** Whether no later write can leave the same stamps, as the files were written long enough ago. */
  readonly isSettled: boolean;
}

/**
 * Looks at files through all links, so that a swapped link or directory changes the stamps too.
 *
 * A file that is missing has its error's code for a stamp.
 */
export const read = (paths: ReadonlyArray<string>): Effect.Effect<Stamps> =>
  Effect.promise(async () => {
    const stamps = await Promise.all(paths.map(stamp));
    return {
      text: stamps.map(({ text }) => text).join("\n"),
      isSettled: stamps.every(({ isSettled }) => isSettled),
    };
  });

const stamp = async (path: string): Promise<Stamps> => {
  try {
    const { mtimeMs, ctimeMs, size, ino, dev } = await Fs.stat(path);
    return {
      text: [mtimeMs, ctimeMs, size, ino, dev].join(),
      // File systems write times of the machine's clock, not of Effect's.
      isSettled: Date.now() - Math.max(mtimeMs, ctimeMs) > coarsestTime,
    };
  } catch (error) {
    return { text: Inputs.codeOf(error), isSettled: false };
  }
};

/** Milliseconds: FAT, the coarsest common file system, keeps times in steps of 2 s. */
const coarsestTime = 2_000;
