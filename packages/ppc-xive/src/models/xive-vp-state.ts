// A vCPU moves to another host: what KVM_REG_PPC_VP_STATE carries of its presenter. Linux: arch/powerpc/kvm/book3s_xive_native.c kvmppc_xive_native_get_vp, kvmppc_xive_native_set_vp; book3s_xive.c kvmppc_xive_push_vcpu, kvmppc_xive_pull_vcpu.
//
// On POWER9 KVM stores words 0 and 1 of the OS ring at exit and loads them at entry, and OPAL adds the backlog of the virtual processor. On POWER10 (`generation` 2) hardware saves and restores
// the context, KVM's copy is never written, and loading it has no effect. The corrected form takes CPPR from OPAL too and, once the context is on its thread, puts right what was restored.
//
// Abstraction: both hosts are one machine with two VMs. What comes after the source is stopped waits in Q and is sent by user space on the other side. Entries of the queue are memory, and arrive.

import { u8, u32 } from '@virq/irq-core/arena';
import { defineMachineModel } from '@virq/irq-core/machine';
import { type Combinators, defineFamily, propertiesOn, protocolsOn } from '@virq/irq-core/protocol';
import { ESB } from '../hw/esb.ts';
import { NSR_EO, RING } from '../hw/presenter.ts';
import { TM_PAGE } from '../hw/tima.ts';
import { updateSourceConfig } from '../kvm/native-source.ts';
import { getVp, setVp } from '../kvm/native-vp.ts';
import { chipOf, GSI, guestSource, makeQueue, makeSource, type PowerMachine, smallMachine } from './machine.ts';

const PRIORITY = 6;
const [SOURCE, TARGET] = [0, 1];
/** CPPR values that the guest sets: everything passes, or only what is more favoured than 5. */
const CPPRS = [0xff, 5] as const;
const OS_CPPR = { offset: 0x11, size: 1 } as const;
const OS_PENDING = { offset: 0x812, size: 1 } as const;

const { protocol } = protocolsOn<PowerMachine>();
const { quiescent, sometimes } = propertiesOn<PowerMachine>();

const LOCALS = { hi: u32, lo: u32 } as const;
type Frame = { hi: number; lo: number };

const vcpuOf = (m: PowerMachine, vm: number) => chipOf(m, vm).state.kvm.vcpus.at(0);
const ringOf = (m: PowerMachine, thread: number) => m.parts.power.xive.state.threads.at(thread).rings.at(RING.OS);
const isSavedByHardware = (m: PowerMachine): boolean => m.parts.power.saveRestore;

/** Store of a byte to the OS page of a thread's TIMA. */
const storeByte = (m: PowerMachine, thread: number, at: typeof OS_CPPR | typeof OS_PENDING, lo: number): void =>
  m.parts.power.xive.tima.store(thread, TM_PAGE.OS, at, { hi: 0, lo });

/** KVM_REG_PPC_VP_STATE read on one host and written on the other, between the last exit and the first entry. */
export const moveVcpu = protocol('KVM_REG_PPC_VP_STATE', LOCALS, (_p: Combinators<PowerMachine, Frame>) => ({
  stopSources: (m) => void chipOf(m).sources.load(guestSource(m), ESB.SET_PQ_10),
  pull: (m) => chipOf(m).run.pullContext(0),
  saveWords(m) {
    chipOf(m).run.saveWords(0);
    chipOf(m).run.fixWords(0);
  },
  getState(m, f) {
    const w01 = getVp(chipOf(m).context, 0) as bigint;
    f.hi = Number(w01 >> 32n);
    f.lo = Number(w01 & 0xffffffffn);
  },
  mergeCppr(m, f) {
    if (!isSavedByHardware(m)) return;
    const saved = m.parts.power.opal.vps.state(vcpuOf(m, SOURCE).vpId);
    f.hi = ((f.hi & 0xff00ffff) | ((saved?.hi ?? 0) & 0x00ff0000)) >>> 0;
  },
  setState: (m, f) => void setVp(chipOf(m, TARGET).context, 0, (BigInt(f.hi) << 32n) | BigInt(f.lo)),
  restoreWords: (m) => chipOf(m, TARGET).run.restoreWords(0),
  push: (m) => chipOf(m, TARGET).run.pushContext(0),
  catchUp(m) {
    if (!isSavedByHardware(m)) return;
    const { savedHi } = vcpuOf(m, TARGET);
    storeByte(m, TARGET, OS_CPPR, (savedHi >>> 16) & 0xff);
    for (let priority = 0; priority < 8; priority++)
      if ((savedHi & (0x8000 >>> priority)) !== 0) storeByte(m, TARGET, OS_PENDING, priority);
  },
}));

/** The guest sets its CPPR, or leaves it; an interrupt comes for it, or none. */
const guest = protocol('guest, device', { cppr: u8 }, (p) => ({
  setCppr: p.choose(CPPRS.length, (m, _f, _self, choice) => {
    if ((vcpuOf(m, SOURCE).cam & ringOf(m, SOURCE).w2) >>> 31 === 1)
      storeByte(m, SOURCE, OS_CPPR, CPPRS[choice] as number);
  }),
  interrupt: p.choose(2, (m, _f, _self, choice) => {
    if (choice === 1) chipOf(m).sources.triggerIpi(guestSource(m));
  }),
}));

const endOf = (m: PowerMachine) => {
  const { opal, xive } = m.parts.power;
  return xive.state.ends.at(opal.endOfVp(vcpuOf(m, SOURCE).vpId, PRIORITY));
};

/** CPPR that the guest had when its context was last saved. */
function guestCppr(m: PowerMachine): number {
  const { vpId, savedHi } = vcpuOf(m, SOURCE);
  return isSavedByHardware(m) ? m.parts.power.xive.state.nvts.at(vpId & 0xffffff).cppr : (savedHi >>> 16) & 0xff;
}

const properties = [
  quiescent(
    'what was pending is pending after the move',
    (m) => endOf(m).index === 0 || (ringOf(m, TARGET).ipb & 0x02) !== 0,
    {
      consequence: 'an entry waits in the queue and the guest is not told before another interrupt comes',
    },
  ),
  quiescent('the guest has the priority that it has set', (m) => ringOf(m, TARGET).cppr === guestCppr(m), {
    consequence: 'interrupts reach a guest that has shut them out, or none reaches it',
  }),
  sometimes('an interrupt is pending when the vCPU moves', (m) => endOf(m).index > 0),
  sometimes('the guest is told on the other side', (m) => (ringOf(m, TARGET).nsr & NSR_EO) !== 0),
];

/** A vCPU with or without a pending interrupt moves. */
export const xiveVpState = defineFamily({
  name: 'xive-vp-state',
  summary: 'XIVE native: a vCPU moves to another host with what KVM_REG_PPC_VP_STATE says of its presenter',
  scope: {
    generation: {
      says: '1: POWER9; 2: POWER10, whose hardware saves and restores contexts',
      default: 2,
      min: 1,
      max: 2,
    },
  },
  build: ({ generation }) =>
    defineMachineModel({
      name: 'xive-vp-state',
      machine: smallMachine({
        processes: 3,
        vms: 2,
        host: { generation: generation === 2 ? 'power10' : 'power9' },
      }),
      paths: [moveVcpu],
      agents: () => [moveVcpu, guest] as never,
      start(m) {
        const machine = m as PowerMachine;
        makeSource(m);
        makeQueue(m, 0, PRIORITY);
        for (const vm of [SOURCE, TARGET]) vcpuOf(machine, vm).thread = 1 + vm;
        const { context, sources, run } = chipOf(m);
        updateSourceConfig(context, sources, guestSource(m), {
          priority: PRIORITY,
          server: 0,
          masked: false,
          eisn: GSI,
        });
        sources.load(guestSource(m), ESB.SET_PQ_00);
        run.restoreWords(0);
        run.pushContext(0);
        storeByte(machine, SOURCE, OS_CPPR, 0xff);
        m.processes.spawn(moveVcpu as never, {} as never);
        m.processes.spawn(guest as never, {} as never);
      },
      properties: properties as never,
    }),
});
