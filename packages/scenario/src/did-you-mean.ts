// The nearest known word to a mistyped one. Edit distance: Levenshtein, "Binary codes capable of correcting deletions, insertions, and reversals", 1966.

const FAR = 3;
const LONGEST = 40;

/** Insertions, deletions and substitutions between two words. */
export function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substituted = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min((row[j] as number) + 1, (next[j - 1] as number) + 1, substituted));
    }
    row = next;
  }
  return row[b.length] as number;
}

/** The known word that was probably meant, or undefined if none is near. The first one wins among equals. */
export function nearestWord(word: string, known: readonly string[]): string | undefined {
  if (word.length > LONGEST) return undefined;
  let best: string | undefined;
  let least = Math.min(FAR, Math.ceil(word.length / 2) + (word.length > 1 ? 1 : 0));
  for (const k of known) {
    const d = distance(k.toLowerCase(), word.toLowerCase());
    if (d < least) [best, least] = [k, d];
  }
  return best ?? known.find((k) => word.length > 2 && (k.startsWith(word) || word.startsWith(k)));
}

/** A remedy: the word that was probably meant, or all there are. */
export function suggest(word: string, known: readonly string[]): string {
  const near = nearestWord(word, known);
  if (near !== undefined) return `did you mean '${near}'?`;
  return known.length === 0 ? 'there are none' : `there are: ${known.join(', ')}`;
}
