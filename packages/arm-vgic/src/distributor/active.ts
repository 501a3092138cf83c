// A guest's access to active bits: they can sit in list registers of running vCPUs, so all are stopped for it. Linux: arch/arm64/kvm/vgic/vgic-mmio.c vgic_mmio_read_active,
// vgic_mmio_write_sactive, vgic_mmio_write_cactive, vgic_access_active_prepare.

import { bits, u1, u8, u16, u32 } from '@virq/irq-core/arena';
import { BLOCKED, type Combinators, type Outcome, protocolsOn } from '@virq/irq-core/protocol';
import { INTID } from '../irq/layout.ts';
import { QUEUE_LOCALS } from '../lists/queue.ts';
import { type RegisterMachine, registersOf } from './world.ts';
import { WRITE } from './writes.ts';

const { protocol } = protocolsOn<RegisterMachine>();

/** What is done with the word. */
export const ACTIVE = { READ: 0, SET: 1, CLEAR: 2 } as const;

/**
 * `vcpu` makes the access, to a register in the bank of vCPU `bank`. `first` is the handle of the word's first interrupt, `word` what is written or
 * has been read; `at` the next bit, `stops` says that the VM is stopped.
 */
export const ACTIVE_LOCALS = {
  ...QUEUE_LOCALS,
  vcpu: u16,
  bank: u16,
  first: u16,
  word: u32,
  access: bits(2),
  at: u8,
  stops: u1,
} as const;
type ActiveFrame = { -readonly [K in keyof typeof ACTIVE_LOCALS]: number };

/** SPIs always; private interrupts of a GICv3 if they are not the running vCPU's, those of a GICv2 never: nobody else reaches them. */
function stopsVm(m: RegisterMachine, f: ActiveFrame): boolean {
  const { lists, form } = registersOf(m, f);
  if (lists.irqs.at(f.first).intid >= INTID.SPI) return true;
  return !lists.v2 && (form.ownActiveStops || f.vcpu !== f.bank);
}

function read(m: RegisterMachine, f: ActiveFrame): void {
  const { irqs } = registersOf(m, f).lists;
  let word = 0;
  for (let n = 0; n < 32; n++) word |= irqs.at(f.first + n).active << n;
  f.word = word >>> 0;
}

/** Makes the next bit of the word that is set the change that follows; 32 when there is none. */
function choose(m: RegisterMachine, f: ActiveFrame): void {
  while (f.at < 32 && ((f.word >>> f.at) & 1) === 0) f.at++;
  const { lists } = registersOf(m, f);
  f.irq = f.first + Math.min(f.at, 31);
  f.level = f.access === ACTIVE.SET ? 1 : 0;
  f.owner = lists.v2 ? 1 + lists.idOf(f.vcpu) : 1;
  f.changed = f.listed = f.broadcast = 0;
}

/** An access of 32 bits to ISACTIVER or ICACTIVER by the guest of `vcpu`. */
export const vgicAccessActive = protocol(
  'vgic_access_active',
  ACTIVE_LOCALS,
  (p: Combinators<RegisterMachine, ActiveFrame>) => ({
    ...p.locked('config', (m, f) => registersOf(m, f).state.dist.configLock, {
      prepare(m, f): Outcome<'begin'> {
        f.stops = stopsVm(m, f) ? 1 : 0;
        if (f.stops === 0) return 'begin';
        registersOf(m, f).halt.request();
      },
      wait: (m, f) => (registersOf(m, f).halt.isHalted() ? undefined : BLOCKED),
      begin(m, f): Outcome<'next' | 'resume'> {
        f.at = 0;
        if (f.access !== ACTIVE.READ) return 'next';
        read(m, f);
        return 'resume';
      },
      next(m, f): Outcome<'resume'> {
        choose(m, f);
        return f.at === 32 ? 'resume' : undefined;
      },
      ...p.include('change', WRITE.active as never),
      advance(_m, f): Outcome<'next'> {
        f.at++;
        return 'next';
      },
      resume(m, f) {
        if (f.stops === 1) registersOf(m, f).halt.resume();
      },
    }),
  }),
);
