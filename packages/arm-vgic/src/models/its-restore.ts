// Tables are saved to guest memory and restored from there, and the guest can write what it likes in between. Linux: vgic-its.c vgic_its_save_tables_v0, vgic_its_restore_dte,
// vgic_its_cmd_handle_discard.

import { u8 } from '@virq/irq-core/arena';
import { defineMachineModel } from '@virq/irq-core/machine';
import { BLOCKED, defineFamily, propertiesOn, protocolsOn, replace } from '@virq/irq-core/protocol';
import { ITS_PLACES } from '../its/places.ts';
import { vgicItsProcessCommands } from '../its/protocols/commands.ts';
import { restoreTables } from '../its/restore.ts';
import {
  chipOf,
  type ItsModelMachine,
  itsAt,
  itsKernelScope,
  itsMachine,
  mapEvents,
  queued,
  spawn,
} from './its-machine.ts';

const { protocol } = protocolsOn<ItsModelMachine>();
const { always, quiescent, sometimes } = propertiesOn<ItsModelMachine>();

/** DTE.Size of 17 EventID bits. */
const TOO_WIDE = 16;

/** What the VMM does with a VM that stands still: SAVE_TABLES; and, as in the new one, reset, tables valid again, RESTORE_TABLES. `forged`: the guest widens its device's entry before it stops. */
export const restoreVm = protocol('KVM_DEV_ARM_ITS_RESTORE_TABLES', { forged: u8 }, () => ({
  save(m) {
    const { cmdLock, creadr, cwriter } = itsAt(m).context.state;
    if (cmdLock.holder !== 0 || creadr !== cwriter) return BLOCKED;
    itsAt(m).save();
    return undefined;
  },
  forge(m, f) {
    const { ram } = chipOf(m).its;
    if (f.forged === 1) ram.store(ITS_PLACES.devices, ((ram.load(ITS_PLACES.devices) & ~31) | TOO_WIDE) >>> 0);
  },
  reset(m) {
    const { state } = itsAt(m).context;
    const { deviceTableHi, collectionTableHi } = state;
    itsAt(m).reset();
    Object.assign(state, { deviceTableHi, collectionTableHi });
  },
  restore: (m) => void itsAt(m).restore(),
}));

/** Any width is restored (before CVE-2026-64106's fix). */
export const restoresAnyWidth = replace(restoreVm, 'restore', (m) => {
  const { context } = itsAt(m);
  restoreTables({ ...context, policy: { ...context.policy, checksDte: false } });
});

const widest = (m: ItsModelMachine): number => {
  const { maps, state } = itsAt(m).context;
  return state.deviceList.first === 0 ? 0 : maps.deviceAt(state.deviceList.first).bits;
};
const isMapped = (m: ItsModelMachine): boolean => {
  const { maps } = itsAt(m).context;
  return maps.ite(maps.device(0), 0) !== 0;
};
const isRestored = (m: ItsModelMachine): boolean => itsAt(m).context.state.enabled === 0 && widest(m) > 0;

/** An event was saved once; DISCARD takes it away before the VM is saved again, and restored. */
export const itsRestore = defineFamily({
  name: 'its-restore',
  summary: 'VGIC ITS: tables are saved and restored after the guest has unmapped an event, or forged an entry',
  scope: {
    kernel: itsKernelScope,
    forged: { says: 'devices whose entry the guest widens', default: 0, min: 0, max: 1 },
  },
  build: ({ kernel, forged }) =>
    defineMachineModel({
      name: 'its-restore',
      machine: itsMachine({ processes: 3, kernel, frames: 4, paths: [restoreVm] }),
      paths: [vgicItsProcessCommands, restoreVm] as never,
      start(machine) {
        const m = machine as ItsModelMachine;
        mapEvents(m, 1);
        itsAt(m).save();
        const written = queued(m, 'DISCARD', { device: 0, event: 0 });
        itsAt(m).context.state.cwriter = written;
        spawn(m, vgicItsProcessCommands, { written });
        spawn(m, restoreVm, { forged });
      },
      properties: [
        quiescent('an event that the guest has discarded is not there after a restore', (m) => !isMapped(m), {
          consequence:
            'on the new host MSIs of the device go to an LPI that the guest has given up, or given to another',
        }),
        always('a device has no more EventIDs than MAPD gives it', (m) => widest(m) <= 16, {
          consequence: "host memory beyond the device's table is read as entries",
        }),
        forged === 1
          ? sometimes('the restore is refused', (m) => itsAt(m).context.state.enabled === 0 && widest(m) === 0)
          : sometimes('the device is restored', isRestored),
      ] as never,
    }),
});
