// One vCPU with list registers for all: what KVM delivers through them is what the architecture says of pending, active and priority.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ArmVm, openArm } from '../__fixtures__/arm-vm.ts';
import { CONFIG } from '../irq/layout.ts';

const IDS = [32, 33, 34, 35, 36, 37] as const;
const IDLE = 0x100;
const SPURIOUS = 1023;

/** An interrupt as Arm IHI 0069 4.1 has it. */
interface Line {
  readonly level: boolean;
  readonly priority: number;
  high: boolean;
  latch: boolean;
  active: boolean;
}

const isPending = (l: Line): boolean => l.latch || (l.level && l.high);

/** A GIC without list registers: the interrupt of the highest priority goes to the CPU if it preempts. Ends come in the order that the architecture asks for. */
class Architecture {
  readonly lines: ReadonlyMap<number, Line>;
  private readonly running: number[] = [];

  constructor() {
    const entries = IDS.map((id, n): [number, Line] => {
      const fixed = { level: n % 2 === 0, priority: 0x80 + 8 * n };
      return [id, { ...fixed, high: false, latch: false, active: false }];
    });
    this.lines = new Map(entries);
  }

  private at(id: number): Line {
    return this.lines.get(id) as Line;
  }

  drive(id: number, high: boolean): void {
    const l = this.at(id);
    if (!l.level && high) l.latch = true;
    l.high = high;
  }

  take(): number {
    const running = this.running.at(-1);
    let floor = running === undefined ? IDLE : this.at(running).priority;
    let best = SPURIOUS;
    for (const [id, l] of this.lines) {
      if (!isPending(l) || l.active || l.priority >= floor) continue;
      best = id;
      floor = l.priority;
    }
    if (best === SPURIOUS) return best;
    Object.assign(this.at(best), { active: true, latch: false });
    this.running.push(best);
    return best;
  }

  /** The end of what runs; undefined if nothing does. */
  end(): number | undefined {
    const id = this.running.pop();
    if (id !== undefined) this.at(id).active = false;
    return id;
  }
}

/** The same lines in a VM. */
function vm(vgic: string): ArmVm {
  const t = openArm({ vm: { nr_irqs: 64, nr_lr: 16, vgic } });
  t.chip.state.dist.enabled = 1;
  t.op('vcpu_run');
  t.op('cpu_setup', { pmr: 0xf8 });
  for (const [n, id] of IDS.entries())
    Object.assign(t.irq(id), { enabled: 1, priority: 0x80 + 8 * n, config: n % 2 === 0 ? CONFIG.LEVEL : CONFIG.EDGE });
  return t;
}

const move = fc.oneof(
  { weight: 4, arbitrary: fc.record({ irq: fc.constantFrom(...IDS), level: fc.integer({ min: 0, max: 1 }) }) },
  { weight: 3, arbitrary: fc.constant('take' as const) },
  { weight: 3, arbitrary: fc.constant('end' as const) },
  { weight: 1, arbitrary: fc.constant('exit' as const) },
);

/** An exit of the host's making; before IAR it makes KVM see what has become of the lines. */
function exit(t: ArmVm): void {
  t.op('vcpu_exit');
  t.op('vcpu_run');
}

describe('F-05 F-17 F-25 F-27 delivery by list registers', () => {
  it.each(['6.1', '6.12', '7.3'])('VGIC of %s: IAR takes what the architecture takes', (vgic) => {
    fc.assert(
      fc.property(fc.array(move, { maxLength: 60 }), (moves) => {
        const [t, model] = [vm(vgic), new Architecture()];
        for (const m of moves) {
          if (m === 'exit') exit(t);
          else if (m === 'take') {
            exit(t);
            expect(t.op('iar').out?.['x0']).toBe(model.take());
          } else if (m === 'end') {
            const intid = model.end();
            if (intid !== undefined) t.op('eoir', { intid });
          } else {
            t.op('irq_line', m);
            model.drive(m.irq, m.level === 1);
          }
        }
        t.op('vcpu_exit');
        const active = IDS.filter((id) => t.irq(id).active === 1);
        expect(active).toEqual(IDS.filter((id) => model.lines.get(id)?.active === true));
        expect(IDS.filter((id) => isPendingIn(t, id))).toEqual(
          IDS.filter((id) => isPending(model.lines.get(id) as Line)),
        );
      }),
      { numRuns: 80 },
    );
  });
});

function isPendingIn(t: ArmVm, id: number): boolean {
  const { pendingLatch, lineLevel, config } = t.irq(id);
  return pendingLatch === 1 || (config === CONFIG.LEVEL && lineLevel === 1);
}
