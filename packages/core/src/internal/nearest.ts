/** Finds what a misspelt name was meant to be. */

/** Returns the candidate at most two edits away and about as long, in any case and with any underscores. */
export const nearest = (name: string, candidates: ReadonlyArray<string>): string | undefined => {
  const ranked = candidates
    .filter((candidate) => Math.abs(fold(candidate).length - fold(name).length) <= 1)
    .map((candidate) => ({ candidate, edits: distance(fold(name), fold(candidate)) }))
    .toSorted((a, b) => a.edits - b.edits);
  return ranked[0] !== undefined && ranked[0].edits <= 2 ? ranked[0].candidate : undefined;
};

const fold = (name: string): string => name.replaceAll("_", "").toLowerCase();

/** Counts the edits between two texts (Levenshtein), one row at a time. */
const distance = (a: string, b: string): number => {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 0; i < a.length; i++) {
    const next = [i + 1];
    for (let j = 0; j < b.length; j++) {
      const change = (row[j] ?? 0) + (a[i] === b[j] ? 0 : 1);
      next.push(Math.min(change, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
};
