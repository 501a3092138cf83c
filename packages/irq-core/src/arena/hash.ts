// Hash of arena bytes: two independent 32-bit multiply-mix lanes over the words. Stable across versions of the same layout.

const P1 = 0x9e3779b1;
const P2 = 0x85ebca77;
const P3 = 0xc2b2ae3d;

const finish = (h: number): number => {
  let x = h;
  x = Math.imul(x ^ (x >>> 15), P2);
  x = Math.imul(x ^ (x >>> 13), P3);
  return (x ^ (x >>> 16)) >>> 0;
};

/** 32-bit hash of `count` words from `start`. */
export function hash32(words: Uint32Array, start = 0, count = words.length): number {
  let a = P1 ^ count;
  let b = P3;
  let i = start;
  const end = start + count;
  for (; i + 1 < end; i += 2) {
    a = Math.imul(a ^ (words[i] as number), P2);
    b = Math.imul(b ^ (words[i + 1] as number), P1);
    a ^= a >>> 15;
    b ^= b >>> 13;
  }
  if (i < end) a = Math.imul(a ^ (words[i] as number), P2) ^ (a >>> 15);
  return finish(a ^ Math.imul(b, P3));
}

/** 64-bit hash as two u32, written to out[0] (low) and out[1] (high). */
export function hash64(words: Uint32Array, out: Uint32Array): void {
  let a = P1 ^ words.length;
  let b = P3;
  for (let i = 0; i < words.length; i++) {
    const w = words[i] as number;
    a = Math.imul(a ^ w, P2);
    b = Math.imul(b + w, P1);
    a ^= a >>> 15;
    b ^= b >>> 13;
  }
  out[0] = finish(a ^ (b << 7));
  out[1] = finish(b + Math.imul(a, P3));
}

/** Hash of a string, for layout fingerprints: 16 hex digits. */
export function hashText(text: string): string {
  const words = Uint32Array.from(text, (c) => c.codePointAt(0) as number);
  const out = new Uint32Array(2);
  hash64(words, out);
  return [...out].map((w) => w.toString(16).padStart(8, '0')).join('');
}
