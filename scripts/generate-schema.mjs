// Writes packages/scenario/schema/scenario.schema.json from the built package; `--check` fails when the committed file is not current.

import { readFileSync, writeFileSync } from 'node:fs';
import { scenarioJsonSchema } from '../packages/scenario/dist/index.js';

const file = new URL('../packages/scenario/schema/scenario.schema.json', import.meta.url);
const text = `${JSON.stringify(scenarioJsonSchema(), null, 2)}\n`;

if (!process.argv.includes('--check')) writeFileSync(file, text);
else if (readFileSync(file, 'utf8') !== text) {
  console.error('the scenario schema changed; run `node scripts/generate-schema.mjs` and commit');
  process.exitCode = 1;
}
