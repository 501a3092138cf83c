// What docs/concepts/arm-vgic.md names exists: scenarios, files, and a verdict of each scenario that is the table's. The scenarios themselves run with all examples.

import { existsSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const ROOT = new URL('../../../../', import.meta.url);
const page = readFileSync(new URL('docs/concepts/arm-vgic.md', ROOT), 'utf8');
const scenario = (name: string): string => readFileSync(new URL(`examples/${name}`, ROOT), 'utf8');

it('F-42 every way to stay stuck has a scenario whose verdict is the that of the table', () => {
  const rows = [...page.matchAll(/^\| (W\d)? *\|[^|]+\| (stuck|heals|late|a storm)[^|]*\| (.+) \|$/gm)];
  expect(rows.map(([, id]) => id)).toEqual(['W1', 'W2', undefined, 'W3', 'W4', 'W5', 'W6']);
  for (const [, id, verdict, names = ''] of rows) {
    const [name = ''] = /check-[\w-]+\.yaml/.exec(names) ?? [];
    const found = /expect: (ok|violation)/.exec(scenario(name))?.[1];
    expect([id, name, found]).toEqual([id, name, verdict === 'heals' || verdict === 'late' ? 'ok' : 'violation']);
  }
});

it('its commands are about scenarios and modes that there are', () => {
  const commands = [...page.matchAll(/^virq (\w+)(?: --costs)? examples\/([\w.-]+)(?: --mode ([\w-]+))?$/gm)];
  expect(commands.length).toBe(9);
  for (const [, verb, name = '', mode] of commands) {
    const text = scenario(name);
    expect([verb, name, text.includes('concurrent:')]).toEqual([verb, name, verb === 'check']);
    if (mode !== undefined) expect(text).toMatch(new RegExp(`^ {2}${mode}: `, 'm'));
  }
});

it('files that it names exist', () => {
  for (const [, name = ''] of page.matchAll(/`((?:vgic|lists|lr|cpuif)\/[\w/-]*(?:\.ts)?)`/g))
    expect([name, existsSync(new URL(`packages/arm-vgic/src/${name}`, ROOT))]).toEqual([name, true]);
});
