// virq run --replay: steps through a saved counterexample on the model as it is now.

import { explain, parseCounterexample, replaySteps, stepLines } from '@virq/checker';
import { styleOf } from '../check/counterexample.ts';
import { targetOfOrigin } from '../check/target.ts';
import { readText } from '../input.ts';
import { EXIT, type Io, print } from '../io.ts';

/** Exit code 0 if the schedule still breaks the property, 1 if not, 2 for a file that does not fit. */
export async function replayFile(path: string, { json }: { readonly json?: boolean }, io: Io): Promise<number> {
  const { origin, violation } = parseCounterexample(await readText(path, io));
  const target = await targetOfOrigin(origin, io);
  if (target === null) return EXIT.USAGE;
  const replay = replaySteps(target.make({ record: false }), violation);
  const reproduced = replay.broken !== null;
  if (json === true) {
    const head = { schema: 'virq/replay@1', origin, property: violation.property, reproduced };
    for (const record of [head, ...replay.steps]) await print(io, `${JSON.stringify(record)}\n`);
  } else if (reproduced) await print(io, `${explain(violation, replay, styleOf(io)).join('\n')}\n`);
  else {
    const lines = [...stepLines(replay.steps, styleOf(io)), '', `✓ holds at the end: ${violation.property}`];
    await print(io, `${lines.join('\n')}\n`);
  }
  return reproduced ? EXIT.OK : EXIT.FINDING;
}
