// The attributes of the XIVE native device: what they take, what they answer. Linux: arch/powerpc/include/uapi/asm/kvm.h KVM_DEV_XIVE_*, Documentation/virt/kvm/devices/xive.rst.

import { EFAULT } from '@virq/irq-core/errors';
import type { AttrPayload, DeviceAttrTable } from '@virq/irq-core/kvm';
import { eqSync, sourceConfig, sourceSync, xiveReset } from '../protocols/attributes.ts';
import type { Context } from './context.ts';
import { NR_IRQS } from './layout.ts';
import { getQueueConfig, setQueueConfig } from './native-queue.ts';
import { configArguments, setSource } from './native-source.ts';
import { runForErrno } from './run-path.ts';
import type { KvmSources } from './sources.ts';
import { setNrServers } from './vp.ts';

/** Groups of attributes (KVM_DEV_XIVE_GRP_*). */
export const XIVE_GRP = { CTRL: 1, SOURCE: 2, SOURCE_CONFIG: 3, EQ_CONFIG: 4, SOURCE_SYNC: 5 } as const;
/** Attributes of the group CTRL. */
export const XIVE_CTRL = { RESET: 1, EQ_SYNC: 2, NR_SERVERS: 3 } as const;

/** What the attributes work on. */
export interface NativeTarget {
  readonly context: Context;
  readonly sources: KvmSources;
}

const ANY = [0, Number.MAX_SAFE_INTEGER] as const;
const SOURCES = [0, NR_IRQS - 1] as const;

/** struct kvm_ppc_xive_eq: 24 bytes that mean something, padded to 64. */
const EQ_FIELDS = { flags: 32, qshift: 32, qaddr: 64, qtoggle: 32, qindex: 32 } as const;

function setSourceConfig(t: NativeTarget, irq: number, payload: Readonly<AttrPayload> | null): number {
  const checked = configArguments(t.sources, irq, payload);
  if (typeof checked === 'number') return checked;
  const { priority, server, masked, eisn } = checked.to;
  return runForErrno(t.context, sourceConfig, { gsi: irq, priority, server, masked: masked ? 1 : 0, eisn });
}

/** The attributes by group. */
export const NATIVE_ATTRS: DeviceAttrTable<NativeTarget> = {
  [XIVE_GRP.CTRL]: {
    name: 'KVM_DEV_XIVE_GRP_CTRL',
    attrs: [
      {
        attrs: XIVE_CTRL.RESET,
        doc: 'Resets the device: queues are disabled and their pages let go, routed sources masked and off. Sources stay, and so does what each queue has counted.',
        payload: {},
        set: (t) => runForErrno(t.context, xiveReset),
      },
      {
        attrs: XIVE_CTRL.EQ_SYNC,
        doc: 'Waits until what routed sources have sent is in the queues, and marks the page of every queue dirty for migration.',
        payload: {},
        set: (t) => runForErrno(t.context, eqSync),
      },
      {
        attrs: XIVE_CTRL.NR_SERVERS,
        doc: "Number of vCPU ids that the VP block is made for; more than the host's KVM_MAX_VCPUS means that many.",
        payload: { value: 32 },
        set: (t, _attr, payload) =>
          payload === null ? -EFAULT : setNrServers(t.context, Number(payload['value'] as bigint)),
        errors: {
          EFAULT: 'the value cannot be read',
          EINVAL: 'it is 0 or above KVM_MAX_VCPU_IDS',
          EBUSY: 'a vCPU has been connected: the VP block exists',
        },
      },
    ],
  },
  [XIVE_GRP.SOURCE]: {
    name: 'KVM_DEV_XIVE_GRP_SOURCE',
    attrs: [
      {
        attrs: ANY,
        has: SOURCES,
        doc: 'Makes an interrupt source, or brings it back to masked and off. Bit 0: level-triggered; bit 1: asserted. The attribute is the guest source number.',
        payload: { value: 64 },
        set: (t, irq, payload) => setSource(t.context, t.sources, irq, payload),
        errors: {
          E2BIG: 'the number is above 0xFFFFF',
          ENOMEM: 'no memory for its block of 1024',
          EFAULT: 'the value cannot be read',
          ENXIO: 'OPAL has no interrupt left',
        },
      },
    ],
  },
  [XIVE_GRP.SOURCE_CONFIG]: {
    name: 'KVM_DEV_XIVE_GRP_SOURCE_CONFIG',
    attrs: [
      {
        attrs: ANY,
        has: SOURCES,
        doc: 'Routes a source. Bits 2:0 priority, 31:3 server, 32 masked, 63:33 EISN. A full or missing queue is replaced by that of another vCPU; a value that changes none of priority, server and EISN does nothing.',
        payload: { value: 64 },
        set: setSourceConfig,
        errors: {
          ENOENT: 'no source of its block was ever made',
          EINVAL: 'the source was never made; priority 7; no vCPU has the server number',
          EFAULT: 'the value cannot be read',
          EBUSY: 'no vCPU has a queue of the priority with room',
          ENXIO: 'OPAL refuses the target; what KVM keeps has changed all the same',
        },
      },
    ],
  },
  [XIVE_GRP.EQ_CONFIG]: {
    name: 'KVM_DEV_XIVE_GRP_EQ_CONFIG',
    attrs: [
      {
        attrs: ANY,
        doc: 'Gives a vCPU an event queue in guest memory, or takes it away (qshift 0). Bits 2:0 of the attribute are the priority, 31:3 the server. A get of a queue that was never configured returns 0 and writes nothing.',
        payload: EQ_FIELDS,
        set: (t, attr, payload) => setQueueConfig(t.context, attr, payload),
        get: (t, attr, out) => getQueueConfig(t.context, attr, out),
        errors: {
          EFAULT: 'the struct cannot be read',
          ENOENT: 'no vCPU has the server number',
          EINVAL:
            'priority 7; flags other than ALWAYS_NOTIFY; a size other than 64 KiB; an address that is not aligned to it, not in guest memory, or in host pages that are smaller',
          EIO: 'OPAL refuses the queue or its position',
          EBUSY: 'single escalation: another priority of the vCPU has the escalation interrupt already',
        },
      },
    ],
  },
  [XIVE_GRP.SOURCE_SYNC]: {
    name: 'KVM_DEV_XIVE_GRP_SOURCE_SYNC',
    attrs: [
      {
        attrs: ANY,
        has: SOURCES,
        doc: 'Waits until what a source has sent has reached its queue.',
        payload: {},
        set: (t, irq) => runForErrno(t.context, sourceSync, { gsi: irq }),
        errors: {
          ENOENT: 'no source of its block was ever made',
          EINVAL: 'the source was never made',
        },
      },
    ],
  },
};
