// Words for KVM's XIVE device: its attributes, interrupts from user space, connecting vCPUs, their state.

import { EBADF, ENXIO } from '@virq/irq-core/errors';
import { type AttrPayload, getDeviceAttr, hasDeviceAttr, setDeviceAttr } from '@virq/irq-core/kvm';
import type { ArgSpec, Args, Operation, OperationPath, OpResult } from '@virq/irq-core/machine';
import type { PowerChip } from '../chip.ts';
import type { DeviceType } from '../kvm/devices.ts';
import { DEVICE } from '../kvm/layout.ts';
import { NATIVE_ATTRS, XIVE_CTRL, XIVE_GRP } from '../kvm/native-attrs.ts';
import { ALWAYS_NOTIFY, EQ_SHIFT, eqId } from '../kvm/native-queue.ts';
import { configArguments, encodeConfig, SOURCE_FLAG } from '../kvm/native-source.ts';
import { getVp, setVp } from '../kvm/native-vp.ts';
import { eqSync, sourceConfig, sourceSync, xiveReset } from '../protocols/attributes.ts';
import { isLast } from '../protocols/mmap.ts';
import { xiveRelease } from '../protocols/release.ts';
import { bit, hex, int, n } from './args.ts';

/** Where a queue is when nothing is said. */
export const DEFAULT_QADDR = 0x100000;

const source = int('guest source number (LISN)');
const server = int('server number', { max: 0x1fffffff, default: 0 });
const prio = int('priority', { max: 7, default: 6 });
const cpu = int('vCPU index', { max: 1023, default: 0 });

/** An ioctl on the device's descriptor: -EBADF when it is closed. */
const set = (c: PowerChip, group: number, attr: number, payload: AttrPayload | null = {}): OpResult => ({
  ret: c.context.state.fileOpen === 0 ? -EBADF : setDeviceAttr(NATIVE_ATTRS, c, { group, attr }, payload),
});

const value = (v: number | bigint): AttrPayload => ({ value: BigInt(v) });

function getQueue(c: PowerChip, args: Args): OpResult {
  const out: AttrPayload = {};
  const attr = eqId(n(args, 'server'), n(args, 'prio'));
  if (c.context.state.fileOpen === 0) return { ret: -EBADF };
  const ret = getDeviceAttr(NATIVE_ATTRS, c, { group: XIVE_GRP.EQ_CONFIG, attr }, out);
  if (ret !== 0 || out['qaddr'] === undefined) return { ret };
  const { flags, qshift, qaddr, qtoggle, qindex } = out;
  const numbers = { flags: Number(flags), qshift: Number(qshift) };
  return { ret, out: { ...numbers, qaddr: hex(qaddr), toggle: Number(qtoggle), index: Number(qindex) } };
}

/** 16 bytes as KVM_GET_ONE_REG gives them; the second half means nothing. */
function vpState(c: PowerChip, args: Args): OpResult {
  const w01 = getVp(c.context, n(args, 'cpu'));
  if (typeof w01 === 'number') return { ret: w01 };
  return { ret: 0, out: { vp: `${w01.toString(16).padStart(16, '0')}${'0'.repeat(16)}` } };
}

type Path = OperationPath<PowerChip>;

/** An attribute whose path takes locks. */
const attrPath = (protocol: object, locals: Readonly<Record<string, number>> = {}): Path => ({
  protocol: protocol as never,
  begin: (c) => (c.context.state.fileOpen === 0 ? -EBADF : { vm: c.context.vm, ...locals }),
});

function configPath(args: Args): Path {
  const [irq, priority] = [n(args, 'n'), n(args, 'prio')];
  const to = { priority, server: n(args, 'server'), eisn: n(args, 'eisn') };
  const payload = value(encodeConfig({ ...to, masked: args['masked'] === 1 }));
  return {
    protocol: sourceConfig as never,
    begin(c) {
      if (c.context.state.fileOpen === 0) return -EBADF;
      const checked = configArguments(c.sources, irq, payload);
      return typeof checked === 'number' ? checked : { vm: c.context.vm, gsi: irq, ...to, masked: n(args, 'masked') };
    },
  };
}

/** close(2) up to the release, if it comes to that. */
function beginClose(c: PowerChip): Readonly<Record<string, number>> | number {
  const { state, vm } = c.context;
  if (state.device !== DEVICE.XIVE || state.fileOpen === 0) return c.devices.close();
  state.fileOpen = 0;
  return isLast(c) ? { vm } : 0;
}

const eqArgs: Readonly<Record<string, ArgSpec>> = {
  server,
  prio,
  qshift: int('log2 of its bytes; 0 resets it', { default: EQ_SHIFT }),
  qaddr: { type: 'u64', doc: 'guest address', default: DEFAULT_QADDR },
  flags: int('bit 0: ALWAYS_NOTIFY', { default: ALWAYS_NOTIFY }),
  toggle: int('generation of the next entry', { default: 1 }),
  index: int('next entry', { default: 0 }),
};

const rawArgs: Readonly<Record<string, ArgSpec>> = {
  group: int('group'),
  attr: { type: 'u64', doc: 'attribute' },
};

const type: ArgSpec = {
  type: 'enum',
  values: ['xive', 'xics'],
  default: 'xive',
  doc: 'KVM_DEV_TYPE_XIVE or KVM_DEV_TYPE_XICS',
};

/** Sources: made, routed, triggered, synchronised. */
const SOURCES: Readonly<Record<string, Operation<PowerChip>>> = {
  source: {
    summary: 'KVM_DEV_XIVE_GRP_SOURCE: makes a source, or switches it off again',
    args: {
      n: source,
      level: bit('level-triggered', { default: 0 }),
      asserted: bit('asserted', { default: 0 }),
      flags: int('further bits of the value', { default: 0 }),
    },
    run(c, args) {
      const level = n(args, 'level') === 1 ? SOURCE_FLAG.LEVEL : 0;
      const asserted = n(args, 'asserted') === 1 ? SOURCE_FLAG.ASSERTED : 0;
      return set(c, XIVE_GRP.SOURCE, n(args, 'n'), value(level | asserted | n(args, 'flags')));
    },
  },
  config: {
    summary: 'KVM_DEV_XIVE_GRP_SOURCE_CONFIG: routes a source',
    args: {
      n: source,
      prio,
      server,
      eisn: int('data in the queue', { max: 0x7fffffff, default: 0 }),
      masked: bit('masked in the EAS', { default: 0 }),
    },
    run(c, args) {
      const to = { priority: n(args, 'prio'), server: n(args, 'server'), eisn: n(args, 'eisn') };
      return set(c, XIVE_GRP.SOURCE_CONFIG, n(args, 'n'), value(encodeConfig({ ...to, masked: args['masked'] === 1 })));
    },
    path: configPath,
  },
  sync: {
    summary: 'KVM_DEV_XIVE_GRP_SOURCE_SYNC: waits until what the source has sent is in its queue',
    args: { n: source },
    run: (c, args) => set(c, XIVE_GRP.SOURCE_SYNC, n(args, 'n')),
    path: (args) => attrPath(sourceSync, { gsi: n(args, 'n') }),
  },
  irq_line: {
    summary: 'KVM_IRQ_LINE: sets the level of a source; what comes of it is not reported',
    args: { n: source, level: bit('1 asserted, 0 not') },
    run(c, args) {
      if (c.context.state.device === DEVICE.NONE) return { ret: -ENXIO };
      c.context.kvm.setIrq(0, n(args, 'n'), n(args, 'level'), true);
      return { ret: 0 };
    },
  },
};

/** The device and its vCPUs. */
const DEVICES: Readonly<Record<string, Operation<PowerChip>>> = {
  create_device: {
    summary: 'KVM_CREATE_DEVICE: EEXIST while the VM has one of either type',
    args: { type },
    run: (c, args) => ({ ret: c.devices.create(args['type'] as DeviceType) }),
  },
  close: {
    summary: 'close(2) of the device: it is released once nothing of it is mapped',
    args: {},
    run: (c) => ({ ret: c.devices.close() }),
    path: () => ({ protocol: xiveRelease as never, begin: beginClose }),
  },
  connect: {
    summary: 'KVM_CAP_PPC_IRQ_XIVE or KVM_CAP_IRQ_XICS: connects a vCPU to the device',
    args: { type, cpu, server },
    run: (c, args) => ({ ret: c.devices.connect(args['type'] as DeviceType, n(args, 'cpu'), n(args, 'server')) }),
  },
  nr_servers: {
    summary: 'KVM_DEV_XIVE_NR_SERVERS: vCPU ids that the VP block is made for',
    args: { n: int('number of servers') },
    run: (c, args) => set(c, XIVE_GRP.CTRL, XIVE_CTRL.NR_SERVERS, value(n(args, 'n'))),
  },
  reset: {
    summary: 'KVM_DEV_XIVE_RESET',
    args: {},
    run: (c) => set(c, XIVE_GRP.CTRL, XIVE_CTRL.RESET),
    path: () => attrPath(xiveReset),
  },
  eq_sync: {
    summary: 'KVM_DEV_XIVE_EQ_SYNC: sources are synchronised, pages of queues marked dirty',
    args: {},
    run: (c) => set(c, XIVE_GRP.CTRL, XIVE_CTRL.EQ_SYNC),
    path: () => attrPath(eqSync),
  },
  vp: { summary: 'KVM_GET_ONE_REG of KVM_REG_PPC_VP_STATE: words 0 and 1 of the OS ring', args: { cpu }, run: vpState },
  set_vp: {
    summary: 'KVM_SET_ONE_REG of KVM_REG_PPC_VP_STATE',
    args: { cpu, w01: { type: 'u64', doc: 'words 0 and 1, NSR in the most significant byte' } },
    run: (c, args) => ({ ret: setVp(c.context, n(args, 'cpu'), args['w01'] as bigint) }),
  },
};

/** Queues. */
const QUEUES: Readonly<Record<string, Operation<PowerChip>>> = {
  eq: {
    summary: 'KVM_DEV_XIVE_GRP_EQ_CONFIG: gives a vCPU an event queue, or takes it away',
    args: eqArgs,
    run(c, args) {
      const numbers = { flags: n(args, 'flags'), qshift: n(args, 'qshift') };
      const position = { qtoggle: n(args, 'toggle'), qindex: n(args, 'index') };
      const payload = Object.fromEntries(Object.entries({ ...numbers, ...position }).map(([k, v]) => [k, BigInt(v)]));
      const attr = eqId(n(args, 'server'), n(args, 'prio'));
      return set(c, XIVE_GRP.EQ_CONFIG, attr, { ...payload, qaddr: args['qaddr'] as bigint });
    },
  },
  geteq: { summary: 'the queue as KVM_GET_DEVICE_ATTR shows it', args: { server, prio }, run: getQueue },
};

/** Attributes as they are. */
const RAW: Readonly<Record<string, Operation<PowerChip>>> = {
  set_attr: {
    summary: 'KVM_SET_DEVICE_ATTR of a number; without it the pointer cannot be read',
    args: { ...rawArgs, value: { type: 'u64', doc: 'what the pointer leads to', optional: true } },
    run(c, args) {
      const payload = args['value'] === undefined ? null : value(args['value'] as bigint);
      return set(c, n(args, 'group'), Number(args['attr']), payload);
    },
  },
  has_attr: {
    summary: 'KVM_HAS_DEVICE_ATTR',
    args: rawArgs,
    run: (c, args) => ({
      ret:
        c.context.state.fileOpen === 0
          ? -EBADF
          : hasDeviceAttr(NATIVE_ATTRS, { group: n(args, 'group'), attr: Number(args['attr']) }),
    }),
  },
};

/** Operations of the device. */
export const NATIVE_OPERATIONS: Readonly<Record<string, Operation<PowerChip>>> = {
  ...SOURCES,
  ...DEVICES,
  ...QUEUES,
  ...RAW,
};
