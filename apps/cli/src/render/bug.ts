// A bug of the gallery: its story, what the edit changed label by label, and the two verdicts.

import { type Bug, EVIDENCE } from '@virq/bug-gallery';
import type { AnyProtocol } from '@virq/irq-core/protocol';
import pc from 'picocolors';

const WIDTH = 44;

/** One line of the comparison: what the corrected protocol does and what the faulty one does. */
type Row = readonly [corrected: string, faulty: string, same: boolean];

/** Labels both protocols run in the same order, by the longest common subsequence. */
function common(a: readonly string[], b: readonly string[]): string[] {
  const best: string[][] = new Array<string[]>(b.length + 1).fill([]);
  for (const label of a) {
    let diagonal: string[] = [];
    for (let j = 1; j <= b.length; j++) {
      const above = best[j] as string[];
      const left = best[j - 1] as string[];
      const match = b[j - 1] === label ? [...diagonal, label] : [];
      diagonal = above;
      best[j] = [match, above, left].reduce((x, y) => (y.length > x.length ? y : x));
    }
  }
  return best[b.length] as string[];
}

function rowsOf(corrected: AnyProtocol<never>, faulty: AnyProtocol<never>): Row[] {
  const rows: Row[] = [];
  const [a, b] = [[...corrected.labels], [...faulty.labels]];
  const stepOf = (p: AnyProtocol<never>, label: string) => p.steps[p.labels.indexOf(label)];
  for (const label of [...common(a, b), null]) {
    while (a.length > 0 && a[0] !== label) rows.push([a.shift() as string, '', false]);
    while (b.length > 0 && b[0] !== label) rows.push(['', b.shift() as string, false]);
    if (label === null) break;
    a.shift();
    b.shift();
    const same = stepOf(corrected, label) === stepOf(faulty, label);
    rows.push([label, same ? label : `${label} (differently)`, same]);
  }
  return rows;
}

/** Both forms side by side, as far as they differ. */
export function renderEdits({ variant }: Bug, color: boolean): string {
  const c = pc.createColors(color);
  const blocks = variant.map(([corrected, faulty]) => {
    const head = c.bold(`${corrected.name.padEnd(WIDTH)}  the variant`);
    const lines = rowsOf(corrected, faulty).map(([left, right, same]) => {
      const text = `${left.padEnd(WIDTH)}  ${right}`.trimEnd();
      return same ? c.dim(`  ${text}`) : `${c.yellow('≠')} ${text}`;
    });
    return [`  ${head}`, ...lines].join('\n');
  });
  return `${blocks.join('\n\n')}\n`;
}

/** Title, story, commits and links. */
export function renderStory(bug: Bug, color: boolean): string {
  const c = pc.createColors(color);
  const thread = bug.thread === undefined ? '' : ` · thread ${bug.thread}`;
  const cve = bug.cve === undefined ? '' : ` · ${bug.cve}`;
  const { found } = bug;
  const status = found === undefined ? [] : [`  Found by virq in ${found.versions}: ${EVIDENCE[found.evidence]}.`];
  const commits = bug.commits.map(({ hash, title }) => `  ${hash} ${title}`);
  const links = bug.links.map(({ text, url }) => `  ${text}: ${url}`);
  const head = `${c.bold(bug.title)}\n${c.dim(`${bug.slug} · ${bug.family}${thread}${cve}`)}`;
  return `${[head, '', bug.story, '', ...status, ...commits, ...links].join('\n')}\n\n`;
}
