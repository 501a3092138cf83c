// A vCPU gets an ICP over its presenter, and loses it. Linux: arch/powerpc/kvm/book3s_xive.c kvmppc_xive_connect_vcpu, kvmppc_xive_cleanup_vcpu.

import { EBUSY, EIO, ENXIO } from '@virq/irq-core/errors';
import { ESB, ESB_PAGE } from '../hw/esb.ts';
import { W2_VALID } from '../hw/presenter.ts';
import type { Context } from '../kvm/context.ts';
import { attachEscalation, freeEscalation } from '../kvm/escalation.ts';
import { DEVICE, Q_COUNT, type XiveVcpu } from '../kvm/layout.ts';
import { W01_RESET } from '../kvm/native-connect.ts';
import { configureQueue, disableQueue } from '../kvm/queues.ts';
import { computeVp, disableVp, enableVp } from '../kvm/vp.ts';
import { OPAL } from '../opal/codes.ts';
import { untilDone } from '../opal/until-done.ts';
import { NO_MFRR, XICS_IPI } from './numbers.ts';
import { provisionQueue } from './provision.ts';

/** Priority of the vCPU's IPI, and of the queue that an escalation is attached for at once. */
const IPI_PRIORITY = 0;

/** Fields for the entry into the guest: what the presenter starts with, and its CAM value. */
function setContext({ host }: Context, v: XiveVcpu): number {
  const info = host.opal.vps.info(v.vpId);
  if (info === null) return -EIO;
  v.saved = W01_RESET;
  v.cam = (W2_VALID | info.cam) >>> 0;
  return 0;
}

/** xive_native_alloc_irq for the vCPU's IPI: 0 or -EIO. */
function allocateIpi({ host }: Context, v: XiveVcpu): number {
  const girq = untilDone(() => host.opal.irqs.allocate());
  if (girq < 0) return -EIO;
  v.vpIpi = host.opal.irqs.indexOf(girq) + 1;
  return 0;
}

/** Queues that the VM uses already get memory, the others none; 7 belongs to single escalation. */
function setUpQueues(ctx: Context, vcpu: number): number {
  const { state } = ctx;
  const v = state.vcpus.at(vcpu);
  const last = state.singleEscalation === 1 ? Q_COUNT - 1 : Q_COUNT;
  for (let priority = 0; priority < last; priority++) {
    const isUsed = (state.qmap & (1 << priority)) !== 0;
    const rc = isUsed ? provisionQueue(ctx, vcpu, priority) : configureQueue(ctx, v, priority, { frame: 0, qshift: 0 });
    if (rc !== 0) return rc;
  }
  return attachEscalation(ctx, vcpu, IPI_PRIORITY);
}

/** The IPI by which H_IPI tells the vCPU of a new MFRR. */
function routeIpi({ host }: Context, v: XiveVcpu): number {
  const girq = host.opal.irqs.numberOf(v.vpIpi - 1);
  const to = { vp: v.vpId, priority: IPI_PRIORITY, lirq: XICS_IPI };
  if (untilDone(() => host.opal.irqs.configure(girq, to)) !== OPAL.SUCCESS) return -ENXIO;
  host.xive.sources.load(v.vpIpi - 1, ESB_PAGE.MANAGEMENT, ESB.SET_PQ_00);
  return 0;
}

/**
 * Connects a vCPU: -EBUSY for one that is connected, -EINVAL beyond the servers of the device, -ENOSPC without VPs, -EEXIST for a VP that is taken,
 * -EIO when OPAL refuses. Linux: what an attempt has come to when it fails stays, for the clean-up asks irq_type, which is stored last; another attempt
 * with the server is then -EEXIST.
 */
export function connectXics(ctx: Context, vcpu: number, server: number): number {
  const v = ctx.state.vcpus.at(vcpu);
  if (v.irqType !== DEVICE.NONE) return -EBUSY;
  const vp = computeVp(ctx, server);
  if (vp < 0) return vp;
  Object.assign(v, { valid: 1, serverNum: server, vpId: vp, mfrr: NO_MFRR, cppr: 0, hwCppr: 0, pending: 0 });
  const steps = [
    () => setContext(ctx, v),
    () => allocateIpi(ctx, v),
    () => enableVp(ctx, vp),
    () => setUpQueues(ctx, vcpu),
    () => routeIpi(ctx, v),
  ];
  for (const step of steps) {
    const rc = step();
    if (rc !== 0) return rc;
  }
  v.irqType = DEVICE.XICS;
  return 0;
}

/** kvmppc_xive_cleanup_vcpu: nothing for a vCPU that is not in XICS mode. `disable` switches the interrupts off that it is the target of. */
export function cleanupXics(ctx: Context, vcpu: number, disable: (vcpu: number) => void): void {
  const { state, host } = ctx;
  const v = state.vcpus.at(vcpu);
  if (v.irqType !== DEVICE.XICS) return;
  v.valid = 0;
  disable(vcpu);
  host.xive.sources.load(v.vpIpi - 1, ESB_PAGE.MANAGEMENT, ESB.SET_PQ_01);
  for (let priority = 0; priority < Q_COUNT; priority++) freeEscalation(ctx, vcpu, priority);
  disableVp(ctx, v.vpId);
  for (let priority = 0; priority < Q_COUNT; priority++) {
    disableQueue(ctx, v, priority);
    const empty = { qpage: 0, toggle: 0, idx: 0, qshift: 0, frame: 0, count: 0, pendingCount: 0, escIrq: 0 };
    Object.assign(v.queues.at(priority), empty);
  }
  untilDone(() => host.opal.irqs.free(host.opal.irqs.numberOf(v.vpIpi - 1)));
  Object.assign(v, { cam: 0, vpIpi: 0, irqType: DEVICE.NONE, serverNum: 0, vpId: 0, delayedIrq: 0 });
  Object.assign(v, { cppr: 0, hwCppr: 0, mfrr: 0, pending: 0, escPage: 0, escOn: 0 });
}
