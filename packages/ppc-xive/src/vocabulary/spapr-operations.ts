// Words for QEMU's pseries machine: LISNs of devices, hypercalls, stop and go, reset, migration.

import { EINVAL, ENODEV } from '@virq/irq-core/errors';
import type { ArgSpec, Operation } from '@virq/irq-core/machine';
import type { PowerChip } from '../chip.ts';
import { HCALL, type HcallName } from '../spapr/codes.ts';
import { copyRam, type MigrationEnd, moveState, type RamPass } from '../spapr/migration.ts';
import { bit, hex, int, n } from './args.ts';
import { hcall } from './hcall.ts';

type Op = Operation<PowerChip>;

const lisn = int('logical interrupt source number', { min: 0, max: 0x1fff });
const cpu = int('CPU of the guest', { min: 0, max: 1023, default: 0 });
const to = int('VM that it moves to, by index', { min: 0, max: 255, default: 1 });

/** An operation of the machine: -ENODEV for a VM without one, and once QEMU has gone. */
const onMachine = (summary: string, args: Op['args'], run: Op['run']): Op => ({
  summary,
  args,
  run: (c, given) => (c.spapr.state.icMode === 0 || c.spapr.state.dead === 1 ? { ret: -ENODEV } : run(c, given)),
});

/** The other end of a migration: another VM of the host with a machine. */
function endOf(c: PowerChip, vm: number): MigrationEnd | null {
  const other = c.host.peer(vm);
  return other === null || other === c ? null : (other as PowerChip).spapr.end;
}

const migrate = (run: (from: MigrationEnd, to: MigrationEnd, pass: RamPass) => number): Op['run'] => {
  return (c, args) => {
    const other = endOf(c, n(args, 'to'));
    return { ret: other === null ? -EINVAL : run(c.spapr.end, other, args['pass'] as RamPass) };
  };
};

/** H_CEDE is an operation of its own. */
const HCALLS = Object.keys(HCALL).filter((name) => name !== 'H_CEDE');

const u64: ArgSpec = { type: 'u64', doc: 'value' };

/** State that follows the guest's memory: its Linux, and which of its vCPUs are in the guest. */
function moveGuest(from: PowerChip, other: PowerChip): number {
  const error = moveState(from.spapr.end, other.spapr.end);
  if (error < 0) return error;
  return other.guest.adopt(from.guest);
}

/** Operations of the machine. */
export const SPAPR_OPERATIONS: Readonly<Record<string, Op>> = {
  claim_irq: onMachine(
    'a device claims an interrupt source number (spapr_irq_claim)',
    { lisn, lsi: bit('level-triggered', { default: 0 }) },
    (c, args) => ({ ret: c.spapr.irqs.claim(n(args, 'lisn'), n(args, 'lsi') === 1) }),
  ),
  free_irq: onMachine('the device gives it back (spapr_irq_free)', { lisn }, (c, args) => ({
    ret: c.spapr.irqs.free(n(args, 'lisn')),
  })),
  allocate_msis: onMachine(
    'ibm,change-msi: so many message interrupts in a row, claimed',
    { count: int('how many', { min: 1, max: 1024, default: 1 }), align: int('alignment', { min: 1, default: 1 }) },
    (c, args) => {
      const first = c.spapr.irqs.allocateMsis(n(args, 'count'), n(args, 'align'));
      return first < 0 ? { ret: first } : { ret: 0, out: { lisn: hex(first) } };
    },
  ),
  free_msis: onMachine(
    'ibm,change-msi to none',
    { lisn, count: int('how many', { min: 1, max: 1024, default: 1 }) },
    (c, args) => ({ ret: c.spapr.irqs.freeMsis(n(args, 'lisn'), n(args, 'count')) }),
  ),
  qemu_irq: onMachine(
    'an emulated device raises or lowers its interrupt: QEMU triggers the source itself (XIVE) or asks KVM (XICS)',
    { lisn, level: bit('1 raised; a message has no 0', { default: 1 }) },
    (c, args) => ({ ret: c.spapr.irqs.setIrq(n(args, 'lisn'), n(args, 'level')) }),
  ),
  hcall: onMachine(
    'a hypercall of the guest, with what is in R4 on',
    {
      cpu,
      name: { type: 'enum', values: HCALLS, doc: 'its name' },
      args: { type: 'list', of: u64, default: [], doc: 'R4, R5, …' },
    },
    (c, args) => hcall(c, n(args, 'cpu'), args['name'] as HcallName, (args['args'] as readonly bigint[]) ?? []),
  ),
  system_reset: onMachine('the machine is reset: nothing is negotiated, the guest is gone', {}, (c) => {
    c.guest.reset();
    return { ret: c.spapr.machine.reset() };
  }),
  vm_stop: onMachine('the VM stops: vCPUs leave the guest, sources are held', {}, (c) => {
    c.guest.pause();
    return { ret: c.spapr.stop() };
  }),
  vm_resume: onMachine('it goes on', {}, (c) => {
    c.spapr.resume();
    c.guest.unpause();
    return { ret: 0 };
  }),
  migrate_ram: onMachine(
    'copies guest memory to another VM: all of it, or the pages that are marked dirty',
    { to, pass: { type: 'enum', values: ['all', 'dirty'], default: 'dirty', doc: 'which pages' } },
    migrate((from, other, pass) => {
      copyRam(from, other, pass);
      return 0;
    }),
  ),
  migrate_state: onMachine(
    'moves the state of the machine that stands to one that has not run yet',
    { to },
    (c, args) => {
      const other = c.host.peer(n(args, 'to')) as PowerChip | null;
      return { ret: other === null || other === c ? -EINVAL : moveGuest(c, other) };
    },
  ),
};
