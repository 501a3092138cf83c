// A vCPU in and out of the guest, in one go: the steps of the run loop's paths, for words and drivers that nobody interleaves. Linux: arch/arm64/kvm/arm.c kvm_arch_vcpu_ioctl_run.

import { assignment } from '@virq/irq-core/arena';
import { VCPU_MODE } from '@virq/irq-core/kvm';
import { ARM_REQ, type Context } from '../context.ts';
import { maintenancePending } from '../cpuif/maintenance.ts';
import { RunVcpu } from '../layout.ts';
import type { VgicPaths } from '../vgic/paths.ts';
import { EXIT, type Exit } from './exits.ts';
import { saveVmcr, vgicLoad, vgicPut } from './load.ts';
import { hasRequests, type VcpuParts } from './world.ts';

/** The run loop of one VM's vCPUs. A kick is taken when the guest does something next. */
export interface RunLoop {
  /** Runs guest code, or is about to leave it because of a kick. */
  isIn(vcpu: number): boolean;
  /** Its thread is in KVM: it waits for an interrupt, or another process has it. */
  isInKvm(vcpu: number): boolean;
  /** KVM_RUN up to the guest. */
  enter(vcpu: number): void;
  /** An exit to user space. */
  exit(vcpu: number): void;
  /** A kick that has reached the vCPU in the guest: an exit that KVM handles by itself, and the entry after it. */
  takeKick(vcpu: number): void;
  /** The same for the maintenance interrupt of the CPU interface. */
  takeMaintenance(vcpu: number): void;
  /**
   * Work of guest code: a kick is taken first; a vCPU that is outside comes in for it, and leaves again. The maintenance interrupt of the CPU interface makes it leave and
   * enter again.
   */
  inside<T>(vcpu: number, work: () => T): T;
  /** Work of KVM for an access that traps: between an exit and an entry; a vCPU that is outside comes in for it, and leaves again. */
  intercepted<T>(vcpu: number, why: Exit, work: () => T): T;
}

/** Creates it. */
export function createRunLoop({ state }: Context, parts: VcpuParts, paths: VgicPaths): RunLoop {
  const { vcpus, plain, fields } = parts;
  const { interfaces, run } = state;
  const inside = assignment(RunVcpu, run, { inGuest: 1, inKvm: 0, hasRun: 1 });
  const outside = assignment(RunVcpu, run, { inGuest: 0, inKvm: 1 });
  const isIn = (vcpu: number): boolean => fields.inGuest.get(vcpu) === 1;

  function serve(vcpu: number): void {
    vcpus.check(vcpu, ARM_REQ.SLEEP);
    vcpus.check(vcpu, ARM_REQ.IRQ_PENDING);
    if (vcpus.check(vcpu, ARM_REQ.VGIC_PROCESS_UPDATE)) paths.prune(vcpu);
    if (!vcpus.check(vcpu, ARM_REQ.RELOAD_GICV4)) return;
    vgicPut(parts, vcpu);
    vgicLoad(parts, vcpu);
  }

  function enterLoaded(vcpu: number): void {
    if (hasRequests(parts, vcpu)) serve(vcpu);
    paths.flush(vcpu);
    vcpus.enterGuest(vcpu);
    inside.apply(vcpu);
    parts.entered(vcpu);
  }

  function enter(vcpu: number): void {
    if (fields.loaded.get(vcpu) === 0) vgicLoad(parts, vcpu);
    enterLoaded(vcpu);
  }

  function leave(vcpu: number, why: Exit): void {
    outside.apply(vcpu);
    vcpus.exitGuest(vcpu);
    parts.left(vcpu, why);
    if (parts.savesVmcr === 'exit') saveVmcr(parts, vcpu);
    paths.fold(vcpu);
    paths.prune(vcpu);
  }

  function exit(vcpu: number): void {
    leave(vcpu, EXIT.IRQ);
    vgicPut(parts, vcpu);
    fields.inKvm.set(vcpu, 0);
  }

  function reenter(vcpu: number): void {
    leave(vcpu, EXIT.IRQ);
    enterLoaded(vcpu);
  }

  function takeKick(vcpu: number): void {
    if (vcpus.mode(vcpu) === VCPU_MODE.EXITING_GUEST_MODE) reenter(vcpu);
  }

  /** List registers that are not in use are empty. */
  function takeMaintenance(vcpu: number): void {
    if (plain?.cpus.isQuiet(vcpu) === true) return;
    const c = interfaces.at(vcpu);
    if (maintenancePending(c, c.used)) reenter(vcpu);
  }

  return {
    isIn,
    isInKvm: (vcpu) => fields.inKvm.get(vcpu) === 1,
    enter,
    exit,
    takeKick,
    takeMaintenance,
    inside(vcpu, work) {
      const visits = !isIn(vcpu);
      if (visits) enter(vcpu);
      else takeKick(vcpu);
      const result = work();
      if (visits) exit(vcpu);
      else takeMaintenance(vcpu);
      return result;
    },
    intercepted(vcpu, why, work) {
      const visits = !isIn(vcpu);
      if (visits) enter(vcpu);
      leave(vcpu, why);
      const result = work();
      enterLoaded(vcpu);
      if (visits) exit(vcpu);
      return result;
    },
  };
}
