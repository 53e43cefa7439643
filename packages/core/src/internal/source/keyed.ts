/** Keeps values by key and drops the least recently used. */

export interface Keyed<A, B> {
  /** Returns the value of a key, or makes it. */
  readonly get: (key: string, from: A) => B;
  readonly values: () => ReadonlyArray<B>;
}

export const keyed = <A, B>(most: number, make: (from: A) => B): Keyed<A, B> => {
  const kept = new Map<string, B>();
  return {
    get: (key, from) => {
      const value = kept.get(key) ?? make(from);
      // A map keeps its keys in the order in which they were set.
      kept.delete(key);
      kept.set(key, value);
      for (const oldest of kept.keys()) {
        if (kept.size <= most) break;
        kept.delete(oldest);
      }
      return value;
    },
    values: () => [...kept.values()],
  };
};
