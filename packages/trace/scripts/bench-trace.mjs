// Reading speed and peak memory on a capture: node scripts/bench-trace.mjs <file> [read|analyse]
// Needs the built package (pnpm build), or set VIRQ_TRACE to another entry file.
import { closeSync, openSync, readSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const [file, mode = 'analyse'] = process.argv.slice(2);
if (!file) {
  console.error('usage: bench-trace.mjs <file> [read|analyse]');
  process.exit(2);
}
const entry = process.env.VIRQ_TRACE ? pathToFileURL(process.env.VIRQ_TRACE).href : '../dist/index.js';
const { createTraceAnalyzer, createTraceReader } = await import(entry);

let events = 0;
const sink = mode === 'read' ? createTraceReader({ onEvent: () => events++ }) : createTraceAnalyzer();
const chunk = new Uint8Array(1 << 18);
const input = openSync(file, 'r');
const start = process.hrtime.bigint();
let bytes = 0;
for (let got = readSync(input, chunk); got > 0; got = readSync(input, chunk)) {
  sink.push(got === chunk.length ? chunk : chunk.subarray(0, got));
  bytes += got;
}
const result = sink.end();
const seconds = Number(process.hrtime.bigint() - start) / 1e9;
closeSync(input);
const rss = process.resourceUsage().maxRSS / 1024;
console.log(
  `${mode}: ${(bytes / 1e6).toFixed(0)} MB, ${result.lines} lines in ${seconds.toFixed(2)} s = ${(bytes / 1e6 / seconds).toFixed(0)} MB/s, peak RSS ${rss.toFixed(0)} MB`,
);
