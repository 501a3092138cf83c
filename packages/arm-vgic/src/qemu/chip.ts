// The chip of a virt machine of QEMU: bare hardware, nothing of KVM.

import type { VmChip, VmContext } from '@virq/irq-core/backend';
import { EINVAL, EWOULDBLOCK } from '@virq/irq-core/errors';
import type { KvmArch } from '@virq/irq-core/kvm';
import { ITS_PLACES, pendingPlace } from '../its/places.ts';
import { createRam } from '../memory/ram.ts';
import { FRAMES, offsetOf } from './frames.ts';
import { resetGicv2 } from './gicv2/frames.ts';
import { NOTHING } from './gicv3/best.ts';
import { storeDistributor } from './gicv3/frames.ts';
import { GICD } from './gicv3/registers.ts';
import { resetInterface } from './gicv3/system-registers.ts';
import { resetIts } from './its/control.ts';
import type { VirtState } from './layout.ts';
import { RAM, type Virt, type VirtBackend } from './machine.ts';

/** The chip. */
export interface VirtChip extends VmChip {
  readonly virt: Virt;
}

/** KVM finds no interrupt controller here. */
const NO_KVM: KvmArch = {
  canSetIrqRouting: () => false,
  intcInitialized: () => true,
  irqfdAllowed: () => false,
  setRoutingEntry: () => -EINVAL,
  setIrq: () => -1,
  setIrqInatomic: () => -EWOULDBLOCK,
  signalMsi: () => -EINVAL,
  routingUpdated() {},
  ackNotifiersUpdated() {},
  clearSource() {},
  updateIrte: () => -EINVAL,
};

/** SGIs are edges, the other private interrupts levels; redistributors sleep. */
function resetGicv3({ state, cpus }: Virt): void {
  for (let n = 0; n < cpus; n++) {
    const cpu = state.cpus.at(n);
    cpu.bank.edge.set(0, 0xffff);
    cpu.waker = 6;
    cpu.best.priority = NOTHING;
    cpu.lpi.priority = NOTHING;
    resetInterface(cpu);
  }
}

const VALID = 1n << 63n;
const PAGE_64K = 0x200n;
const COMMAND_PAGES = 15n;
const ID_BITS = 15n;
/** Affinity routing, both groups. */
const GICD_ON = 0x13n;

/** What firmware does for LPIs: tables, queue, redistributors and ITS on. */
function enableIts(m: Virt): void {
  const its = (register: string, value: bigint, size = 8): void =>
    FRAMES.gits.port.store(m, { cpu: 0, offset: offsetOf(FRAMES.gits, register), size }, value);
  storeDistributor(m, { offset: GICD.rows.CTLR.at, size: 4 }, GICD_ON);
  for (let cpu = 0; cpu < m.cpus; cpu++) {
    const rd = (register: string, value: bigint, size: number): void =>
      FRAMES.rd.port.store(m, { cpu, offset: offsetOf(FRAMES.rd, register), size }, value);
    rd('PROPBASER', BigInt(ITS_PLACES.properties) | ID_BITS, 8);
    rd('PENDBASER', BigInt(pendingPlace(cpu)), 8);
    rd('CTLR', 1n, 4);
  }
  its('BASER:0', VALID | BigInt(ITS_PLACES.devices) | PAGE_64K);
  its('BASER:8', VALID | BigInt(ITS_PLACES.collections) | PAGE_64K);
  its('CBASER', VALID | BigInt(ITS_PLACES.commands) | COMMAND_PAGES);
  its('CWRITER', 0n);
  its('CTLR', 1n, 4);
}

/** CPUs of a machine: qtest reaches one of a GICv2. */
export const cpusOf = (options: Readonly<Record<string, unknown>>): number =>
  options['backend'] === 'gicv2' ? 1 : ((options['cpus'] as number | undefined) ?? 2);

/** Creates the chip over zeroed state. */
export function createVirtChip({ trace, options }: VmContext, state: VirtState): VirtChip {
  const ram = createRam(state.memory);
  ram.map(RAM.base, RAM.bytes);
  const backend = (options['backend'] ?? 'gicv3') as VirtBackend;
  const virt: Virt = { state, ram, trace, backend, cpus: cpusOf(options), touched: { first: 0, count: 0 } };
  if (backend === 'gicv2') resetGicv2(virt);
  else resetGicv3(virt);
  resetIts(virt);
  if (backend === 'its') enableIts(virt);
  return { virt, arch: NO_KVM };
}
