// An event loses its LPI, or moves, while MSIs of it come in: who holds the LPI, and who frees it. Linux: vgic-its.c vgic_its_inject_cached_translation,
// vgic_its_cmd_handle_discard, _mapd, _mapc, _movi, _mapi, vgic.c vgic_put_irq.

import { defineMachineModel } from '@virq/irq-core/machine';
import { defineFamily, propertiesOn } from '@virq/irq-core/protocol';
import { vgicDisableLpis } from '../distributor/disable-lpis.ts';
import { vgicItsProcessCommands } from '../its/protocols/commands.ts';
import { vgicItsInjectMsi } from '../its/protocols/inject.ts';
import {
  chipOf,
  countsAgree,
  type ItsModelMachine,
  itsKernelScope,
  itsMachine,
  LPI,
  lpiOf,
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

/** What the guest does, by number. */
const COMMANDS = ['DISCARD', 'MAPD', 'MAPC', 'MOVI', 'DISCARD and MAPTI'] as const;
const [MAPD, MOVI, REMAP] = [1, 3, 4];

const properties = (command: number) => [
  always('a translation in the cache is that of the tables', translationsAreTrue, {
    consequence: 'MSIs go on to an LPI that the guest has unmapped, or given to another device since',
  }),
  always('a mapped LPI is found by its INTID', mappedAreFound, {
    consequence: 'INVALL, the saving of pending bits and the end of the interrupt find nothing',
  }),
  quiescent('an LPI counts those who hold it', countsAgree, {
    consequence: 'the LPI is never freed, or while somebody still works on it',
  }),
  ...(command === REMAP
    ? []
    : [sometimes('a message is delivered out of the cache', (m) => chipOf(m).state.irqs.apLists.at(0).count > 0)]),
  sometimes('the cache is empty', (m) => translationsOf(m).length === 0),
  ...(command <= MAPD ? [sometimes('the LPI is gone', (m) => chipOf(m).state.irqs.lpis.count() === 0)] : []),
];

function queueCommand(m: ItsModelMachine, command: number): number {
  const event = { device: 0, event: 0 };
  if (command === MOVI) return queued(m, 'MOVI', { ...event, icid: 1 });
  const name = command === REMAP ? 'DISCARD' : (COMMANDS[command] as 'DISCARD' | 'MAPD' | 'MAPC');
  const written = queued(m, name, { ...event, icid: 0, valid: false });
  return command === REMAP ? queued(m, 'MAPTI', { ...event, intid: LPI, icid: 0 }, { place: 1 }) : written;
}

/** A command, MSIs out of the cache, and EnableLPIs = 0 if asked for. An LPI that is to be mapped anew is disabled, so that no list holds it. */
export const itsUnmap = defineFamily({
  name: 'its-unmap',
  summary: 'VGIC ITS: an event is unmapped, moved or mapped anew while its MSIs come in out of the cache',
  scope: {
    kernel: itsKernelScope,
    command: {
      says: `what the guest does: ${COMMANDS.map((c, i) => `${i} ${c}`).join(', ')}`,
      default: 0,
      min: 0,
      max: REMAP,
    },
    messages: { says: 'MSIs that come in', default: 1, min: 1, max: 2 },
    disables: { says: 'writes of EnableLPIs = 0', default: 0, min: 0, max: 1 },
  },
  build: ({ kernel, command, messages, disables }) =>
    defineMachineModel({
      name: 'its-unmap',
      machine: itsMachine({ processes: 3 + messages, kernel, vcpus: command === MOVI ? 2 : 1 }),
      paths: [vgicItsProcessCommands, vgicItsInjectMsi, vgicDisableLpis] as never,
      start(machine) {
        const m = machine as ItsModelMachine;
        mapEvents(m, 1);
        warm(m);
        const irq = lpiOf(m);
        if (command === REMAP && irq !== null) irq.enabled = 0;
        spawn(m, vgicItsProcessCommands, { written: queueCommand(m, command) });
        for (let n = 0; n < messages; n++) spawn(m, vgicItsInjectMsi, messageOf(0));
        if (disables > 0) spawn(m, vgicDisableLpis, { vcpu: 0 });
      },
      properties: properties(command) as never,
    }),
});
