// Words for CPU interfaces from outside of the guest: user space's registers, the hypervisor's words.

import { EINVAL } from '@virq/irq-core/errors';
import type { Operation } from '@virq/irq-core/machine';
import type { ArmChip } from '../chip.ts';
import { GICC, getGicc, setGicc } from '../regs/gicc.ts';
import { ICC } from '../regs/icc.ts';
import { getSysreg, setSysreg } from '../regs/icc-user.ts';
import { ICH, ichName } from '../regs/ich.ts';
import { hex, int, n } from './args.ts';

const cpu = int('vCPU', { min: 0, max: 511, default: 0 });

/** Offset of a GICC register by its name, `APR:1` with an index; -1 for none. */
function offsetOf(reg: string): number {
  const [name = '', index = '0'] = reg.split(':');
  const row = Object.hasOwn(GICC.rows, name) ? GICC.rows[name as keyof typeof GICC.rows] : undefined;
  return row === undefined ? -1 : row.at + 4 * Number(index);
}

const instrOf = (reg: string): number =>
  (Object.hasOwn(ICC, reg) ? ICC[reg] : Object.hasOwn(ICC, `ICC_${reg}_EL1`) ? ICC[`ICC_${reg}_EL1`] : undefined)
    ?.instr ?? -1;

const hostIrq = int('host interrupt', { min: 0, max: 1019 });
const vintid = int("the guest's PPI or SPI", { min: 0, max: 1019 });
const owner = int('in-kernel device that has the wire; 0 for none', { min: 0, max: 255, default: 1 });

/** What in-kernel devices do with interrupts of the host, such as the timers of vCPUs. */
const MAPPED: Readonly<Record<string, Operation<ArmChip>>> = {
  map_phys: {
    summary:
      'an in-kernel device takes a wire (kvm_vgic_set_owner) and ties it to an interrupt of the host (kvm_vgic_map_phys_irq)',
    args: {
      intid: vintid,
      host_irq: hostIrq,
      resample: { type: 'bool', default: false, doc: 'VGIC_IRQ_SW_RESAMPLE: KVM deactivates, not the list register' },
      owner,
      cpu,
    },
    run(c, args) {
      const [vcpu, intid] = [n(args, 'cpu'), n(args, 'intid')];
      if (vcpu >= c.options.vcpus) return { ret: -EINVAL };
      const ret = n(args, 'owner') === 0 ? 0 : c.mapped.setOwner(vcpu, intid, n(args, 'owner'));
      if (ret !== 0) return { ret };
      const softwareResample = args['resample'] as boolean;
      return { ret: c.mapped.map({ vcpu, intid, hostIrq: n(args, 'host_irq'), softwareResample }) };
    },
  },
  unmap_phys: {
    summary: 'kvm_vgic_unmap_phys_irq',
    args: { intid: vintid, cpu },
    run: (c, args) => ({
      ret: n(args, 'cpu') < c.options.vcpus ? c.mapped.unmap(n(args, 'cpu'), n(args, 'intid')) : -EINVAL,
    }),
  },
  reset_mapped: {
    summary: 'kvm_vgic_reset_mapped_irq: a device is reset with its VM',
    args: { intid: vintid, cpu },
    run(c, args) {
      if (n(args, 'cpu') >= c.options.vcpus) return { ret: -EINVAL };
      c.mapped.reset(n(args, 'cpu'), n(args, 'intid'));
      return { ret: 0 };
    },
  },
  phys_line: {
    summary:
      "a device drives the line of a host interrupt; the host takes it if it is tied to a guest's and not active",
    args: { host_irq: hostIrq, level: int('level', { min: 0, max: 1, default: 1 }) },
    run(c, args) {
      const { ties } = c.context.host;
      if (n(args, 'host_irq') >= ties.count) return { ret: -EINVAL };
      ties.drive(n(args, 'host_irq'), n(args, 'level'));
      return { ret: 0 };
    },
  },
  phys_irq: {
    summary: 'state of a host interrupt',
    args: { host_irq: hostIrq },
    run(c, args) {
      const { host } = c.context;
      if (n(args, 'host_irq') >= host.ties.count) return { ret: -EINVAL };
      const { line, active, pending } = host.at(n(args, 'host_irq'));
      return { ret: 0, out: { line, active, pending } };
    },
  },
};

/** Operations by name. */
export const CPU_OPERATIONS: Readonly<Record<string, Operation<ArmChip>>> = {
  ...MAPPED,
  c: {
    summary:
      'user space reads, or with `value` writes, a register of a GICv2 CPU interface (KVM_DEV_ARM_VGIC_GRP_CPU_REGS)',
    args: {
      reg: { type: 'name', of: 'GICC register', doc: 'CTLR, PMR, BPR, ABPR, APR:0, IIDR, …' },
      value: int('value to write', { optional: true }),
      cpu,
    },
    run(c, args) {
      const offset = offsetOf(args['reg'] as string);
      if (n(args, 'cpu') >= c.options.vcpus || offset < 0 || c.state.dist.model !== 2) return { ret: -EINVAL };
      const port = c.cpus.port(n(args, 'cpu'));
      if (args['value'] === undefined) return { ret: 0, out: { value: hex(getGicc(port, offset)) } };
      setGicc(port, offset, n(args, 'value'));
      return { ret: 0 };
    },
  },
  sysreg: {
    summary:
      'user space reads, or with `value` writes, a register of a GICv3 CPU interface (KVM_DEV_ARM_VGIC_CPU_SYSREGS)',
    args: {
      reg: { type: 'name', of: 'system register', doc: 'ICC_PMR_EL1, …; without ICC_ and _EL1 too' },
      value: int('value to write', { optional: true }),
      cpu,
    },
    run(c, args) {
      const instr = instrOf(args['reg'] as string);
      if (n(args, 'cpu') >= c.options.vcpus || c.state.dist.model !== 3) return { ret: -EINVAL };
      const port = c.cpus.port(n(args, 'cpu'));
      if (args['value'] !== undefined) return { ret: setSysreg(port, instr, n(args, 'value')) };
      const value = getSysreg(port, instr);
      return value < 0 ? { ret: value } : { ret: 0, out: { value: hex(value) } };
    },
  },
  ich: {
    summary:
      "a word of the hypervisor's side of a CPU interface as it is now: GICH on a GICv2 host, ICH_*_EL2 on a GICv3 host",
    args: {
      reg: { type: 'name', of: 'hypervisor register', doc: 'HCR, VTR, VMCR, MISR, EISR, ELRSR, APR, AP1R0, LR0, …' },
      cpu,
    },
    run(c, args) {
      const name = ichName(args['reg'] as string);
      const read = Object.hasOwn(ICH, name) ? ICH[name] : undefined;
      if (n(args, 'cpu') >= c.options.vcpus || read === undefined) return { ret: -EINVAL };
      return { ret: 0, out: { value: hex(read(c.cpus.port(n(args, 'cpu')), c.options.host)) } };
    },
  },
};
