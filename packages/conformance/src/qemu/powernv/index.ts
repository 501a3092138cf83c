// The QEMU oracle for POWER: the interrupt controllers of powernv9 and powernv10 over qtest, tables in guest memory, no guest code.

import type { Oracle } from '../../oracle.ts';
import { type QemuMachines, qemuOracle } from '../oracle.ts';
import { observe } from './observe.ts';
import { OPERATIONS } from './operations.ts';
import { type Session, startSession } from './session.ts';

/** Later ones differ: in 10.0 POWER10's indirect TIMA takes accesses of any size, and an acknowledge leaves PIPR as it was. */
const FOLLOWED = { versions: /^7\.2\./, words: '7.2 (that of Debian 12)' };

const POWERNV: QemuMachines<Session> = {
  machine: 'powernv9, powernv10',
  variable: 'VIRQ_QEMU_PPC',
  install: 'qemu-system-ppc',
  follows: FOLLOWED,
  operations: OPERATIONS,
  start: startSession,
  observe,
};

/** Creates the oracle over a QEMU binary. */
export const createPowernvOracle = (binary = 'qemu-system-ppc64'): Oracle => qemuOracle(POWERNV, binary);
