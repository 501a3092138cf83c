// The device is made, used, closed and made anew while a vCPU runs, and a vector is connected and parted at any time in between.
// Linux: arch/powerpc/kvm/book3s_xive_native.c kvmppc_xive_native_create, _connect_vcpu, _release; book3s_xive.c kvmppc_xive_get_device, kvmppc_xive_push_vcpu; virt/kvm/kvm_main.c.
//
// QEMU closes the device and makes another on every switch between XICS and XIVE; KVM uses the same struct again. What the kernel gives and the model takes for granted: release
// runs only when no mapping of the file is left, and before its inode goes; it holds kvm->lock, as set_mapped and clr_mapped do, and the mutex of each vCPU that it cleans up.
//
// Abstraction: one vCPU, one vector.

import { u8, u16 } from '@virq/irq-core/arena';
import { defineMachineModel, type StandIn } from '@virq/irq-core/machine';
import {
  assert,
  type Combinators,
  DONE,
  defineFamily,
  omit,
  propertiesOn,
  protocolsOn,
  replace,
} from '@virq/irq-core/protocol';
import { SOURCE_KIND } from '../hw/layout.ts';
import { camOf, RING, W2_VALID } from '../hw/presenter.ts';
import { DEVICE } from '../kvm/layout.ts';
import { ESB_PAGES, FILE_PAGE, WINDOW } from '../kvm/mappings.ts';
import { PASSTHRU_LOCALS } from '../protocols/passthru.ts';
import { xiveRelease } from '../protocols/release.ts';
import { zap } from '../protocols/zap.ts';
import { clrPassthruNative, setPassthruNative } from './corrected.ts';
import { chipOf, GSI, makeSource, openDevice, type PowerMachine, smallMachine } from './machine.ts';

const { protocol } = protocolsOn<PowerMachine>();
const { always, quiescent, sometimes } = propertiesOn<PowerMachine>();

const kvmOf = (m: PowerMachine) => chipOf(m).state.kvm;
const vcpuOf = (m: PowerMachine) => kvmOf(m).vcpus.at(0);

type PassthruFrame = { -readonly [K in keyof typeof PASSTHRU_LOCALS]: number };

/** unmap_mapping_range. Where each file has an inode of its own, an address space is gone with its file. */
function zapOpenFile(m: PowerMachine, f: PassthruFrame): void {
  const { mapping, files, fileOpen } = kvmOf(m);
  const isThere = mapping === files && fileOpen === 1;
  assert(
    mapping === 0 || isThere || chipOf(m).options.addressSpace === 'shared',
    'unmap_mapping_range walks the address space of a file that is gone',
  );
  zap(m, f);
}

/** kvmppc_set_passthru_irq and kvmppc_clr_passthru_irq, which walk the address space that the device remembers. */
export const setPassthruLife = replace(setPassthruNative, 'map.zap', zapOpenFile as never);
export const clrPassthruLife = replace(clrPassthruNative, 'unmap.zap', zapOpenFile as never);

/** KVM_CREATE_DEVICE. The struct is zeroed whether it is new or used before; nothing of OPAL's is allocated before a vCPU connects. */
export const createDevice = protocol('kvmppc_xive_native_create', { vm: u8 }, (p) => ({
  ...p.locked('kvm', (m) => kvmOf(m).kvmLock, {
    attach: (m) => void chipOf(m).devices.create('xive'),
  }),
}));

/** The part of clr_passthru_irq under kvm->lock, for a caller that holds it. */
const partLocked = replace(omit(clrPassthruLife, 'lock kvm', 'unlock kvm'), 'find', (m, f) =>
  kvmOf(m as never).passthru.at(0).hostIrq === (f as PassthruFrame).irq + 1 ? undefined : DONE,
);

/** kvmppc_xive_native_release, corrected: what is passed through goes back to the host first, under the same kvm->lock. */
export const releaseParted = protocol(
  'kvmppc_xive_native_release (corrected)',
  { ...PASSTHRU_LOCALS, vcpu: u16 },
  (p: Combinators<PowerMachine, PassthruFrame & { vcpu: number }>) =>
    p.locked('kvm', (m) => kvmOf(m).kvmLock, {
      ...p.include('part', partLocked as never),
      ...p.include('release', omit(xiveRelease, 'lock kvm', 'unlock kvm') as never),
    }) as never,
);

type VmmFrame = PassthruFrame & { vcpu: number; left: number };

/** The VMM makes the device, connects the vCPU, maps the pages or not, makes a source, unmaps, closes; and all of it `left` times more. */
const vmm = (of: StandIn) =>
  protocol(
    'VMM',
    { ...PASSTHRU_LOCALS, vcpu: u16, left: u8 },
    (p: Combinators<PowerMachine, VmmFrame>) =>
      ({
        ...p.include('create', of(createDevice) as never),
        isMade: (m: PowerMachine) => (kvmOf(m).fileOpen === 1 ? undefined : 'again'),
        ...p.locked('vcpu', (m) => vcpuOf(m).mutex, { connect: (m) => void chipOf(m).devices.connect('xive', 0, 0) }),
        mmap: p.choose(2, (m, _f, _self, choice) => {
          if (choice === 1) chipOf(m).mappings.mmap({ start: WINDOW.ESB, pages: ESB_PAGES }, FILE_PAGE.ESB);
        }),
        makeSource: (m: PowerMachine) => makeSource(m),
        munmap: (m: PowerMachine) => void chipOf(m).mappings.munmap({ start: WINDOW.ESB, pages: ESB_PAGES }),
        ...p.include('last', of(releaseParted) as never),
        freeInode(m: PowerMachine) {
          kvmOf(m).fileOpen = 0;
        },
        again(_m: PowerMachine, f: VmmFrame) {
          if (f.left === 0) return DONE;
          f.left--;
          Object.assign(f, { vcpu: 0, ret: 0, prio: 0, entry: 0 });
          return 'create.lock kvm';
        },
      }) as never,
  );

/** VFIO: the vector meets the irqfd, they part, its interrupt is freed. */
const vector = (of: StandIn) =>
  protocol(
    'vfio_msi_set_vector_signal',
    PASSTHRU_LOCALS,
    (p: Combinators<PowerMachine, PassthruFrame>) =>
      ({
        ...p.locked('bypass', (m) => m.bypass.state.guard, { ...p.include('use', of(setPassthruLife) as never) }),
        ...p.locked('bypass (unregister)', (m) => m.bypass.state.guard, {
          ...p.include('part', of(clrPassthruLife) as never),
        }),
        freeIrq(m: PowerMachine) {
          assert(m.parts.power.irq(0).data === 1, 'free_irq loads from the ESB of an interrupt whose mapping is gone');
          m.vfio.msi.disable(0);
        },
      }) as never,
  );

/** KVM_RUN: the context goes onto the thread and off it again, `left` times more. Without a device there is none. */
export const runVcpu = protocol('kvmppc_xive_push_vcpu, kvmppc_xive_pull_vcpu', { left: u8 }, (p) => ({
  ...p.locked('vcpu', (m) => vcpuOf(m).mutex, {
    hasContext: (m) => (vcpuOf(m).cam === 0 ? 'pull' : undefined),
    push: (m) => m.parts.power.xive.tima.pushOs(0, vcpuOf(m).cam),
    pull: (m) => void m.parts.power.xive.tima.pullOs(0),
  }),
  again(_m, f) {
    if (f.left === 0) return DONE;
    f.left--;
    return 'lock vcpu';
  },
}));

const isThere = (m: PowerMachine): boolean => kvmOf(m).device !== DEVICE.NONE;
const isForwarded = (m: PowerMachine): boolean => m.parts.power.irq(0).forwarded === 1;
const contextOn = (m: PowerMachine): number => m.parts.power.xive.state.threads.at(0).rings.at(RING.OS).w2;

/** The thread answers for the vCPU that it runs, or for nobody. */
function answersForVcpu(m: PowerMachine): boolean {
  const w2 = contextOn(m);
  if ((w2 & W2_VALID) === 0) return true;
  const { irqType, vpId } = vcpuOf(m);
  return irqType === DEVICE.XIVE && (w2 & ~W2_VALID) === camOf(0, vpId & 0xffffff, 1);
}

/** OPAL has nothing of the VM's: no VP block, no IPI. */
function isGivenBack(m: PowerMachine): boolean {
  const { state, xive } = m.parts.power;
  if (state.vpBlocks.at(0).order !== 0) return false;
  for (let i = 0; i < xive.sources.count; i++) if (xive.sources.at(i).kind === SOURCE_KIND.IPI) return false;
  return true;
}

const properties = [
  quiescent('a device whose file is closed is gone', (m) => kvmOf(m).fileOpen === 1 || !isThere(m), {
    consequence: 'every further attempt to make a device fails with EEXIST: the VM stays with the emulated controller',
  }),
  quiescent('a device that is gone has left no interrupt forwarded', (m) => isThere(m) || !isForwarded(m), {
    consequence: 'the host ends the interrupt no more: whoever requests it next gets it once',
  }),
  always('a thread answers for the vCPU that it runs or for nobody', answersForVcpu, {
    consequence: "interrupts of a VM that has been given the same VP arrive at another VM's vCPU",
  }),
  quiescent('a device that is gone has nothing of OPAL', (m) => isThere(m) || isGivenBack(m), {
    consequence: 'after some dozens of VMs no other can be started',
  }),
  sometimes('a vCPU is on its thread', (m) => (contextOn(m) & W2_VALID) !== 0),
  sometimes('an interrupt is forwarded', isForwarded),
  sometimes('the address space is remembered', (m) => kvmOf(m).mapping !== 0),
];

/** The device is made, used and closed while a vCPU runs and a vector comes and goes. */
export const xiveLife = defineFamily({
  name: 'xive-life',
  summary: 'XIVE native: the device is made, used, closed and made anew while a vCPU runs and a vector comes and goes',
  scope: {
    lives: { says: 'times the device is made', default: 2, min: 1, max: 3 },
    runs: { says: 'times the vCPU enters the guest', default: 1, min: 0, max: 3 },
    sharedInode: {
      says: '1: all device files share the anonymous inode; 0: each has its own',
      default: 0,
      min: 0,
      max: 1,
    },
  },
  build: ({ lives, runs, sharedInode }) =>
    defineMachineModel({
      name: 'xive-life',
      machine: smallMachine({
        processes: 4,
        vm: { dev: 'none', mmap: false, address_space: sharedInode === 1 ? 'shared' : 'file' },
        host: { vps: 4 },
      }),
      paths: [createDevice, setPassthruLife, clrPassthruLife, releaseParted, runVcpu],
      agents: (of) =>
        [createDevice, setPassthruLife, clrPassthruLife, releaseParted, runVcpu, vmm(of), vector(of)] as never,
      start(m, agents) {
        const [making, using] = agents.slice(-2);
        openDevice(m);
        m.processes.spawn(making as never, { left: lives - 1, gsi: GSI } as never);
        m.processes.spawn(using as never, { gsi: GSI } as never);
        if (runs > 0) m.processes.spawn(runVcpu as never, { left: runs - 1 } as never);
      },
      properties: properties as never,
    }),
});
