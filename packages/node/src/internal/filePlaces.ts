import * as Fs from "node:fs/promises";
import * as Path from "node:path";

/** Names in directories at which a change may change what paths lead to. */
export type Places = ReadonlyMap<string, ReadonlySet<string>>;

/**
 * Finds where to look for changes of files: in every directory on the way to each, by whatever links,
 * down to the last one that exists.
 *
 * So a directory or a link that is replaced anywhere in a path is seen, such as Kubernetes' `..data`.
 */
export const find = async (paths: ReadonlyArray<string>): Promise<Places> => {
  const places = new Map<string, Set<string>>();
  for (const path of paths) {
    for (const [directory, name] of await along(Path.resolve(path))) {
      const names = places.get(directory) ?? new Set();
      places.set(directory, names.add(name));
    }
  }
  return places;
};

const along = async (path: string): Promise<ReadonlyArray<readonly [string, string]>> => {
  const found: Array<readonly [string, string]> = [];
  let { root: directory } = Path.parse(path);
  let ahead = segments(path);
  // As many links as Linux follows.
  for (let links = 40; links > 0;) {
    const name = ahead.shift();
    if (name === undefined) break;
    const here = Path.join(directory, name);
    const target = await readLink(here);
    found.push([directory, name]);
    if (target === undefined) break;
    if (target === notLink) {
      directory = here;
      continue;
    }
    links -= 1;
    if (Path.isAbsolute(target)) directory = Path.parse(target).root;
    ahead = [...segments(target), ...ahead];
  }
  return found;
};

const segments = (path: string): Array<string> =>
  path
    .slice(Path.parse(path).root.length)
    .split(Path.sep)
    .filter((name) => name !== "" && name !== ".");

const notLink = Symbol("not a link");

/** What a link says; nothing if there is no such file, or it cannot be reached. */
const readLink = async (path: string): Promise<string | typeof notLink | undefined> => {
  try {
    const stats = await Fs.lstat(path);
    return stats.isSymbolicLink() ? await Fs.readlink(path) : notLink;
  } catch {
    return undefined;
  }
};
