// A VM in XICS mode for tests: vCPUs on threads, and what a guest and its VMM do, by the words of the vocabulary.

import {
  checkArgs,
  createMachine,
  createSession,
  findOperation,
  type Json,
  type Session,
} from '@virq/irq-core/machine';

import type { Edits } from '@virq/irq-core/protocol';

import type { PowerChip } from '../../chip.ts';
import { RING } from '../../hw/presenter.ts';
import ppcXive from '../../index.ts';

/** A guest, its VMM, and what the test looks at. */
export interface Guest {
  readonly session: Session;
  readonly chip: PowerChip;
  /** An operation by its words; its `out`, or its `ret` when there is none. */
  run(op: string, args?: Readonly<Record<string, Json>>): Json;
  /** The vCPU enters the guest on the thread of its number. */
  enter(vcpu: number): void;
  leave(vcpu: number): void;
  /** XIRR as H_XIRR gives it. */
  xirr(vcpu?: number): number;
  pq(irq: number): number;
  /** OS ring of the vCPU's thread. */
  ring(vcpu: number): { readonly cppr: number; readonly nsr: number; readonly ipb: number; readonly pipr: number };
  /** The exception line of the vCPU's thread is up. */
  line(vcpu: number): boolean;
  /** Words of a queue from its first entry on. */
  queue(vcpu: number, priority: number, words?: number): number[];
}

/** Options of the VM beside. */
export interface GuestOptions {
  readonly vm?: Readonly<Record<string, unknown>>;
  readonly host?: Readonly<Record<string, unknown>>;
  readonly vcpus?: number;
  readonly edits?: Edits;
}

/** Creates a VM in XICS mode; all its vCPUs are in the guest. */
export function openGuest({ vm = {}, host = {}, vcpus = 2, edits = [] }: GuestOptions = {}): Guest {
  const machine = createMachine({
    vms: [
      {
        name: 'guest',
        backend: ppcXive as never,
        options: { dev: 'xics', cpus: vcpus, ...vm },
        limits: { vcpus, gsis: 64, routes: 1, irqfds: 4 },
      },
    ],
    devices: [{ name: 'nic', kind: 'pci', msix: 2 }],
    host,
    limits: { eventfds: 8, processes: 12 },
    edits,
  });
  const session = createSession(machine);
  const chip = session.vm.chip as unknown as PowerChip;
  const { xive } = chip.host;
  const guest: Guest = {
    session,
    chip,
    run(op, args = {}) {
      const operation = findOperation(session, op);
      if (operation === undefined) throw new Error(`no operation ${op}`);
      const checked = checkArgs(operation.args, args);
      if (!checked.ok) throw new Error(`${op}: ${checked.faults.map((f) => `${f.path} ${f.message}`).join('; ')}`);
      const { ret, out } = operation.run(checked.args);
      machine.settle();
      return out ?? ret;
    },
    enter(vcpu) {
      guest.run('vcpu_load', { vcpu, thread: vcpu });
      guest.run('vcpu_run', { vcpu });
    },
    leave: (vcpu) => void guest.run('vcpu_put', { vcpu }),
    xirr: (vcpu = 0) => Number((guest.run('h_xirr', { cpu: vcpu }) as { r4: string }).r4),
    pq: (irq) => chip.sources.hw(chip.xics.source(irq)).pq,
    ring: (vcpu) => xive.state.threads.at(vcpu).rings.at(RING.OS),
    line: (vcpu) => xive.state.threads.at(vcpu).osLine === 1,
    queue(vcpu, priority, words = 1) {
      const q = chip.state.kvm.vcpus.at(vcpu).queues.at(priority);
      return Array.from({ length: words }, (_, i) => chip.xics.queues.entry(q, i));
    },
  };
  for (let vcpu = 0; vcpu < vcpus; vcpu++) guest.enter(vcpu);
  return guest;
}

/** A message source with a target, unmasked, of a guest that lets everything pass on each vCPU. */
export function openWithSource(irq: number, options: GuestOptions = {}): Guest {
  const guest = openGuest(options);
  for (let cpu = 0; cpu < (options.vcpus ?? 2); cpu++) guest.run('h_cppr', { cpu, value: 0xff });
  guest.run('xics_source_set', { n: irq, destination: 0, priority: 5 });
  return guest;
}
