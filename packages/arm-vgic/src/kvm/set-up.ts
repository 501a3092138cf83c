// What a VMM does before a VM runs: vCPUs, devices, number of interrupts, addresses, initialisation. QEMU: hw/arm/virt.c create_gic, hw/intc/arm_gicv3_kvm.c kvm_arm_gicv3_realize, arm_gic_kvm.c.

import { errnoName, ModelError } from '@virq/irq-core/errors';
import { BASE, itsBase, LOW_REDISTRIBUTORS } from '../options.ts';
import type { DeviceFd, KvmApi } from './api.ts';
import { ADDR, CTRL, DEVICE_TYPE, GRP } from './codes.ts';
import { MAX_VCPUS } from './create.ts';

type Attr = readonly [group: number, attr: number, value?: bigint];

function must(what: string, ret: number): void {
  if (ret < 0) throw new ModelError(`the VMM cannot set its VM up: ${what} is ${errnoName(ret)}`);
}

function setAll(api: KvmApi, fd: DeviceFd, attrs: readonly Attr[]): void {
  for (const [group, attr, value = 0n] of attrs)
    must(`group ${group} attribute ${attr}`, api.setAttr(fd, { group, attr }, { value }));
}

const region = (index: number, base: number, count: number): Attr => [
  GRP.ADDR,
  ADDR.V3_REDIST_REGION,
  (BigInt(count) << 52n) | BigInt(base) | BigInt(index),
];

/** Redistributors below RAM as far as they fit, the others above it, as QEMU's virt machine has them. */
function redistributors(vcpus: number): Attr[] {
  const low = Math.min(vcpus, LOW_REDISTRIBUTORS);
  const first = region(0, BASE.GICR, Math.max(1, low));
  return vcpus > low ? [first, region(1, BASE.GICR_HIGH, vcpus - low)] : [first];
}

/** NR_IRQS, initialisation, addresses. */
function setUpVgic(api: KvmApi): void {
  const { options } = api.device.context;
  setAll(api, 'vgic', [
    [GRP.NR_IRQS, 0, BigInt(options.nrIrqs)],
    [GRP.CTRL, CTRL.INIT],
    ...(options.gic === 2
      ? ([
          [GRP.ADDR, ADDR.V2_DIST, BigInt(BASE.GICD)],
          [GRP.ADDR, ADDR.V2_CPU, BigInt(BASE.GICC)],
        ] as const)
      : ([[GRP.ADDR, ADDR.V3_DIST, BigInt(BASE.GICD)], ...redistributors(options.vcpus)] as const)),
  ]);
}

/** Creates the vCPUs and the devices that the options name, and sets them up unless those say that a test does. */
export function setUpDevices(api: KvmApi): void {
  const { gic, init, its, ids, online } = api.device.context.options;
  for (let i = 0; i < online; i++) must('KVM_CREATE_VCPU', api.createVcpu(ids[i] as number));
  if (gic === 0) return;
  must('KVM_CREATE_DEVICE', api.createDevice(gic === 2 ? DEVICE_TYPE.VGIC_V2 : DEVICE_TYPE.VGIC_V3));
  for (let i = 0; i < its; i++) must('KVM_CREATE_DEVICE', api.createDevice(DEVICE_TYPE.ITS));
  if (!init) return;
  setUpVgic(api);
  for (let i = 0; i < its; i++)
    setAll(api, i, [
      [GRP.CTRL, CTRL.INIT],
      [GRP.ADDR, ADDR.ITS, BigInt(itsBase(i))],
    ]);
}

type Faults = { path: string; message: string }[];

/** What a number of vCPUs needs. */
function vcpuFaults({ gic, cpus, ids, ipa_bits: bits }: Readonly<Record<string, unknown>>): Faults {
  const faults: Faults = [];
  const count = cpus as number;
  const given = ((ids as number[] | undefined) ?? []).slice(0, count);
  const all = Array.from({ length: count }, (_, vcpu) => given[vcpu] ?? vcpu);
  if (gic === 2 && count > MAX_VCPUS[2]) faults.push({ path: 'cpus', message: `is ${cpus}: a GICv2 has up to 8` });
  if (new Set(all).size < count) faults.push({ path: 'ids', message: 'names a vCPU twice' });
  if (gic === 3 && count > LOW_REDISTRIBUTORS && (bits as number) < 40)
    faults.push({ path: 'ipa_bits', message: `is ${bits}: redistributors of ${cpus} vCPUs need 40` });
  return faults;
}

/** What of a VM's options no host can do: for `vm` to be refused with words. */
export function vmFaults(args: Readonly<Record<string, unknown>>): Faults {
  const { gic, host_gic: host, v2_compat: compat, its, nr_irqs: nr } = args;
  const faults = vcpuFaults(args);
  const fault = (path: string, message: string): void => void faults.push({ path, message });
  if (gic === 1) fault('gic', 'is 1, expected 2, 3, or 0 for none');
  if ((nr as number) % 32 !== 0) fault('nr_irqs', `is ${nr}, expected a multiple of 32`);
  if (gic === 2 && host === 3 && compat === false) fault('gic', 'is 2: the host cannot run GICv2 guests');
  if (host === 2 && (gic === 3 || its === true || (its as number) > 0))
    fault('host_gic', 'is 2: such a host has neither GICv3 nor ITS for guests');
  return faults;
}
