// One ITS moves or configures all LPIs of the VM while another unmaps one: the second's lock keeps nobody from the table of LPIs. Linux: vgic-its.c vgic_its_cmd_handle_movall,
// vgic_its_invall, vgic_its_cmd_handle_discard.

import { defineMachineModel } from '@virq/irq-core/machine';
import { defineFamily, propertiesOn } from '@virq/irq-core/protocol';
import { vgicItsProcessCommands } from '../its/protocols/commands.ts';
import {
  command,
  countsAgree,
  type ItsModelMachine,
  itsKernelScope,
  itsMachine,
  LPI,
  lpiOf,
  mapEvents,
  mappedAreFound,
  queued,
  spawn,
} from './its-machine.ts';

const { always, quiescent, sometimes } = propertiesOn<ItsModelMachine>();

const [FROM, TO, ELSEWHERE] = [0, 1, 2];
const targetOf = (m: ItsModelMachine, intid: number): number => (lpiOf(m, intid)?.target ?? 0) - 1;

/** LPI 8192 of the second ITS goes, 8193 of the first is on vCPU 0, 8194 on vCPU 2; the first ITS carries MOVALL from 0 to 1 out, or INVALL of 0. */
export const itsMovall = defineFamily({
  name: 'its-movall',
  summary: 'VGIC ITS: one ITS moves all LPIs of a vCPU while another unmaps one of them',
  scope: {
    kernel: itsKernelScope,
    invall: { says: '0 MOVALL, 1 INVALL', default: 0, min: 0, max: 1 },
  },
  build: ({ kernel, invall }) =>
    defineMachineModel({
      name: 'its-movall',
      machine: itsMachine({ processes: 3, kernel, vcpus: 3, itss: 2, lpis: 3 }),
      paths: [vgicItsProcessCommands] as never,
      start(machine) {
        const m = machine as ItsModelMachine;
        mapEvents(m, 1, 1);
        command(m, 'MAPD', { device: 0, bits: 2, itt: 0x43000000n });
        for (const target of [FROM, TO, ELSEWHERE]) command(m, 'MAPC', { icid: target, target });
        for (const [event, icid] of [
          [1, FROM],
          [2, ELSEWHERE],
        ] as const)
          command(m, 'MAPTI', { device: 0, event, intid: LPI + event, icid });
        const written =
          invall === 1 ? queued(m, 'INVALL', { icid: FROM }) : queued(m, 'MOVALL', { target: FROM, second: TO });
        spawn(m, vgicItsProcessCommands, { its: 0, written });
        spawn(m, vgicItsProcessCommands, {
          its: 1,
          written: queued(m, 'DISCARD', { device: 0, event: 0 }, { its: 1 }),
        });
      },
      properties: [
        always('a mapped LPI is found by its INTID', mappedAreFound),
        quiescent('an LPI counts those who hold it', countsAgree, {
          consequence: 'the LPI is never freed, or too early',
        }),
        always('an LPI stays on a vCPU that MOVALL does not name', (m) => targetOf(m, LPI + 2) === ELSEWHERE, {
          consequence:
            'interrupts of other vCPUs go to the one that MOVALL names: a guest that takes a CPU offline moves all its interrupts to one',
        }),
        quiescent('MOVALL moves what its first vCPU has', (m) => targetOf(m, LPI + 1) === (invall === 1 ? FROM : TO)),
        sometimes('the LPI of the other ITS is gone', (m) => lpiOf(m) === null),
        ...(invall === 1
          ? []
          : [sometimes('the LPI that is unmapped has moved', (m: ItsModelMachine) => targetOf(m, LPI) === TO)]),
      ] as never,
    }),
});
