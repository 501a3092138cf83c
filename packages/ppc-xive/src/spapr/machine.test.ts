// Which controller a pseries machine runs with: ic-mode, kernel_irqchip, negotiation and reset. QEMU: hw/ppc/spapr_irq.c, spapr_hcall.c.

import { EBUSY, EINVAL, ENODEV, ENOSPC } from '@virq/irq-core/errors';
import { describe, expect, it } from 'vitest';
import { DEVICE } from '../kvm/layout.ts';
import { fakeMachine } from './__fixtures__/machine.ts';

const modeOf = (m: ReturnType<typeof fakeMachine>): string =>
  ['none', 'xive', 'xics'][m.state.active] + (m.state.inKernel === 1 ? '' : ' emulated');

describe('F-48 interrupt mode of a pseries machine', () => {
  it.each([
    // ic-mode, what runs at power on, after CAS for XIVE, after CAS for XICS (null: QEMU exits)
    ['XICS', 'xics', null, 'xics'],
    ['XIVE', 'xive', 'xive', null],
    ['DUAL', 'xics', 'xive', 'xics'],
  ] as const)(
    'F-48 ic-mode=%s: %s at power on; the guest asks for XIVE: %s, for XICS: %s',
    (mode, first, xive, xics) => {
      const after = (wanted: boolean): string | null => {
        const m = fakeMachine(mode);
        m.state.cas = 0;
        expect(modeOf(m)).toBe(first);
        const rc = m.machine.negotiate(wanted);
        expect([rc, m.state.dead]).toEqual(rc < 0 ? [-EINVAL, 1] : [0, 0]);
        return rc < 0 ? null : modeOf(m);
      };
      expect([after(true), after(false)]).toEqual([xive, xics]);
    },
  );

  it('F-48 dual: CAS for XIVE closes the XICS device and creates the XIVE device with all its sources; a reset goes back', () => {
    const m = fakeMachine('DUAL');
    m.irqs.claim(0x1200, true);
    m.kvm.calls.length = 0;
    m.machine.negotiate(true);
    expect(m.kvm.calls.slice(0, 3)).toEqual(['xics_disconnect', 'connect 8', 'source 0 false false']);
    expect(m.kvm.calls.at(-1)).toBe('source 4608 true false');
    m.kvm.calls.length = 0;
    m.machine.reset();
    // XICS has no IPIs: of nine sources one is told.
    expect(m.kvm.calls).toEqual(['disconnect', 'xics_connect 8', 'xics_source 4608 "0x1ff00000000"']);
    expect([modeOf(m), m.state.cas]).toEqual(['xics', 0]);
  });

  it('F-29 ic-mode=xive: a reset tells KVM nothing; what the old guest has set up there stays', () => {
    const m = fakeMachine('XIVE');
    m.irqs.claim(0x1300, false);
    m.call('H_INT_SET_QUEUE_CONFIG', 1, 0, 6, 0x1000000, 16);
    m.call('H_INT_SET_SOURCE_CONFIG', 2, 0x1300, 0, 6, 17);
    m.kvm.calls.length = 0;
    m.machine.reset();
    expect(m.kvm.calls).toEqual([]);
    expect([m.tables.irq(0x1300)?.eas, m.tables.end(6).w.get(0), m.state.cas]).toEqual([0x8000000080000000n, 0, 0]);
  });

  it.each([
    ['ON', -ENODEV, 1],
    ['ALLOWED', 0, 0],
  ] as const)('F-66 kernel_irqchip=%s and no XIVE to be had (nested, LPAR): %i', (irqchip, rc, dead) => {
    const m = fakeMachine('DUAL', irqchip);
    m.kvm.errors['connect'] = -ENODEV;
    expect([m.machine.negotiate(true), m.state.dead]).toEqual([rc, dead]);
    expect(modeOf(m)).toBe('xive emulated');
    expect(m.events.some((e) => e.startsWith('qemu_error kernel_irqchip'))).toBe(true);
  });
});

describe('LISNs', () => {
  it.each([
    ['an IPI', 5, -EINVAL],
    ['EPOW', 0x1000, 0],
    ['beyond the end', 0x2000, -EINVAL],
  ])('claim %s (0x%i)', (_says, lisn, rc) => expect(fakeMachine().irqs.claim(lisn, false)).toBe(rc));

  it('F-32 a claim creates the KVM source at once; a second one is EBUSY; freeing tells KVM nothing, and the number can be claimed again', () => {
    const m = fakeMachine();
    m.kvm.calls.length = 0;
    const rcs = [m.irqs.claim(0x1300, false), m.irqs.claim(0x1300, false), m.irqs.free(0x1300), m.irqs.free(0x1300)];
    expect(rcs).toEqual([0, -EBUSY, 0, -EINVAL]);
    expect(m.irqs.claim(0x1300, false)).toBe(0);
    expect(m.kvm.calls).toEqual(['source 4864 false false', 'source 4864 false false']);
  });

  it('messages come from the range 0x1300-0x1FFF, in blocks that are aligned where asked', () => {
    const m = fakeMachine();
    expect([m.irqs.allocateMsis(3, 1), m.irqs.allocateMsis(4, 4), m.irqs.allocateMsis(1, 1)]).toEqual([
      0x1300, 0x1304, 0x1303,
    ]);
    expect(m.irqs.freeMsis(0x1300, 3)).toBe(0);
    expect([m.irqs.allocateMsis(2, 1), m.irqs.allocateMsis(0xd00, 1)]).toEqual([0x1300, -ENOSPC]);
  });

  it('in XICS mode a claim goes to the XICS device: priority 0xFF, bit 40 for an LSI', () => {
    const m = fakeMachine('XICS');
    m.kvm.calls.length = 0;
    m.irqs.claim(0x1200, true);
    m.irqs.setIrq(0x1200, 1);
    expect(m.kvm.calls).toEqual(['xics_source 4608 "0x1ff00000000"', 'xics_irq 4608 1']);
    expect(m.state.active).toBe(DEVICE.XICS);
  });

  it.each([
    ['an MSI up', 0x1300, 1, ['store 4864 "0x0"']],
    ['an MSI down', 0x1300, 0, []],
    ['an LSI up', 0x1200, 1, ['store 4608 "0x0"']],
    ['an LSI down: a trigger too', 0x1200, 0, ['store 4608 "0x0"']],
  ])('F-02 setIrq: %s', (_says, lisn, level, calls) => {
    const m = fakeMachine();
    m.irqs.claim(0x1300, false);
    m.irqs.claim(0x1200, true);
    m.kvm.calls.length = 0;
    expect([m.irqs.setIrq(lisn, level), m.kvm.calls]).toEqual([0, calls]);
    expect(m.irqs.setIrq(0x1400, 1)).toBe(-EINVAL);
  });
});
