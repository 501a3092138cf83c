// The QEMU oracle for Arm: GICv2, GICv3 and ITS of a virt machine over qtest; where a CPU is needed, a few instructions on each.

import type { Oracle } from '../../oracle.ts';
import { type QemuMachines, qemuOracle, type Run } from '../oracle.ts';
import { CPU_OPERATIONS } from './cpu.ts';
import { GIC_OPERATIONS } from './gic.ts';
import { ITS_OPERATIONS } from './its.ts';
import { observe } from './observe.ts';
import { type Session, startSession } from './session.ts';

/** Pins are shown as they changed during one operation, however often the state is looked at. */
const fresh =
  (run: Run<Session>): Run<Session> =>
  (s, op) => {
    s.pins = [];
    return run(s, op);
  };

const OPERATIONS = { ...GIC_OPERATIONS, ...CPU_OPERATIONS, ...ITS_OPERATIONS };

const VIRT: QemuMachines<Session> = {
  machine: 'virt',
  variable: 'VIRQ_QEMU_ARM',
  install: 'qemu-system-arm',
  follows: { versions: /^7\.2\./, words: '7.2 (that of Debian 12)' },
  operations: Object.fromEntries(Object.entries(OPERATIONS).map(([name, run]) => [name, fresh(run)])),
  start: startSession,
  observe,
};

/** Creates the oracle over a QEMU binary. */
export const createVirtOracle = (binary = 'qemu-system-aarch64'): Oracle => qemuOracle(VIRT, binary);
