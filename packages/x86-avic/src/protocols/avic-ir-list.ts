// Which IRTE is on which vCPU's list: updates of posted routes against vCPUs that are loaded and put. Linux 6.17: arch/x86/kvm/svm/avic.c.

import { array, bitmap, bits, struct, u1, u8, type ViewOf } from '@virq/irq-core/arena';
import {
  BLOCKED,
  type Combinators,
  defineFamily,
  defineModel,
  lock,
  propertiesOn,
  protocolsOn,
} from '@virq/irq-core/protocol';

const [MOST_VCPUS, MOST_IRTES, PCPUS] = [3, 2, 2];
/** No vCPU: the route is not one that can be posted. */
const NONE = 3;

/** A vCPU: its entry in the physical APIC ID table, and its ir_list with ir_list_lock. */
const Vcpu = struct('vcpu', { irListLock: lock, irList: bitmap(MOST_IRTES), running: u1, cpu: u1 });
/** An IRTE in guest mode posts to vCPU `target`; NONE is host mode. `irqfdVcpu` is kvm_kernel_irqfd.irq_bypass_vcpu. */
const Irte = struct('irte', { target: bits(2), isRun: u1, cpu: u1, irqfdVcpu: bits(2) });
const layout = { irqfdsLock: lock, vcpus: array(Vcpu, MOST_VCPUS), irtes: array(Irte, MOST_IRTES) };

/** vCPUs and the IRTEs that post to them. */
export interface AvicLists {
  readonly irqfdsLock: ViewOf<typeof lock>;
  readonly vcpus: ViewOf<ReturnType<typeof array<typeof Vcpu>>>;
  readonly irtes: ViewOf<ReturnType<typeof array<typeof Irte>>>;
}

const { protocol } = protocolsOn<AvicLists>();
const { always, sometimes } = propertiesOn<AvicLists>();

const vcpuLocals = { vcpu: u8, cpu: u8, next: u8 };

/** avic_update_iommu_vcpu_affinity: every IRTE on the list, one after the other. Returns true while there are more. */
function updateNext(
  m: AvicLists,
  f: { vcpu: number; next: number },
  set: (irte: { isRun: number; cpu: number }) => void,
): boolean {
  if (m.vcpus.at(f.vcpu).irList.has(f.next)) set(m.irtes.at(f.next));
  f.next = f.next + 1 === m.irtes.length ? 0 : f.next + 1;
  return f.next !== 0;
}

/**
 * A vCPU that is scheduled in and out for ever: avic_vcpu_load, avic_vcpu_put. Halting, GALogIntr and the device that posts are in avic-post.
 * Abstraction: put forgets the pCPU, where Linux keeps it in entry and IRTE; it means something only while IsRunning or IsRun is set.
 * Abstraction: two vCPUs may be loaded on one pCPU at once; more behaviour than the kernel has, and no property asks who shares a pCPU.
 */
export const vcpuLoadPut = protocol('avic_vcpu_load, avic_vcpu_put', vcpuLocals, (p) => ({
  pickCpu: p.choose(PCPUS, (_m, f, _self, choice) => {
    f.cpu = choice;
  }),
  ...p.locked('ir_list', (m, f) => m.vcpus.at(f.vcpu).irListLock, {
    setRunning(m, f) {
      const entry = m.vcpus.at(f.vcpu);
      entry.running = 1;
      entry.cpu = f.cpu;
    },
    tellIommu: (m, f) =>
      updateNext(m, f, (irte) => {
        irte.isRun = 1;
        irte.cpu = f.cpu;
      })
        ? 'tellIommu'
        : undefined,
  }),
  ...p.locked('ir_list (put)', (m, f) => m.vcpus.at(f.vcpu).irListLock, {
    tellIommuOut: (m, f) =>
      updateNext(m, f, (irte) => {
        irte.isRun = 0;
        irte.cpu = 0;
      })
        ? 'tellIommuOut'
        : undefined,
    clearRunning(m, f) {
      const entry = m.vcpus.at(f.vcpu);
      entry.running = 0;
      entry.cpu = 0;
    },
  }),
  again: () => 'pickCpu',
}));

const updateLocals = { irte: u8, to: u8 };

type UpdateFrame = { irte: number; to: number };

/** modify_irte_ga / amd_iommu_activate_guest_mode: points the IRTE at its new vCPU. */
export function programIrte(m: AvicLists, f: UpdateFrame, isRun: number, cpu: number): void {
  const irte = m.irtes.at(f.irte);
  irte.target = f.to;
  irte.isRun = isRun;
  irte.cpu = cpu;
}

/** Program under the target's ir_list_lock, with what its table entry says at that moment (f3cebc75e742, 4c08e737f056). */
function programToRunner(m: AvicLists, f: UpdateFrame): void {
  const { running, cpu } = m.vcpus.at(f.to);
  programIrte(m, f, running, cpu);
}

type Previous = Combinators<AvicLists, UpdateFrame>;

const leavePrevious = (p: Previous) => ({
  hasPrevious: (m: AvicLists, f: UpdateFrame) => (m.irtes.at(f.irte).irqfdVcpu === NONE ? 'hasTarget' : undefined),
  ...p.locked('ir_list (previous)', (m, f) => m.vcpus.at(m.irtes.at(f.irte).irqfdVcpu).irListLock, {
    deletePrevious: (m, f) => m.vcpus.at(m.irtes.at(f.irte).irqfdVcpu).irList.delete(f.irte),
  }),
  forgetPrevious(m: AvicLists, f: UpdateFrame) {
    m.irtes.at(f.irte).irqfdVcpu = NONE;
  },
});

/**
 * avic_pi_update_irte, called for every new route of the interrupt, under irqfds.lock (kvm_irq_routing_update, add_producer,
 * del_producer): off the list of the previous vCPU first (0a917e9d4b70), then program and join under the lock of the new one.
 * Abstraction: `forgetPrevious` is a step of its own; Linux overwrites irq_bypass_vcpu at the end. Both are under irqfds.lock, and nobody else reads it.
 * Failures of irq_set_vcpu_affinity are left out.
 */
export const updateIrte = protocol('avic_pi_update_irte', updateLocals, (p) => ({
  chooseTarget: p.choose(NONE + 1, (m, f, _self, choice) => {
    if (choice !== NONE && choice >= m.vcpus.length) return BLOCKED;
    f.to = choice;
    return undefined;
  }),
  ...p.locked('irqfds', (m) => m.irqfdsLock, {
    ...leavePrevious(p),
    hasTarget: (_m, f) => (f.to === NONE ? 'hostMode' : undefined),
    ...p.locked('ir_list', (m, f) => m.vcpus.at(f.to).irListLock, {
      program: programToRunner,
      join: (m, f) => m.vcpus.at(f.to).irList.add(f.irte),
    }),
    rememberVcpu(m, f) {
      m.irtes.at(f.irte).irqfdVcpu = f.to;
      f.to = NONE;
      return 'unlock irqfds';
    },
    hostMode: (m, f) => programIrte(m, f, 0, 0),
  }),
  again: () => 'chooseTarget',
}));

/** Nobody is changing routes, so lists and IRTEs are what they shall be. */
const settled = (m: AvicLists): boolean => m.irqfdsLock.holder === 0;

function isOnItsListOnly(m: AvicLists, irte: number): boolean {
  if (!settled(m)) return true;
  const { target } = m.irtes.at(irte);
  for (let v = 0; v < m.vcpus.length; v++) if (m.vcpus.at(v).irList.has(irte) !== (target === v)) return false;
  return true;
}

/** A doorbell sent now would reach the vCPU. */
export function namesRunner(m: AvicLists, i: number): boolean {
  const irte = m.irtes.at(i);
  if (irte.isRun === 0 || irte.target === NONE) return irte.isRun === 0;
  const { running, cpu } = m.vcpus.at(irte.target);
  return running === 1 && cpu === irte.cpu;
}

/** A running vCPU is told by doorbell, not by the GA log that it does not look at. */
function runnerIsNamed(m: AvicLists, i: number): boolean {
  const irte = m.irtes.at(i);
  if (irte.isRun === 1 || irte.target === NONE || !settled(m)) return true;
  const { running, irListLock } = m.vcpus.at(irte.target);
  return running === 0 || irListLock.holder !== 0;
}

const properties = (irtes: number) => [
  always('an IRTE is on the list of the vCPU it names, and on no other', isOnItsListOnly, {
    over: irtes,
    consequence: 'a vCPU that no longer owns the interrupt rewrites its IRTE whenever it is scheduled',
  }),
  always('an IRTE that says running names the pCPU of its vCPU', (m, i) => !settled(m) || namesRunner(m, i), {
    over: irtes,
    consequence: 'the IOMMU rings the doorbell of another pCPU, and the vCPU does not hear of the interrupt',
  }),
  always('the IRTE of a running vCPU says running', runnerIsNamed, {
    over: irtes,
    consequence: 'interrupts of the device wait until the vCPU is next scheduled: latency spikes of a time slice',
  }),
  sometimes('an IRTE posts to a running vCPU', (m) => m.irtes.at(0).isRun === 1),
  sometimes('an IRTE posts to a sleeping vCPU', (m) => m.irtes.at(0).target !== NONE && m.irtes.at(0).isRun === 0),
];

const pids = (from: number, count: number): number[] => Array.from({ length: count }, (_, i) => from + i);

/** vCPUs come and go while the guest moves its interrupts from one to another. */
export const avicIrList = defineFamily({
  name: 'avic-ir-list',
  summary: 'AVIC: routes of posted interrupts change while their vCPUs are loaded and put',
  scope: {
    vcpus: { says: 'vCPUs', default: 2, min: 1, max: MOST_VCPUS },
    irtes: { says: 'IRTEs, each updated for ever', default: 1, min: 1, max: MOST_IRTES },
  },
  build: ({ vcpus, irtes }) =>
    defineModel({
      name: 'avic-ir-list',
      layout: { ...layout, vcpus: array(Vcpu, vcpus), irtes: array(Irte, irtes) },
      processes: vcpus + irtes,
      protocols: [vcpuLoadPut, updateIrte],
      machine: (root): AvicLists => root,
      start(m, spawn) {
        for (let vcpu = 0; vcpu < vcpus; vcpu++) spawn(vcpuLoadPut, { vcpu });
        for (let irte = 0; irte < irtes; irte++) {
          Object.assign(m.irtes.at(irte), { target: NONE, irqfdVcpu: NONE });
          spawn(updateIrte, { irte, to: NONE });
        }
      },
      properties: properties(irtes),
      symmetry: [
        {
          name: 'vCPU',
          size: vcpus,
          arrays: ['vcpus'],
          values: ['irtes[*].target', 'irtes[*].irqfdVcpu'],
          processes: [pids(0, vcpus)],
          locals: ['vcpu', 'to'],
        },
      ],
    }),
});
