// A VM driven by the recorded vocabulary, in the notation of the tables: L(g, v) is KVM_IRQ_LINE_STATUS.

import type { KernelVersion } from '@virq/irq-core/kvm';
import { createExec, type Json } from '@virq/irq-core/machine';
import type { X86Chip } from '../chip.ts';
import { x86Avic } from '../index.ts';

type Op = Readonly<Record<string, unknown>>;
type State = {
  readonly lapic: readonly {
    readonly irr: number[];
    readonly isr: number[];
    readonly tmr: number[];
    readonly [k: string]: unknown;
  }[];
  readonly ioapic: {
    readonly irr: number[];
    readonly rirr: number[];
    readonly redir: Readonly<Record<string, string>>;
  };
  readonly pic: { readonly master: Readonly<Record<string, number>>; readonly slave: Readonly<Record<string, number>> };
};

/** Opens a VM; every method is one operation. */
export function vm(options: Op = {}, kernel: KernelVersion = '6.18') {
  const exec = createExec({ backend: x86Avic, kernel });
  let state: State | undefined;
  const op = (request: Op): { ret: number; errno: string | null; out?: Readonly<Record<string, Json>> } => {
    const result = exec.request(request) as unknown as {
      ret: number;
      errno: string | null;
      state: State;
      error?: { message: string };
      out?: Readonly<Record<string, Json>>;
    };
    if (result.error !== undefined) throw new Error(result.error.message);
    state = result.state;
    return result;
  };
  op({ op: 'vm', observe: ['lapic', 'ioapic', 'pic', 'efd'], ...options });
  const route = (...entries: Op[]) => op({ op: 'set_gsi_routing', entries });
  return {
    op,
    route,
    /** Return value, or the errno's name. */
    ret: (request: Op): number | string => {
      const r = op(request);
      return r.errno ?? r.ret;
    },
    /** KVM_IRQ_LINE_STATUS for each level. */
    L: (gsi: number, ...levels: number[]): number[] =>
      levels.map((level) => Number(op({ op: 'irq_line', gsi, level }).out?.['status'])),
    rte: (pin: number, value: Op) => op({ op: 'ioapic_redir', pin, value }),
    ioapicOnly: (...pins: number[]) =>
      route(...pins.map((pin) => ({ gsi: pin, type: 'irqchip', chip: 'ioapic', pin }))),
    picOnly: (...pins: number[]) =>
      route(
        ...pins.map((pin) => ({ gsi: pin, type: 'irqchip', chip: pin < 8 ? 'pic_master' : 'pic_slave', pin: pin & 7 })),
      ),
    msi: (address_lo: number, data: number, more: Op = {}): number | string => {
      const r = op({ op: 'signal_msi', address_lo, data, ...more });
      return r.errno ?? r.ret;
    },
    out: (port: number, ...values: number[]) => values.forEach((value) => void op({ op: 'out', port, value })),
    in: (port: number): number => Number(op({ op: 'in', port }).out?.['value']),
    get state(): State {
      if (state === undefined) throw new Error('no state');
      return state;
    },
    get chip(): X86Chip {
      return exec.session()?.vm.chip as unknown as X86Chip;
    },
  };
}
