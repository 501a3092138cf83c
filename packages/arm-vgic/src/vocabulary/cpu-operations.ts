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

/** Operations by name. */
export const CPU_OPERATIONS: Readonly<Record<string, Operation<ArmChip>>> = {
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
