// What the attributes of the VGIC and of an ITS work on.

import type { Context } from '../context.ts';
import type { Its } from '../its/its.ts';
import type { Lifecycle } from '../vgic/init.ts';
import type { Inputs } from '../vgic/inject.ts';
import type { IrqTable } from '../vgic/irqs.ts';
import type { ItsParts } from '../vgic/itss.ts';
import type { Regions } from './regions.ts';
import type { UserRegisters } from './registers.ts';
import type { OnlineVcpus } from './vcpus.ts';

/** The VGIC of a VM as its device ioctls reach it. */
export interface VgicDevice {
  readonly context: Context;
  readonly vcpus: OnlineVcpus;
  readonly regions: Regions;
  readonly lifecycle: Lifecycle;
  readonly irqs: IrqTable;
  readonly inputs: Inputs;
  readonly its: ItsParts;
  readonly registers: UserRegisters;
  /** vgic_v4_configure_vsgis. */
  configureSgis(): void;
}

/** An ITS as its device ioctls reach it. */
export interface ItsDevice {
  readonly vgic: VgicDevice;
  readonly its: Its;
}
