// Small faults planted into every corrected protocol: what the properties do not notice is explained, one by one.

import { check } from '@virq/checker';
import { hasRun, type Model, type Mutant, mutantsOf } from '@virq/irq-core/protocol';
import { expect, it } from 'vitest';
import { behaviourOf, doesNoMore } from './__fixtures__/behaviour.ts';
import { MODELS } from './index.ts';

/** Faults that survive, by the reason why they do no harm in the model. */
const SURVIVORS: Readonly<Record<string, readonly string[]>> = {
  'two writes under one lock, in the other order: nobody looks in between': [
    "svm_ir_list_add: 'add' before 'post'",
    "kvm_irq_routing_update: 'updateIrte' before 'copyRoute'",
    "kvm_set_irq_routing: 'updateActive' before 'setTable'",
    "kvmppc_xive_clr_mapped: 'clearData' before 'clearNumber'",
    "kvmppc_xive_set_mapped: 'storeData' before 'storeNumber'",
    "vfio_virqfd_disable: 'clear' before 'queue'",
    "virqfd_wakeup: 'queue' before 'clear'",
  ],
  'the section is one step, or the rest of it is, and no other section of the lock is disturbed by it': [
    "free_irq without 'lock desc'",
    "handle_fasteoi_irq without 'lock desc (end)'",
    "irqfd_shutdown without 'lock irqfds'",
    "irqfd_shutdown: 'disconnect' before 'lock irqfds'",
    "irqfd_shutdown: 'hostMode' behind 'unlock irqfds'",
    "kvm_irqfd_deassign without 'lock irqfds'",
    "kvm_irqfd_deassign without 'lock irqfds'",
    "kvm_pic_read_irq: 'clearIsr' behind 'unlock pic'",
    "kvm_set_irq level: 'keepLevel' before 'lock chip'",
    "kvmppc_xive_cleanup_vcpu without 'free.lock desc'",
    "svm_ir_list_add without 'lock irqfds'",
    "vfio_set_trigger: 'disableIrq' before 'lock igate'",
    "vfio_set_trigger: 'put' behind 'unlock igate'",
    "vgic_flush_pending_lpis: 'put' behind 'unlock ap_list'",
    "xive_esc_irq without 'lock desc (end)'",
  ],
  'a reader that comes in between is put right by the zap that follows': [
    "kvmppc_xive_clr_mapped: 'clearData' behind 'unlock sb'",
    "kvmppc_xive_clr_mapped: 'clearNumber' before 'lock sb'",
  ],
  'one IRTE has one updater at the default size, so nobody else wants the lock': [
    "avic_pi_update_irte (embedded node) without 'lock irqfds'",
    "avic_pi_update_irte (embedded node): 'remember' behind 'unlock irqfds'",
  ],
  'nobody else looks at the vCPU and its list in this model': [
    "kvm_vcpu_update_apicv: 'activate' behind 'unlock ir_list'",
    "kvm_vcpu_update_apicv: 'clearRunning' before 'deactivate'",
    "kvm_vcpu_update_apicv: 'clearRunning' behind 'unlock ir_list (off)'",
  ],
  'what is written again is what is there': ["vmx_pi_update_irte without 'isPosted'"],
  'no other process uses the list of the new vCPU in this model': [
    "vgic_prune_ap_list without 'lock ap_list (higher id)'",
  ],
  'the guest or the VMM does something else that it may do': [
    "VFIO_DEVICE_SET_IRQS without 'again'",
    "guest with IRQF_ONESHOT without 'maskPin'",
    "guest with IRQF_ONESHOT: 'lower' before 'maskPin'",
    "guest with IRQF_ONESHOT: 'quieten' before 'signal'",
    "guest, irqfd_resampler_ack: 'end' before 'quieten'",
    "guest, irqfd_resampler_ack: 'lower' before 'end'",
    "kvmhv_p9_guest_entry: 'cede' before 'guest'",
    "kvmhv_p9_guest_entry: 'guest' before 'maskEscalation'",
    "polling driver without 'readPba'",
    "vCPU, icp_down_cppr: 'accept' before 'wait'",
    "xive_native_esb_fault without 'touch'",
  ],
  'a vCPU that cedes in between is woken all the same': ["xive_esc_irq: 'clearEscOn' before 'wake'"],
  'the vCPU that parks an interrupt here is the only one that searches, and the next delivery clears the flag': [
    "vCPU, icp_down_cppr without 'deliver.clearResend'",
    "vCPU, icp_down_cppr: 'deliver.setMap' before 'deliver.setResend'",
    "vCPU, icp_down_cppr: 'deliver.setResend' before 'deliver.tryToDeliver'",
    "vCPU, icp_down_cppr: 'deliver.tryToDeliver' before 'deliver.clearResend'",
  ],
  'whoever searches everything finds everything': ["vCPU, icp_down_cppr without 'checkMap'"],
  'the other side does not look before it is woken, or will not look any more': [
    "kvmppc_run_core: 'enterGuest' before 'wake'",
    "kvmppc_run_core: 'startThread' before 'awaitGrab'",
    "kvmppc_xive_cleanup_vcpu: 'disableEscalation' before 'free.dispose'",
    "kvmppc_xive_cleanup_vcpu: 'keepMasked' before 'clearStale'",
  ],
  'shows with a third interrupt only': ["kvmppc_xive_cleanup_vcpu: 'awaitHandler' before 'acquire'"],
};

/** Machines, too large to be explored a hundred times. Their faults are in the tests of their packages. */
const LARGE = [
  'vgic-clear',
  'vgic-overflow',
  'vgic-queue',
  'vgic-resample',
  'vgic-setup',
  'v4-forward',
  'v4-unforward',
  'pi-preempt',
  'pi-assign',
  'apicv-inhibit',
  'avic-ir-list',
  'avic-post',
  'intx-mask',
  'intx-share-switch',
  'its-disable',
  'its-movall',
  'its-restore',
  'its-unmap',
  'vfio-intx-enable',
  'xics-reroute',
  'xive-cede',
  'xive-give-back',
  'xive-life',
  'xive-phantom',
  'xive-probe',
  'xive-queue-config',
  'xive-queue-count',
  'xive-remap',
  'xive-vectors',
  'xive-vma',
  'xive-vp-state',
];

const noticed = (model: Model, { edits }: Mutant): boolean => {
  const o = { maxStates: 200_000, reduce: { symmetry: false } };
  const r = check((x) => model.create({ ...x, edits }), o);
  return r.verdict === 'violated' || (r.verdict === 'ok' && r.unreached.length > 0);
};

it('nine of ten faults that change what can happen are noticed, and the others are explained', () => {
  const survivors: string[] = [];
  let caught = 0;
  for (const family of MODELS.filter((f) => !LARGE.includes(f.name))) {
    const model = family.build();
    const coverage = check((o) => model.create(o)).coverage;
    const correct = behaviourOf(model.create());
    for (const mutant of mutantsOf(model.protocols.filter((p) => hasRun(p, coverage)))) {
      if (noticed(model, mutant)) caught++;
      else if (!doesNoMore(behaviourOf(model.create({ edits: mutant.edits })), correct)) survivors.push(mutant.name);
    }
  }
  expect(survivors.sort()).toEqual(Object.values(SURVIVORS).flat().sort());
  expect(caught).toBeGreaterThan(220);
  expect(caught / (caught + survivors.length)).toBeGreaterThanOrEqual(0.9);
}, 240_000);
