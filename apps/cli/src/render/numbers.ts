// Numbers as people read them.

/** Rounded, with separators: 22,680,768. */
export const thousands = (n: number): string => Math.round(n).toLocaleString('en-US');
