// Forwarding in any order: what a device sends reaches its guest, whatever else happens to its LPI meanwhile.

import { createMachine } from '@virq/irq-core/machine';
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { acknowledge, endOfInterrupt, intidOf } from '../cpuif/acknowledge.ts';
import { DIRECT } from '../cpuif/priorities.ts';
import { VGIC_VERSIONS } from '../kernel.ts';
import { bindVectors, chipOf, command, DEVICE, HOST_IRQ, smallGicv4, startGuest } from '../models/v4-machine.ts';

const LPI = 8192;
/** Where the guest has its table of LPI configurations. */
const TABLE = 0x40000000;
const VECTORS = 2;

/** One vCPU, two vectors, each an LPI; `sent` is what the guest has not been given yet. */
function setUp(kernel: number, v41: number) {
  const m = createMachine({ ...smallGicv4({ lpis: VECTORS, processes: 8, kernel, v41 }), kernel: '6.18' });
  startGuest(m, VECTORS);
  bindVectors(m, VECTORS, false);
  const { run, v4, state, its } = chipOf(m);
  const sent = new Set<number>();
  const producerOf = (n: number) => m.vfio.state.devices.at(0).vectors.at(n);

  /** Everything that IAR gives: each message that was sent, none that was not. */
  function takeAll(): void {
    const c = state.interfaces.at(0);
    for (let n = acknowledge(c, 1); n >= 0; n = acknowledge(c, 1)) {
      const intid = intidOf(c, n);
      if (n === DIRECT) v4.activated(0);
      endOfInterrupt(c, { group: 1, intid }, () => undefined);
      expect([intid, sent.delete(intid - LPI)]).toEqual([intid, true]);
    }
  }
  /** The guest's configuration byte, and INV. */
  function configure(n: number, byte: number): void {
    its.ram.storeByte(TABLE + n, byte);
    command(m, 'INV', { device: DEVICE, event: n });
  }
  const ops = {
    send(n: number) {
      sent.add(n);
      m.vfio.msi.raise(0, n);
    },
    bind(n: number) {
      const v = producerOf(n);
      if (v.producer === 0) v.producer = Math.max(0, m.bypass.registerProducer(v.trigger, HOST_IRQ + n, n));
    },
    /** What is pending in hardware then is lost (K9): it is taken first. */
    unbind(n: number) {
      const v = producerOf(n);
      configure(n, 0xa1);
      visit();
      if (v.producer !== 0) m.bypass.unregisterProducer(v.producer);
      v.producer = 0;
    },
    enable: (n: number) => configure(n, 0xa1),
    disable: (n: number) => configure(n, 0xa0),
    load: () => v4.load(0),
    put: (n: number) => v4.put(0, n === 1),
    visit: () => visit(),
  };
  /** The vCPU runs, and its guest takes what there is. */
  function visit(): void {
    m.settle();
    for (let n = 0; n < VECTORS; n++) {
      run.enter(0);
      takeAll();
      run.exit(0);
    }
    m.settle();
  }
  return { m, ops, sent, visit };
}

const OPS = ['send', 'bind', 'unbind', 'enable', 'disable', 'load', 'put', 'visit'] as const;
const step = fc.tuple(fc.constantFrom(...OPS), fc.integer({ min: 0, max: VECTORS - 1 }));

it.each([0, 1])(
  'F-57 GICv4.%i: no message is lost and none is taken twice, whatever the order of bind, unbind, load, put, send, enable and disable',
  (v41) => {
    fc.assert(
      fc.property(
        fc.nat({ max: VGIC_VERSIONS.length - 1 }),
        fc.array(step, { minLength: 1, maxLength: 24 }),
        (kernel, steps) => {
          const { m, ops, sent, visit } = setUp(kernel, v41);
          for (const [op, n] of steps) {
            ops[op](n);
            m.settle();
          }
          for (let n = 0; n < VECTORS; n++) ops.enable(n);
          visit();
          expect([...sent]).toEqual([]);
        },
      ),
      { numRuns: 150 },
    );
  },
  60_000,
);
