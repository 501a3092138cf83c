// Diagnostics with code frames: `file:line:col`, code, sentence, remedy.

import { codeFrameColumns } from '@babel/code-frame';
import type { Diagnostic } from '@virq/scenario';
import pc from 'picocolors';

/** Longest text that gets a code frame; a line of megabytes would bury the message. */
const FRAME_LIMIT = 200_000;

function frame(text: string, d: Diagnostic): string {
  if (d.line === 0 || text.length > FRAME_LIMIT) return '';
  const end = d.endLine === d.line && d.endColumn > d.column ? { end: { line: d.endLine, column: d.endColumn } } : {};
  return `${codeFrameColumns(text, { start: { line: d.line, column: d.column }, ...end }, { linesAbove: 1, linesBelow: 1 })}\n`;
}

/** Renders all diagnostics of a file and the next command. */
export function renderDiagnostics(
  path: string,
  text: string,
  diagnostics: readonly Diagnostic[],
  color: boolean,
): string {
  const c = pc.createColors(color);
  const shown = diagnostics.slice(0, 20).map((d) => {
    const where = d.line === 0 ? path : `${path}:${d.line}:${d.column}`;
    const hint = d.hint === undefined ? '' : `  ${d.hint}\n`;
    return `${c.bold(where)}: ${c.red(d.code)} ${d.message.slice(0, 500)}\n${hint}${frame(text, d)}`;
  });
  const rest = diagnostics.length > 20 ? `… and ${diagnostics.length - 20} more\n` : '';
  return `${shown.join('\n')}${rest}\nMore: virq explain ${diagnostics[0]?.code ?? ''}\n`;
}
