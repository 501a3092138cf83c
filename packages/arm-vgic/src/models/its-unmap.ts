// An event loses its LPI while MSIs of it come in and its vCPU takes it: who holds the LPI, and who frees it. Linux: vgic-its.c vgic_its_inject_cached_translation,
// vgic_its_cmd_handle_discard, _mapd, _mapc, _movi, vgic.c vgic_put_irq, vgic_prune_ap_list.

import { defineMachineModel } from '@virq/irq-core/machine';
import { defineFamily, propertiesOn } from '@virq/irq-core/protocol';
import { vgicDisableLpis } from '../distributor/disable-lpis.ts';
import { vgicItsProcessCommands } from '../its/protocols/commands.ts';
import { vgicItsInjectMsi } from '../its/protocols/inject.ts';
import { vgicPruneApList } from '../lists/prune.ts';
import {
  chipOf,
  countsAgree,
  type ItsModelMachine,
  itsKernelScope,
  itsMachine,
  mapEvents,
  mappedAreFound,
  messageOf,
  queued,
  spawn,
  translationsAreTrue,
  translationsOf,
  warm,
} from './its-machine.ts';

const { always, quiescent, sometimes } = propertiesOn<ItsModelMachine>();

/** Commands by number. */
const UNMAPS = ['DISCARD', 'MAPD', 'MAPC', 'MOVI'] as const;

const properties = (lost: boolean) => [
  always('a translation in the cache is that of the tables', translationsAreTrue, {
    consequence: 'MSIs go on to an LPI that the guest has unmapped, or given to another device since',
  }),
  always('a mapped LPI is found by its INTID', mappedAreFound, {
    consequence: 'INVALL, the saving of pending bits and the end of the interrupt find nothing',
  }),
  quiescent('an LPI counts those who hold it', countsAgree, {
    consequence: 'the LPI is never freed, or while somebody still works on it',
  }),
  sometimes('a message is delivered out of the cache', (m) => chipOf(m).state.irqs.apLists.at(0).count > 0),
  sometimes('the cache is empty', (m) => translationsOf(m).length === 0),
  ...(lost ? [sometimes('the LPI is gone', (m) => chipOf(m).state.irqs.lpis.count() === 0)] : []),
];

/** DISCARD or one of its like, MSIs, the vCPU's prune, and EnableLPIs = 0 if asked for. */
export const itsUnmap = defineFamily({
  name: 'its-unmap',
  summary: 'VGIC ITS: an event is unmapped or moved while its MSIs come in from the cache',
  scope: {
    kernel: itsKernelScope,
    command: {
      says: `what the guest does: ${UNMAPS.map((c, i) => `${i} ${c}`).join(', ')}`,
      default: 0,
      min: 0,
      max: 3,
    },
    messages: { says: 'MSIs that come in', default: 1, min: 1, max: 2 },
    disables: { says: 'writes of EnableLPIs = 0', default: 0, min: 0, max: 1 },
  },
  build: ({ kernel, command: unmap, messages, disables }) =>
    defineMachineModel({
      name: 'its-unmap',
      machine: itsMachine({ processes: 3 + messages, kernel, vcpus: unmap === 3 ? 2 : 1 }),
      paths: [vgicItsProcessCommands, vgicItsInjectMsi, vgicPruneApList, vgicDisableLpis] as never,
      start(machine) {
        const m = machine as ItsModelMachine;
        mapEvents(m, 1);
        warm(m);
        const name = UNMAPS[unmap] as (typeof UNMAPS)[number];
        const written = queued(m, name, { device: 0, event: 0, icid: unmap === 3 ? 1 : 0, valid: false });
        spawn(m, vgicItsProcessCommands, { written });
        for (let n = 0; n < messages; n++) spawn(m, vgicItsInjectMsi, messageOf(0));
        if (disables > 0) spawn(m, vgicDisableLpis, { vcpu: 0 });
      },
      properties: properties(unmap < 2 && disables > 0) as never,
    }),
});
