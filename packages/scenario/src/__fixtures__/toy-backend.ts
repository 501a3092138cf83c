// A controller of eight level-triggered pins, just enough for scenarios: pending, taken by the CPU, ended.

import { bitmap, struct, u8, u64, type View } from '@virq/irq-core/arena';
import { type AnyBackend, defineBackend, type VmContext } from '@virq/irq-core/backend';
import { EINVAL, EWOULDBLOCK, KernelCrash } from '@virq/irq-core/errors';
import { type KvmArch, ROUTE } from '@virq/irq-core/kvm';
import type { ArgSpec } from '@virq/irq-core/machine';

const PINS = 8;
const layout = struct('toy', { pending: bitmap(PINS), taken: u8, cookie: u64 });
type State = View<typeof layout>;

const archOf = (state: State, { trace }: VmContext): KvmArch => ({
  canSetIrqRouting: () => true,
  intcInitialized: () => true,
  irqfdAllowed: () => true,
  setRoutingEntry(input, out) {
    if (input.type !== ROUTE.IRQCHIP || input.irqchip !== 0 || input.pin >= PINS) return -EINVAL;
    out.type = input.type;
    out.irqchip = 0;
    out.pin = input.pin;
    return 0;
  },
  setIrq(route, _source, level) {
    if (trace.on) trace.emit('toy_set_pin', { pin: route.pin, level });
    state.pending.put(route.pin, level);
    return 1;
  },
  setIrqInatomic: () => -EWOULDBLOCK,
  signalMsi: () => -EINVAL,
  routingUpdated() {},
  ackNotifiersUpdated() {},
  clearSource() {},
  updateIrte: () => 0,
});

const attach = (context: VmContext, state: State) => ({ state, kvm: context.kvm, arch: archOf(state, context) });
type Chip = ReturnType<typeof attach>;

const pin: ArgSpec = { type: 'int', max: PINS - 1, doc: 'pin' };

/** The fixture. `take` reads the lowest pending pin, `eoi` ends one, `spoil` breaks the backend's own property, `follow` crashes the kernel. */
export const toy = defineBackend({
  specVersion: 1,
  name: 'toy',
  arch: 'toy',
  summary: 'eight pins',
  irqchips: { count: 1, pins: PINS },
  layout: () => layout,
  attach,
  registers: [],
  protocols: [],
  properties: [{ name: 'the cookie is whole', holds: (chip: Chip) => chip.state.cookie === 0n }],
  vocabulary: {
    vm: { mode: { type: 'enum', values: ['fast', 'slow'], default: 'fast', doc: 'mode' } },
    operations: {
      take: {
        summary: 'the CPU takes the lowest pending pin',
        args: {},
        run({ state }: Chip) {
          const taken = state.pending.lowest();
          if (taken >= 0) state.taken++;
          return { ret: 0, out: { pin: taken } };
        },
      },
      eoi: {
        summary: 'ends the interrupt of a pin',
        args: { pin },
        run({ kvm }: Chip, args) {
          kvm.notifyAckedIrq(0, args['pin'] as number);
          return { ret: 0 };
        },
      },
      spoil: {
        summary: 'sets the cookie',
        args: { value: { type: 'u64', doc: 'value', default: '0x123456789abcdef0' } },
        run({ state }: Chip, args) {
          state.cookie = args['value'] as bigint;
          return { ret: 0 };
        },
      },
      follow: {
        summary: 'follows a NULL pointer',
        args: {},
        run() {
          throw new KernelCrash('toy_follow follows a NULL cookie');
        },
      },
    },
    observe: { pending: ({ state }: Chip) => state.pending.list() },
    observeDefault: ['pending'],
  },
  events: { toy_set_pin: (e) => `pin ${e['pin']} level ${e['level']}` },
  inspect: ({ state }: Chip) => [{ title: 'pins', lines: [`pending ${state.pending.list().join(' ') || '-'}`] }],
});

/** The fixture under its name. */
export const backends: ReadonlyMap<string, AnyBackend> = new Map([[toy.name, toy as unknown as AnyBackend]]);

/** A scenario of one VM with the given YAML lines for steps and whatever follows. */
export const withSteps = (steps: string, more = ''): string =>
  `virq: 1\ntitle: t\nvms: [{ name: a, backend: toy }]\nsteps:\n${steps}\n${more}`;
