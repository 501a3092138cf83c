// What always holds of a POWER VM's interrupt controllers, whatever guests and VMMs do. Names read as sentences.

import type { BackendProperty } from '@virq/irq-core/backend';
import type { PowerChip } from './chip.ts';
import type { End } from './hw/layout.ts';
import { frameOf } from './hw/queue.ts';
import { ownerOf } from './hw/ram.ts';
import { DEVICE, type IrqState, PFN, Q_COUNT, type Queue, type XiveVcpu } from './kvm/layout.ts';
import { MASKED } from './kvm/priority.ts';

const property = (name: string, holds: (c: PowerChip) => boolean): BackendProperty => ({ name, holds });

function everyQueue(c: PowerChip, holds: (q: Queue, v: XiveVcpu, priority: number) => boolean): boolean {
  const { vcpus } = c.context.state;
  for (let i = 0; i < vcpus.length; i++) {
    const v = vcpus.at(i);
    if (v.irqType === DEVICE.NONE) continue;
    for (let p = 0; p < Q_COUNT; p++) if (!holds(v.queues.at(p), v, p)) return false;
  }
  return true;
}

function everySource(c: PowerChip, holds: (s: IrqState) => boolean): boolean {
  const { sources } = c.context.state;
  for (let i = 0; i < sources.length; i++) {
    const s = sources.at(i);
    if (s.key !== 0 && s.valid === 1 && !holds(s)) return false;
  }
  return true;
}

function countSources(c: PowerChip, is: (s: IrqState) => boolean): number {
  let n = 0;
  everySource(c, (s) => {
    if (is(s)) n++;
    return true;
  });
  return n;
}

/** Nobody is in the middle of passing an interrupt through or taking it back. */
const isSettled = (c: PowerChip): boolean => c.context.state.kvmLock.holder === 0;

/** Whether a hardware source is behind one of the VM's sources now. */
function isOwn(c: PowerChip, index: number): boolean {
  return countSources(c, (s) => (s.ptNumber === 0 ? s.ipi : s.ptData) === index + 1) > 0;
}

/** A page of somebody else's source, or of the device's while it is not behind a source of this VM: the guest could end and mask its interrupts. */
function hasForeignPage(c: PowerChip): boolean {
  let foreign = false;
  c.mappings.forEachPte((_page, pfn) => {
    if (pfn !== PFN.TIMA_OS && !isOwn(c, PFN.sourceOf(pfn))) foreign = true;
  });
  return foreign;
}

function endOf(c: PowerChip, v: XiveVcpu, priority: number): End | null {
  const index = c.host.opal.endOfVp(v.vpId, priority);
  return index < 0 ? null : c.host.xive.state.ends.at(index);
}

/** Hardware writes into memory of this VM if the queue is the guest's, of the host if it is KVM's own. */
function writesIntoItsOwn(c: PowerChip, q: Queue, v: XiveVcpu, priority: number): boolean {
  const end = endOf(c, v, priority);
  if (end === null || end.valid === 0 || end.enqueue === 0) return true;
  const owner = v.irqType === DEVICE.XIVE ? 1 + c.context.vm : 0;
  return q.qpage === 1 && ownerOf(frameOf(end)) === owner;
}

/** Properties for `check`. */
export const properties: readonly BackendProperty[] = [
  property('a queue is never promised more interrupts than it has entries', (c) =>
    everyQueue(c, (q) => q.qpage === 0 || q.count <= 2 ** (q.qshift - 2)),
  ),
  property('a queue counts every source that is routed to it', (c) =>
    everyQueue(
      c,
      (q, v, p) =>
        q.count >=
        countSources(c, (s) => s.actPriority === p && s.actServer === v.serverNum && s.actPriority !== MASKED),
    ),
  ),
  property('hardware writes entries only into memory of the VM whose queue it is', (c) =>
    everyQueue(c, (q, v, p) => writesIntoItsOwn(c, q, v, p)),
  ),
  property('KVM holds a page of the guest exactly while a queue is in it', (c) =>
    everyQueue(c, (q, v) => q.refs === (v.irqType === DEVICE.XIVE ? q.qpage : 0)),
  ),
  property('the device counts its sources', (c) => {
    const { device, srcCount } = c.context.state;
    return device === DEVICE.NONE || srcCount === countSources(c, () => true);
  }),
  property(
    'no page of a source that is not behind one of the VM’s own is mapped in it',
    (c) => !isSettled(c) || !hasForeignPage(c),
  ),
  property(
    'number and data of a passed-through interrupt go together',
    (c) => !isSettled(c) || everySource(c, (s) => (s.ptNumber === 0) === (s.ptData === 0)),
  ),
  property(
    'an interrupt that is passed through is forwarded in the host',
    (c) => !isSettled(c) || everySource(c, (s) => s.ptData === 0 || c.host.irq(s.ptData - 1).forwarded === 1),
  ),
  property(
    'the device remembers its address_space while something is mapped',
    (c) => c.context.state.mapping !== 0 || c.mappings.count() === 0,
  ),
  property('whoever holds the lock of a block of sources goes on', (c) => {
    const { blocks, sbLocks } = c.context.state;
    return blocks.list().every((block) => {
      const { holder } = sbLocks.at(block);
      return holder === 0 || c.context.processes().isAlive(holder - 1);
    });
  }),
];
