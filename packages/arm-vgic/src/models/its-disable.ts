// A guest clears EnableLPIs of a redistributor while MSIs come in: LPIs leave the vCPU's list, translations are forgotten, and who looked one up before goes on.
// Linux: vgic-mmio-v3.c vgic_mmio_write_v3r_ctlr, vgic.c vgic_flush_pending_lpis, vgic-its.c vgic_its_invalidate_all_caches.

import { defineMachineModel } from '@virq/irq-core/machine';
import { defineFamily, insert, propertiesOn } from '@virq/irq-core/protocol';
import { vgicDisableLpis } from '../distributor/disable-lpis.ts';
import { INTID } from '../irq/layout.ts';
import { vgicItsInjectMsi } from '../its/protocols/inject.ts';
import { type ItsMachine, itsOf } from '../its/protocols/world.ts';
import {
  chipOf,
  countsAgree,
  type ItsModelMachine,
  itsKernelScope,
  itsMachine,
  mapEvents,
  messageOf,
  spawn,
  warm,
} from './its-machine.ts';

const { always, quiescent, sometimes } = propertiesOn<ItsModelMachine>();

/** With the list and the interrupt locked: whether the vCPU still takes LPIs. */
const askEnabled = (queue: string) => (m: ItsMachine, f: { vm: number; to: number; listed: number }) => {
  if (itsOf(m, { vm: f.vm, its: 0 }).redistributors.enabled(f.to - 1)) return undefined;
  f.listed = 1;
  return `${queue}.unlock listed irq` as never;
};

/**
 * The path as it would have to be: it asks again before it puts an LPI on a list. EnableLPIs is cleared before the list is emptied, so that whoever comes later
 * sees it. Not in Linux, where only the ITS's tables are asked.
 */
export const injectIfEnabled: typeof vgicItsInjectMsi = {
  ...insert(
    insert(vgicItsInjectMsi, { before: 'cached.queue.put' }, { 'cached.queue.askEnabled': askEnabled('cached.queue') }),
    { before: 'trigger.queue.put' },
    { 'trigger.queue.askEnabled': askEnabled('trigger.queue') },
  ),
  name: 'vgic_its_inject_msi that asks again',
};

const lpisListed = (m: ItsModelMachine): number => {
  const { lists, state } = chipOf(m);
  let count = 0;
  for (let at = state.irqs.apLists.at(0).first; at !== 0; at = lists.irqs.at(at - 1).next)
    if (lists.irqs.at(at - 1).intid >= INTID.LPI) count++;
  return count;
};
const isOff = (m: ItsModelMachine): boolean => {
  const { lpis, rwp } = chipOf(m).state.redists.at(0);
  return lpis === 0 && rwp === 0;
};

/** Two LPIs, one on the list and one whose MSIs come in, and EnableLPIs = 0. */
export const itsDisable = defineFamily({
  name: 'its-disable',
  summary: 'VGIC ITS: LPIs of a redistributor are disabled while MSIs come in out of the cache',
  scope: { kernel: itsKernelScope, messages: { says: 'MSIs that come in', default: 1, min: 1, max: 2 } },
  build: ({ kernel, messages }) =>
    defineMachineModel({
      name: 'its-disable',
      machine: itsMachine({ processes: 2 + messages, kernel, paths: [injectIfEnabled] }),
      paths: [vgicDisableLpis, injectIfEnabled] as never,
      start(machine) {
        const m = machine as ItsModelMachine;
        mapEvents(m, 2);
        warm(m);
        chipOf(m).its.msi.inject({ addressLo: messageOf(1).addressLo, addressHi: 0, data: 1, devid: 0, flags: 1 });
        for (let n = 0; n < messages; n++) spawn(m, injectIfEnabled, messageOf(0));
        spawn(m, vgicDisableLpis, { vcpu: 0 });
      },
      properties: [
        quiescent('no LPI is on the list of a vCPU whose LPIs are off', (m) => !isOff(m) || lpisListed(m) === 0, {
          consequence:
            'after a reset or kexec the guest takes an interrupt that it has switched off, of a number that means something else by then',
        }),
        always('a list has the LPIs that say so', (m) => lpisListed(m) <= 2),
        quiescent('an LPI counts those who hold it', countsAgree, { consequence: 'the LPI is never freed' }),
        sometimes('LPIs are off', isOff),
        sometimes('both LPIs are on the list', (m) => lpisListed(m) === 2),
      ] as never,
    }),
});
