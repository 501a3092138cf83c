// What docs/concepts/xive.md says is what happens: its commands, and the answers in its table.

import { readFileSync } from 'node:fs';
import type { AnyBackend } from '@virq/irq-core/backend';
import { createExec, type ExecResult } from '@virq/irq-core/machine';
import { expect, it } from 'vitest';
import { powernv } from './index.ts';

const page = readFileSync(new URL('../../../../docs/concepts/xive.md', import.meta.url), 'utf8');

function run(): { readonly name: string; readonly result: ExecResult }[] {
  const [, text = ''] = /<<'EOF'\n([\s\S]*?)\nEOF/.exec(page) ?? [];
  const exec = createExec({ backend: powernv as unknown as AnyBackend });
  return text.split('\n').map((line) => {
    const { op, cmd } = JSON.parse(line) as { op: string; cmd?: string };
    return { name: cmd ?? op, result: exec.line(line) };
  });
}

it('every line is an operation, and the table has the answers', () => {
  const steps = run();
  expect(steps.filter(({ result }) => result['error'] !== undefined)).toEqual([]);
  const rows = [...page.matchAll(/^\| `(\w+)` \| [^|]+\| (?:`([^`]+)`)? *\|/gm)];
  expect(rows.length).toBe(6);
  for (const [, name, answer] of rows) {
    const { result } = steps.find((s) => s.name === name) ?? {};
    expect([name, result?.['out']]).toEqual([name, answer === undefined ? undefined : JSON.parse(answer)]);
  }
});

it('files that it names exist', () => {
  for (const [, name = ''] of page.matchAll(/`((?:hw|regs|qemu)\/[\w-]+\.ts)`/g))
    expect(readFileSync(new URL(`../${name}`, import.meta.url), 'utf8').length).toBeGreaterThan(0);
});
