// The contract suite on the built-in POWER backend.

import { ppcXive } from '@virq/ppc-xive';
import { describeBackend } from './describe-backend.ts';

describeBackend(ppcXive as never, {
  options: { cpus: 2 },
  routing: false,
  inject: (machine) => void machine.kvms[0]?.setIrq(0, 0x20, 1, false),
});
