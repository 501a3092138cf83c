// Words of a VM in XICS mode: hcalls and RTAS calls of the guest, attributes and registers that the VMM saves and restores.

import { ENXIO } from '@virq/irq-core/errors';
import { type AttrPayload, getDeviceAttr, setDeviceAttr } from '@virq/irq-core/kvm';
import type { Args, Operation } from '@virq/irq-core/machine';
import type { Bitfield64, FieldSpec } from '@virq/irq-core/registers';
import type { PowerChip } from '../chip.ts';
import { DEVICE } from '../kvm/layout.ts';
import { XICS_ATTRIBUTES, XICS_GROUP, XICS_NR_SERVERS } from '../xics/attributes.ts';
import type { XicsHcall } from '../xics/hcalls.ts';
import { callRtas, RTAS_NAMES, type RtasName } from '../xics/rtas.ts';
import { ICP_FIELDS, icpWord, REG_ICP_STATE, SOURCE_FIELDS, sourceWord, wholeOf } from '../xics/words.ts';
import { hex, int, n } from './args.ts';
import { hcall } from './hcall.ts';

type Op = Operation<PowerChip>;

const cpu = int('vCPU index', { max: 1023, default: 0 });

/** An hcall of a vCPU in the guest: {@link hcall}. */
function onVcpu(summary: string, name: XicsHcall, args: Op['args'], of: (args: Args) => readonly bigint[]): Op {
  return { summary, args: { cpu, ...args }, run: (c, given) => hcall(c, n(given, 'cpu'), name, of(given)) };
}

const big = (args: Args, key: string): bigint => BigInt(args[key] as number | bigint);
const server = int('server number');
const mfrr = { type: 'u64', doc: 'most favoured request: a priority, 0xff withdraws it' } as const;

/** Hcalls. */
const HCALLS: Readonly<Record<string, Op>> = {
  h_xirr: onVcpu('H_XIRR: the guest takes the most favoured interrupt; r4: XIRR', 'H_XIRR', {}, () => []),
  h_xirr_x: onVcpu('H_XIRR_X: the same, and the time base in r5', 'H_XIRR_X', {}, () => []),
  h_cppr: onVcpu('H_CPPR: what may interrupt the guest', 'H_CPPR', { value: int('CPPR') }, (a) => [big(a, 'value')]),
  h_eoi: onVcpu(
    'H_EOI: end of an interrupt, and the CPPR of before',
    'H_EOI',
    { xirr: int('XIRR as H_XIRR gave it') },
    (a) => [big(a, 'xirr')],
  ),
  h_ipi: onVcpu('H_IPI: sets the MFRR of a server', 'H_IPI', { server, mfrr }, (a) => [
    big(a, 'server'),
    big(a, 'mfrr'),
  ]),
  h_ipoll: onVcpu('H_IPOLL: what H_XIRR of a server would take', 'H_IPOLL', { server }, (a) => [big(a, 'server')]),
};

/** An argument for each field, as wide as it is. */
const fields = (of: Readonly<Record<string, FieldSpec>>): Op['args'] =>
  Object.fromEntries(
    Object.entries(of).map(([name, range]) => {
      const bits = typeof range === 'number' ? 1 : range[0] - range[1] + 1;
      return [name, int(name, { max: 2 ** bits - 1, default: 0 })];
    }),
  );

/** A word from its fields, or as a whole. */
const wordOf = <F extends string>(args: Args, of: Bitfield64<F>, spec: Readonly<Record<F, unknown>>): bigint =>
  (args['value'] as bigint | undefined) ??
  wholeOf(of.pack(Object.fromEntries(Object.keys(spec).map((f) => [f, n(args, f)])) as Record<F, number>));

const whole = { type: 'u64', doc: 'the word itself, instead of its fields', optional: true } as const;
const noDevice = (c: PowerChip): boolean => c.state.kvm.device !== DEVICE.XICS;

/** What the VMM does. */
const VMM: Readonly<Record<string, Op>> = {
  rtas: {
    summary: 'an RTAS call of the guest that KVM handles: out status 0 or -3, rets the other words returned',
    args: {
      name: { type: 'enum', values: RTAS_NAMES, doc: 'call' },
      args: { type: 'list', of: int('argument'), doc: 'its arguments' },
    },
    run(c, given) {
      const { status, rets } = callRtas(c.xics.rtas, given['name'] as RtasName, given['args'] as number[]);
      return { ret: 0, out: { status, rets: [...rets] } };
    },
  },
  xics_source_set: {
    summary: 'KVM_DEV_XICS_GRP_SOURCES: makes or restores a source',
    args: { n: int('guest source number'), value: whole, ...fields(SOURCE_FIELDS) },
    run(c, args) {
      if (noDevice(c)) return { ret: -ENXIO };
      const at = { group: XICS_GROUP.SOURCES, attr: n(args, 'n') };
      const value = wordOf(args, sourceWord, SOURCE_FIELDS);
      return { ret: setDeviceAttr(XICS_ATTRIBUTES, c.xics.attributes, at, { value }) };
    },
  },
  xics_source_get: {
    summary: 'KVM_DEV_XICS_GRP_SOURCES: saves a source; the first of them stops all while the queues are read',
    args: { n: int('guest source number') },
    run(c, args) {
      if (noDevice(c)) return { ret: -ENXIO };
      const out: AttrPayload = {};
      const at = { group: XICS_GROUP.SOURCES, attr: n(args, 'n') };
      const ret = getDeviceAttr(XICS_ATTRIBUTES, c.xics.attributes, at, out);
      return ret < 0 ? { ret } : { ret, out: { value: hex(out['value'] as bigint) } };
    },
  },
  xics_nr_servers: {
    summary: 'KVM_DEV_XICS_NR_SERVERS: servers to make room for',
    args: { value: int('number of servers') },
    run(c, args) {
      if (noDevice(c)) return { ret: -ENXIO };
      const at = { group: XICS_GROUP.CTRL, attr: XICS_NR_SERVERS };
      return { ret: setDeviceAttr(XICS_ATTRIBUTES, c.xics.attributes, at, { value: BigInt(n(args, 'value')) }) };
    },
  },
  icp_get: {
    summary: `KVM_GET_ONE_REG of KVM_REG_PPC_ICP_STATE (${hex(REG_ICP_STATE)})`,
    args: { cpu },
    run(c, args) {
      const v = c.state.kvm.vcpus.at(n(args, 'cpu'));
      if (v.valid === 0) return { ret: -ENXIO };
      return { ret: 0, out: { value: hex(c.xics.attributes.save.icp(n(args, 'cpu'))) } };
    },
  },
  icp_set: {
    summary: 'KVM_SET_ONE_REG of KVM_REG_PPC_ICP_STATE',
    args: { cpu, value: whole, ...fields(ICP_FIELDS) },
    run(c, args) {
      const vcpu = n(args, 'cpu');
      if (c.state.kvm.vcpus.at(vcpu).valid === 0) return { ret: -ENXIO };
      return { ret: c.xics.attributes.restore.icp(vcpu, wordOf(args, icpWord, ICP_FIELDS)) };
    },
  },
};

/** Operations of XICS mode. */
export const XICS_OPERATIONS: Readonly<Record<string, Op>> = { ...HCALLS, ...VMM };
