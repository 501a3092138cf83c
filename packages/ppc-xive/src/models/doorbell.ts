// A doorbell that one vCPU rings for another is a request until the other enters the guest, then a bit of DPDES. Siblings read it, and user space saves it for migration.
// Linux: arch/powerpc/kvm/book3s_hv.c kvmppc_emulate_doorbell_instr, kvmppc_read_dpdes, kvmppc_doorbell_pending, kvmppc_get_one_reg_hv; book3s_hv_builtin.c kvmppc_guest_entry_inject_int.
//
// POWER9, from Linux 4.13 on. In later kernels (6.1, 6.12) the request alone stands for the doorbell while the vCPU is out of the guest, and is what user space reads.
// The ringing vCPU may write nothing but the request: vcore->dpdes belongs to whoever holds vcpu->mutex of the other one.

import { struct, u1, u8, type ViewOf } from '@virq/irq-core/arena';
import { BLOCKED, DONE, defineFamily, defineModel, propertiesOn, protocolsOn } from '@virq/irq-core/protocol';

/** vcpu->arch.doorbell_request, vcore->dpdes, and DPDES itself while the vCPU runs; `exit`: an IPI asks it to leave the guest. */
const Doorbell = struct('doorbell', { request: u1, vcoreDpdes: u1, dpdes: u1, inGuest: u1, exit: u1 });
/** Migration (`stop`, `siblings` that still run, what user space `saved`) and what has happened: `pending` from the ringing until the guest takes it; `rung` and `taken` count; `wrong` is a sibling that read something else. */
const Vm = struct('vm', { stop: u1, siblings: u8, saved: u1, moved: u1, pending: u1, rung: u8, taken: u8, wrong: u1 });

/** The doorbell of one vCPU. */
export interface DoorbellVcpu {
  readonly doorbell: ViewOf<typeof Doorbell>;
  readonly vm: ViewOf<typeof Vm>;
}

const { protocol } = protocolsOn<DoorbellVcpu>();
const { never, quiescent, sometimes } = propertiesOn<DoorbellVcpu>();

/** msgsndp of a sibling, `left` times or less: sets the request and kicks. A stopped VM rings no more. */
export const ring = protocol('msgsndp', { left: u8 }, (p) => ({
  send: p.choose(2, (m, f, _self, choice) => {
    if (choice === 0 || f.left === 0 || m.vm.stop === 1) {
      m.vm.siblings--;
      return DONE;
    }
    f.left--;
    Object.assign(m.vm, { pending: 1, rung: m.vm.rung + 1 });
    Object.assign(m.doorbell, { request: 1, exit: m.doorbell.inGuest });
    return 'send';
  }),
}));

/** The vCPU that is rung: enters with what vcore->dpdes and the request say, takes the doorbell or is called out, and leaves DPDES in vcore->dpdes. */
export const runVcpu = protocol('kvmppc_guest_entry_inject_int', {}, (p) => ({
  enter({ vm, doorbell }) {
    if (vm.stop === 1) return BLOCKED;
    Object.assign(doorbell, { inGuest: 1, dpdes: doorbell.vcoreDpdes });
    return doorbell.request === 1 ? undefined : 'guest';
  },
  setDpdes({ doorbell }) {
    Object.assign(doorbell, { dpdes: 1, vcoreDpdes: 1 });
  },
  clearRequest({ doorbell }) {
    doorbell.request = 0;
  },
  guest: p.idle(
    p.choose(2, ({ vm, doorbell }, _f, _self, choice) => {
      if (choice === 1) return vm.stop === 1 || doorbell.exit === 1 ? 'leave' : BLOCKED;
      if (doorbell.dpdes === 0) return BLOCKED;
      doorbell.dpdes = 0;
      Object.assign(vm, { pending: doorbell.request, taken: vm.taken + 1 });
      return 'guest';
    }),
  ),
  leave({ doorbell }) {
    Object.assign(doorbell, { inGuest: 0, exit: 0, vcoreDpdes: doorbell.dpdes });
    return 'enter';
  },
}));

/** mfspr DPDES of a sibling: calls the vCPU out of the guest, then reads the request, then vcore->dpdes. */
export const readDpdes = protocol('kvmppc_read_dpdes', { rung: u8, taken: u8, pending: u1, seen: u1 }, () => ({
  callOut({ doorbell, vm }, f) {
    if (vm.stop === 1) {
      vm.siblings--;
      return DONE;
    }
    Object.assign(f, { rung: vm.rung, taken: vm.taken, pending: vm.pending });
    doorbell.exit = doorbell.inGuest;
    return undefined;
  },
  awaitExit: ({ doorbell }) => (doorbell.exit === 1 ? BLOCKED : undefined),
  readRequest({ doorbell }, f) {
    f.seen = doorbell.request;
  },
  readVcore({ doorbell }, f) {
    f.seen |= doorbell.vcoreDpdes;
  },
  result({ vm }, f) {
    if (f.rung === vm.rung && f.taken === vm.taken && f.seen !== f.pending) vm.wrong = 1;
    vm.siblings--;
  },
}));

/** Migration: stops the vCPUs, reads KVM_REG_PPC_DPDES with the request in it (ff42df49e75f), sets it on the other side and runs there. */
export const migrate = protocol('KVM_REG_PPC_DPDES', {}, () => ({
  stop({ vm }) {
    vm.stop = 1;
  },
  awaitVcpus: ({ vm, doorbell }) => (vm.siblings > 0 || doorbell.inGuest === 1 ? BLOCKED : undefined),
  save({ vm, doorbell }) {
    vm.saved = doorbell.vcoreDpdes | doorbell.request;
  },
  restore({ vm, doorbell }) {
    Object.assign(doorbell, { request: 0, dpdes: 0, vcoreDpdes: vm.saved });
    Object.assign(vm, { moved: 1, stop: 0 });
  },
}));

/** A vCPU is rung, read and migrated. */
export const doorbell = defineFamily({
  name: 'doorbell',
  summary: 'HV KVM: a doorbell is rung for a vCPU while a sibling reads DPDES and user space migrates the VM',
  scope: { rings: { says: 'times the doorbell is rung', default: 1, min: 1, max: 3 } },
  build: ({ rings }) =>
    defineModel({
      name: 'doorbell',
      layout: { doorbell: Doorbell, vm: Vm },
      processes: 4,
      protocols: [ring, runVcpu, readDpdes, migrate],
      machine: (root): DoorbellVcpu => root,
      start(m, spawn) {
        m.vm.siblings = 2;
        spawn(ring, { left: rings });
        spawn(runVcpu);
        spawn(readDpdes);
        spawn(migrate);
      },
      properties: [
        quiescent('a doorbell that was rung is taken', (m) => m.vm.pending === 0, {
          consequence: 'an IPI is lost over migration, and the vCPU that sent it waits',
        }),
        never('a sibling reads something else from DPDES than what is pending', (m) => m.vm.wrong === 1, {
          consequence: 'a doorbell that was rung before is not seen, or one that was taken is',
        }),
        never('a doorbell is taken more often than it was rung', (m) => m.vm.taken > m.vm.rung),
        sometimes('a doorbell is taken on the other side', (m) => m.vm.moved === 1 && m.vm.taken === 1),
        sometimes('user space saves a doorbell', (m) => m.vm.saved === 1),
      ],
    }),
});
