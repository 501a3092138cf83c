// A register map as Markdown, for the generated reference.

import { type RegisterMap, type RegisterSpec, rangeOf } from './register-map.ts';

const hex = (n: number): string => `0x${n.toString(16)}`;

function row([name, r]: [string, RegisterSpec]): string {
  const size = r.per === undefined ? `${r.width ?? 32}` : `${r.bits} × ${r.count} per ${r.per}`;
  return `| ${hex(r.at)} | ${name} | ${size} | ${r.access} | ${hex(r.reset ?? 0)} | ${r.doc ?? ''} | ${r.spec ?? ''} |`;
}

function bits([name, r]: [string, RegisterSpec]): string[] {
  const fields = Object.entries(r.fields ?? {});
  if (fields.length === 0) return [];
  const lines = fields
    .map(([field, range]) => ({ field, range: rangeOf(range) }))
    .sort((a, b) => b.range[0] - a.range[0])
    .map(
      ({ field, range: [high, low] }) =>
        `| ${high === low ? high : `${high}:${low}`} | ${field} | ${(r.values?.[field] ?? []).map((v, i) => `${i} ${v}`).join(', ')} |`,
    );
  return ['', `### ${name}`, '', '| bits | field | values |', '|---|---|---|', ...lines];
}

/** The map as two levels of tables: registers, then the bits of each. Deterministic. */
export function registersMarkdown(map: RegisterMap): string {
  const rows = Object.entries(map.rows).sort(([, a], [, b]) => a.at - b.at);
  const head = [
    `## ${map.name}`,
    '',
    map.source,
    '',
    '| offset | register | bits | access | reset | | section |',
    '|---|---|---|---|---|---|---|',
  ];
  return `${[...head, ...rows.map(row), ...rows.flatMap(bits)].join('\n')}\n`;
}
