// Sequences for the KVM oracle: a VM of one to four vCPUs with any irqchip, then operations by weight.

import { num } from '../arguments.ts';
import type { Op, OracleResult } from '../oracle.ts';
import type { Choose } from './choose.ts';
import type { Generator } from './generator.ts';
import { KVM_ROWS } from './kvm-rows.ts';
import { KVM_STORIES } from './kvm-stories.ts';

/** What each irqchip mode has to show. */
const OBSERVED: Readonly<Record<string, readonly string[]>> = {
  kernel: ['lapic', 'ioapic', 'pic', 'efd'],
  split: ['lapic', 'efd'],
  none: ['efd'],
};

function open(c: Choose): Op {
  const irqchip = c.chance(80) ? 'kernel' : c.chance(80) ? 'split' : 'none';
  const vcpus = c.one([1, 2, 2, 3, 4]);
  const more = irqchip === 'none' ? {} : { x2apic_api: c.chance(70) ? 0 : c.between(1, 3) };
  return {
    op: 'vm',
    irqchip,
    vcpus,
    observe: OBSERVED[irqchip] as string[],
    ...more,
    ...(c.chance(8) ? { lapic_enable: false } : {}),
  };
}

const bucket = (n: number): string => (n > 2 ? 'many' : String(n));

type Shown = Readonly<Record<string, unknown>>;

function lapicFeature(l: Shown): string {
  const size = (key: string): string => bucket((l[key] as readonly unknown[]).length);
  return `lapic irr ${size('irr')} isr ${size('isr')} tmr ${size('tmr')} ppr ${l['ppr'] !== '0x0'} spiv ${l['spiv']}`;
}

function picFeature(p: Shown): string {
  const shown = ['irr', 'isr', 'imr', 'elcr'].map((key) => (p[key] === 0 ? 0 : 1)).join('');
  const modes = ['init_state', 'auto_eoi', 'special_fully_nested_mode', 'poll', 'rotate_on_auto_eoi'];
  return `pic ${shown} ${modes.map((key) => p[key]).join('')}`;
}

function stateFeatures(state: OracleResult['state']): string[] {
  const lapics = (state['lapic'] ?? []) as unknown as readonly Shown[];
  const ioapic = state['ioapic'] as unknown as Readonly<Record<string, readonly unknown[]>> | undefined;
  const pic = state['pic'] as unknown as { master: Shown; slave: Shown } | undefined;
  const count = (key: string): string => bucket(ioapic?.[key]?.length ?? 0);
  return [
    ...Object.entries((state['efd'] ?? {}) as Readonly<Record<string, number>>).map(
      ([name, n]) => `${name} ${bucket(n)}`,
    ),
    ...lapics.map(lapicFeature),
    ...(ioapic === undefined ? [] : [`ioapic irr ${count('irr')} rirr ${count('rirr')}`]),
    ...(pic === undefined ? [] : [`master ${picFeature(pic.master)}`, `slave ${picFeature(pic.slave)}`]),
  ];
}

function outcome(r: OracleResult): string {
  const shown =
    r.out === undefined ? '' : (['exit', 'status'].map((key) => r.out?.[key]).find((v) => v !== undefined) ?? '');
  return `${r.errno ?? bucket(Math.max(0, r.ret ?? 0))} ${String(shown)}`;
}

/** In how many of a hundred cases a story is told instead of a single operation. */
const STORIES = 3;

/** The generator. */
export const kvmSequences: Generator = {
  open,
  next(c, opened) {
    const irqchip = String(opened['irqchip'] ?? 'kernel');
    const vcpus = num(opened, 'vcpus', 1);
    if (irqchip !== 'none' && c.chance(STORIES))
      return c.weighted(KVM_STORIES.filter((s) => s.on.includes(irqchip))).tell(c, vcpus);
    return [c.weighted(KVM_ROWS.filter((row) => row.on.includes(irqchip))).make(c, vcpus)];
  },
  features: (op, result) => [`${op.op} → ${outcome(result)}`, ...stateFeatures(result.state)],
};
