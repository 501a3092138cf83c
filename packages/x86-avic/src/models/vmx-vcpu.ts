// A vCPU with APICv on VMX as an agent: it runs, is notified, is preempted, halts, and moves between CPUs. Linux: arch/x86/kvm/x86.c vcpu_enter_guest, vmx.c vmx_sync_pir_to_irr.

import { bits, u8, u16 } from '@virq/irq-core/arena';
import { VCPU_MODE } from '@virq/irq-core/kvm';
import type { StandIn } from '@virq/irq-core/machine';
import { BLOCKED, type Combinators, DONE, omit, protocolsOn } from '@virq/irq-core/protocol';
import { remap } from '../iommu/vtd.ts';
import { composeMessage } from '../iommu/vtd-irte.ts';
import { requesterOf } from '../iommu/vtd-remapper.ts';
import { virtualizeEoi } from '../posted/virtual-apic.ts';
import { PI_LOCALS, type PiFrame } from '../protocols/pi-wakeup.ts';
import { vmxVcpuBlock, vmxVcpuLoad, vmxVcpuPut } from '../protocols/vmx-run.ts';
import { vmxSyncPirToIrr } from '../protocols/vmx-sync.ts';
import { chipOf, type X86Machine } from './machine.ts';

const MOST_CPUS = 3;
/** What happens to a vCPU in the guest: something reaches it, it halts, it is preempted, or it computes from now on without an exit. */
const [LOOK, HALT, PREEMPTED, COMPUTE] = [0, 1, 2, 3];

const { protocol } = protocolsOn<X86Machine>();

type RunFrame = PiFrame & { left: number };

/** The guest takes what its virtual APIC has for it, and ends it. */
function serveGuest(m: X86Machine, vcpu: number): void {
  const { apicv, lapics, vmx } = chipOf(m);
  while (apicv.takeByHardware(vcpu) >= 0) virtualizeEoi({ page: lapics.at(vcpu), status: vmx.at(vcpu) });
}

/** What reaches a guest that stays where it is: a notification makes its CPU look, a kick or an interrupt of the host makes it leave and enter anew. */
function lookInGuest(m: X86Machine, { vcpu }: RunFrame): 'guest' | 'leaveGuest' | typeof BLOCKED {
  const { vcpus, pcpus } = chipOf(m).vmx;
  if (vcpus.mode(vcpu) === VCPU_MODE.EXITING_GUEST_MODE) return 'leaveGuest';
  if (pcpus.cpus.at(vcpus.pcpu(vcpu)).notification === 0) return BLOCKED;
  serveGuest(m, vcpu);
  return 'guest';
}

/** The load of a vCPU that was preempted: it is on no wake-up list. */
function offList(load: typeof vmxVcpuLoad): typeof vmxVcpuLoad {
  const labels = ['pi.lock wakeup_vcpus', 'pi.leaveList', 'pi.unlock wakeup_vcpus'];
  return omit(load, ...labels.filter((label) => load.labels.includes(label)));
}

/** vcpu_enter_guest and the guest behind it: it halts or is preempted up to `left` times, then computes for ever without an exit. */
export const runVmxVcpu = (of: StandIn) =>
  protocol(
    'vcpu_enter_guest (vmx)',
    { ...PI_LOCALS, left: bits(2) },
    (p: Combinators<X86Machine, RunFrame>) =>
      ({
        setMode(m: X86Machine, f: RunFrame) {
          const { vcpus, pcpus } = chipOf(m).vmx;
          vcpus.enterGuest(f.vcpu);
          pcpus.enterGuest(0, f.vcpu);
        },
        ...p.include('sync', of(vmxSyncPirToIrr) as never),
        enterGuest: (m: X86Machine, f: RunFrame) => serveGuest(m, f.vcpu),
        guest: p.idle(
          p.choose(COMPUTE + 1, (m, f, _self, choice) => {
            if (choice === LOOK) return lookInGuest(m, f);
            if (f.left === 0) return BLOCKED;
            f.left = choice === COMPUTE ? 0 : f.left - 1;
            if (choice === HALT) return 'halt.leaveGuest';
            return choice === PREEMPTED ? 'put.leaveGuest' : 'guest';
          }),
        ),
        leaveGuest(m: X86Machine, f: RunFrame) {
          const { vcpus, pcpus } = chipOf(m).vmx;
          pcpus.leaveGuest(0, f.vcpu);
          vcpus.exitGuest(f.vcpu);
          return 'setMode';
        },
        ...p.include('halt', of(vmxVcpuBlock) as never),
        woken: () => 'again',
        ...p.include('put', of(vmxVcpuPut) as never),
        pickCpu: p.choose(MOST_CPUS, (m, f, _self, choice) => {
          const { pcpus } = chipOf(m).vmx;
          if (choice >= pcpus.cpus.length || pcpus.cpus.at(choice).vm !== 0) return BLOCKED;
          pcpus.occupy(choice, 0, f.vcpu);
          f.cpu = choice;
          return undefined;
        }),
        ...p.include('load', offList(of(vmxVcpuLoad)) as never),
        again(_m: X86Machine, f: RunFrame) {
          f.cpu = 0;
          f.preempted = 0;
          return 'setMode';
        },
      }) as never,
  );

/** The device sends `left` messages. The IOMMU's transaction on the descriptor is one step; its notification is on its way until the next. */
export const postingDevice = protocol('device behind VT-d', { left: bits(2), nv: u8, ndst: u16 }, () => ({
  post(m, f) {
    if (f.left === 0) return DONE;
    f.left--;
    const { vtd, posted } = m.parts.x86;
    const r = remap(vtd, composeMessage(0, 0), requesterOf(0), posted.descriptor);
    if (r.to !== 'posted' || !r.notifies) return 'post';
    f.ndst = r.desc.ndst;
    f.nv = r.desc.nv;
    return undefined;
  },
  notify(m, f) {
    m.parts.x86.posted.notify(f.ndst, f.nv);
    f.nv = 0;
    f.ndst = 0;
    return 'post';
  },
}));
