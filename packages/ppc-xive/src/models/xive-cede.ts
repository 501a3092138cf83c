// A vCPU that cedes against interrupts that come for it, its other exits, and the host's handler of its escalation. Linux: arch/powerpc/kvm/book3s_xive.c, book3s_hv.c kvmhv_p9_guest_entry.
//
// What is modelled: one vCPU on its thread, one source routed to its queue. KVM's entry, exit, H_CEDE and xive_esc_irq are those of every scenario; XIVE is
// that of the machine: while the context is on the thread an event goes there; off it, it becomes backlog and escalates into the host's queue.
// `hardware` 1 is POWER10 with save and restore by hardware, where KVM does not read the words of the context at exit.
//
// Abstraction: the handler runs at any time after the entry came; the guest serves everything that waits in one step.

import { bits, u1, u8, u16 } from '@virq/irq-core/arena';
import { defineMachineModel, type Machine, type StandIn } from '@virq/irq-core/machine';
import { BLOCKED, type Combinators, DONE, defineFamily, propertiesOn, protocolsOn } from '@virq/irq-core/protocol';
import type { PowerChip } from '../chip.ts';
import ppcXive from '../index.ts';
import type { IrqState } from '../kvm/layout.ts';
import { setQueueConfig } from '../kvm/native-queue.ts';
import { setSource, updateSourceConfig } from '../kvm/native-source.ts';
import { cedeVcpu, enterGuest, escIrq, pullVcpu, rearmEscalation } from '../protocols/xive-cede.ts';

const { protocol } = protocolsOn<Machine>();
const { always, quiescent, sometimes } = propertiesOn<Machine>();

/** The guest's source, its priority and queue. */
const GSI = 5;
const PRIORITY = 6;
const QADDR = 0x100000n;
const OPEN = 0xff;

const chipOf = (m: Machine): PowerChip => m.vms[0]?.chip as PowerChip;
const vcpuOf = (m: Machine) => chipOf(m).state.kvm.vcpus.at(0);
const runOf = (m: Machine) => chipOf(m).state.guest.vcpus.at(0);
const sourceOf = (m: Machine): IrqState => chipOf(m).sources.find(GSI) as IrqState;
const sleeps = (m: Machine): boolean => chipOf(m).context.kvm.vcpus.isBlocking(0);
const line = (m: Machine): number => chipOf(m).host.xive.state.threads.at(0).osLine;

/** What the guest does in the model: it serves, cedes, or leaves for another reason. */
const [SERVE, CEDE, EXIT] = [0, 1, 2];

const LOCALS = { vm: u8, vcpu: u16, p: u1, left: bits(3) } as const;
type Frame = { -readonly [K in keyof typeof LOCALS]: number };

/** ACK, EOI at the source, CPPR open. */
function serve(m: Machine): 'guest' | typeof BLOCKED {
  const { host, sources } = chipOf(m);
  if (line(m) === 0 && runOf(m).external === 0) return BLOCKED;
  runOf(m).external = 0;
  const ack = host.xive.tima.load(0, 2, { offset: 0x810, size: 2 });
  if ((ack & 0x8000) !== 0) sources.eoi(sourceOf(m));
  host.xive.tima.store(0, 2, { offset: 0x11, size: 1 }, { hi: 0, lo: OPEN });
  return 'guest';
}

/** The vCPU: it cedes and leaves up to `left` times, then goes on without an exit. */
const vcpu = (of: StandIn) =>
  protocol(
    'vCPU that cedes',
    LOCALS,
    (p: Combinators<Machine, Frame>) =>
      ({
        ...p.include('entry', of(enterGuest) as never),
        guest: p.idle(
          p.choose(3, (m: Machine, f: Frame, _self: number, choice: number) => {
            if (choice === SERVE) return serve(m);
            if (f.left === 0) return BLOCKED;
            f.left--;
            return choice === CEDE ? 'cede.cede' : choice === EXIT ? 'leave' : 'guest';
          }),
        ),
        leave(m: Machine) {
          chipOf(m).run.leave(0);
        },
        ...p.include('pull', of(pullVcpu) as never),
        again(_m: Machine, f: Frame) {
          f.p = 0;
          return 'entry.awake';
        },
        ...p.include('cede', of(cedeVcpu) as never),
        back(_m: Machine, f: Frame) {
          f.p = 0;
          return 'guest';
        },
      }) as never,
  );

/** The device: a message at a time. */
const device = protocol('device', { left: bits(2) }, () => ({
  send(m, f) {
    if (f.left === 0) return DONE;
    f.left--;
    const { sources } = chipOf(m);
    sources.triggerIpi(sourceOf(m));
    return 'send';
  },
}));

/** Queue, source and route as the guest has set them up; CPPR open. */
function prepare(m: Machine): void {
  const { context, sources, host } = chipOf(m);
  const eq = { flags: 1n, qshift: 16n, qaddr: QADDR, qtoggle: 1n, qindex: 0n };
  setQueueConfig(context, PRIORITY, eq);
  setSource(context, sources, GSI, { value: 0n });
  updateSourceConfig(context, sources, sourceOf(m), { priority: PRIORITY, server: 0, masked: false, eisn: GSI });
  sources.load(sourceOf(m), 0xc00);
  const v = vcpuOf(m);
  v.savedHi = (v.savedHi | (OPEN << 16)) >>> 0;
  v.savedLo = (v.savedLo | OPEN) >>> 0;
  v.thread = 1;
  host.place(0, 1, 0);
}

const properties = [
  always("the escalation takes one entry of the host's queue at most", (m) => runOf(m).escQueued <= 1, {
    consequence: 'the queue of a host CPU overflows: the host hangs or crashes',
  }),
  quiescent(
    'no interrupt waits for a vCPU that sleeps',
    (m) => !sleeps(m) || chipOf(m).sources.hw(sourceOf(m)).pq === 0,
    {
      consequence: 'the guest sleeps over an interrupt until another one comes',
    },
  ),
  quiescent('everything that came is served', (m) => chipOf(m).sources.hw(sourceOf(m)).pq === 0),
  sometimes('the vCPU sleeps', sleeps),
  sometimes('an escalation comes to the host', (m) => runOf(m).escQueued > 0),
];

/** A vCPU cedes while interrupts come for it. */
export const xiveCede = defineFamily({
  name: 'xive-cede',
  summary: 'XIVE: a vCPU cedes while interrupts come for it, and its escalation interrupt is handled at any time',
  scope: {
    interrupts: { says: 'messages of the device', default: 2, min: 1, max: 3 },
    exits: { says: 'times the vCPU cedes or leaves', default: 3, min: 1, max: 5 },
    hardware: { says: '1: POWER10, hardware saves and restores the context', default: 0, min: 0, max: 1 },
  },
  build: ({ interrupts, exits, hardware }) =>
    defineMachineModel({
      name: 'xive-cede',
      machine: {
        vms: [
          {
            name: 'guest',
            backend: ppcXive as never,
            options: { dev: 'xive', cpus: 1, sources: 2, passthru: 1, max_vcpus: 2 },
            limits: { vcpus: 1, gsis: GSI + 1, routes: 1, irqfds: 1 },
          },
        ],
        host: { threads: 1, ipis: 2, frames: 1, generation: hardware === 1 ? 'power10' : 'power9' },
        limits: { eventfds: 1, processes: 5, irqs: 1, bypass: 1 },
      },
      paths: [enterGuest, pullVcpu, cedeVcpu, escIrq, rearmEscalation] as never,
      agents: (of) => [vcpu(of), device] as never,
      start(m, [runs, sends]) {
        prepare(m);
        m.processes.spawn(runs as never, { left: exits } as never);
        m.processes.spawn(sends as never, { left: interrupts } as never);
      },
      properties: properties as never,
    }),
});
