// Writes packages/scenario/schema/scenario.schema.json from the built package. A test checks that the committed file is current.

import { writeFileSync } from 'node:fs';
import { scenarioJsonSchema } from '../packages/scenario/dist/index.js';

writeFileSync(
  new URL('../packages/scenario/schema/scenario.schema.json', import.meta.url),
  `${JSON.stringify(scenarioJsonSchema(), null, 2)}\n`,
);
