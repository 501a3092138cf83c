// A register map as Markdown, for the generated reference.

import { geometryOf, rangeOf } from './geometry.ts';
import type { BlockRules, RegisterMap, RegisterSpec } from './register-map.ts';

const hex = (n: number | bigint): string => `0x${n.toString(16)}`;
const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
const tableRow = (...cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`;

function sizeOf(r: RegisterSpec): string {
  if (r.per === undefined) return `${r.width ?? 32}`;
  const { stride, unitBytes } = geometryOf(r);
  return `${r.bits} × ${r.count} per ${r.per}${stride === unitBytes ? '' : `, every ${hex(stride)}`}`;
}

const resetOf = (r: RegisterSpec): string => hex((BigInt(r.resetHigh ?? 0) << 32n) | BigInt(r.reset ?? 0));

const row = ([name, r]: [string, RegisterSpec]): string =>
  tableRow(hex(r.at), name, sizeOf(r), r.access, resetOf(r), r.doc ?? '', r.spec ?? '');

function bits([name, r]: [string, RegisterSpec]): string[] {
  const fields = Object.entries(r.fields ?? {});
  if (fields.length === 0) return [];
  const lines = fields
    .map(([field, range]) => ({ field, range: rangeOf(range) }))
    .sort((a, b) => b.range[0] - a.range[0])
    .map(({ field, range: [high, low] }) => {
      const names = Object.entries(r.values?.[field] ?? {}).map(([value, is]) => `${value} ${is}`);
      return tableRow(high === low ? `${high}` : `${high}:${low}`, field, names.join(', '));
    });
  return ['', `### ${name}`, '', '| bits | field | values |', '|---|---|---|', ...lines];
}

function rulesOf({ sizes, align, endian, wrongSize, misaligned, hole }: Required<BlockRules>): string {
  const aligned = align === 'natural' ? 'aligned to their size' : `at multiples of ${align}`;
  return (
    `Accesses of ${sizes.join(', ')} bytes, ${aligned}, ${endian}-endian; ` +
    `another size: ${wrongSize}; misaligned: ${misaligned}; no register: ${hole}.`
  );
}

/** The map as two levels of tables: registers by offset, then the bits of each. Deterministic. */
export function registersMarkdown(map: RegisterMap): string {
  const rows = Object.entries(map.rows).sort(([, a], [, b]) => a.at - b.at);
  const head = [
    `## ${map.name}`,
    '',
    map.source,
    '',
    rulesOf(map.rules),
    '',
    '| offset | register | bits | access | reset | | section |',
    '|---|---|---|---|---|---|---|',
  ];
  return `${[...head, ...rows.map(row), ...rows.flatMap(bits)].join('\n')}\n`;
}
