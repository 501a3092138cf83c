// The QEMU oracle for POWER: the interrupt controllers of powernv9 and powernv10 over qtest, tables in guest memory, no guest code.

import type { Oracle } from '../../oracle.ts';
import { type QemuMachines, qemuOracle } from '../oracle.ts';
import { observe } from './observe.ts';
import { OPERATIONS } from './operations.ts';
import { type Session, startSession } from './session.ts';

const POWERNV: QemuMachines<Session> = {
  machine: 'powernv9, powernv10',
  install: 'qemu-system-ppc',
  operations: OPERATIONS,
  start: startSession,
  observe,
};

/** Creates the oracle over a QEMU binary. */
export const createPowernvOracle = (binary = 'qemu-system-ppc64'): Oracle => qemuOracle(POWERNV, binary);
