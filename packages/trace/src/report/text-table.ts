// A plain aligned table for terminals.

/** A column: heading, and whether its cells are numbers (aligned right). */
export interface Column {
  readonly heading: string;
  readonly numeric?: boolean;
}

/** Lines of the table, heading first, columns two spaces apart, no trailing blanks. Columns that are empty throughout are left out. */
export function textTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string[] {
  const used = columns.map((_, at) => at).filter((at) => rows.some((row) => row[at] !== ''));
  const widths = used.map((at) =>
    Math.max(columns[at]?.heading.length ?? 0, ...rows.map((row) => (row[at] ?? '').length)),
  );
  const format = (cells: readonly string[]): string =>
    used
      .map((at, i) => pad(cells[at] ?? '', widths[i] ?? 0, columns[at]?.numeric === true))
      .join('  ')
      .trimEnd();
  return [format(columns.map(({ heading }) => heading)), ...rows.map(format)];
}

function pad(text: string, width: number, right: boolean): string {
  return right ? text.padStart(width) : text.padEnd(width);
}

/** Breaks `text` at spaces into lines of at most `width` characters. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const piece of text.split(' ')) {
    if (line !== '' && line.length + 1 + piece.length > width) {
      lines.push(line);
      line = piece;
    } else line = line === '' ? piece : `${line} ${piece}`;
  }
  return line === '' ? lines : [...lines, line];
}
