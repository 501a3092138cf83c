// User space changes a bit of the command register: it reads the register and writes it back. Linux: drivers/pci/pci-sysfs.c pci_read_config, pci_write_config.

import { u8, u16 } from '@virq/irq-core/arena';
import { CONFIG, INTX_DISABLE } from '@virq/irq-core/pci';
import { protocolsOn, replace } from '@virq/irq-core/protocol';
import type { AssignWorld } from '../world.ts';

/** A read-modify-write in which bit 10 goes to a virtual register, as VFIO does it (drivers/vfio/pci/vfio_pci_config.c): the kernel alone writes it. */
export const writeCommand = protocolsOn<AssignWorld>().protocol(
  'user space writes PCI_COMMAND',
  { device: u8, value: u16 },
  () => ({
    read(m, f) {
      f.value = m.pci.read(f.device, CONFIG.COMMAND, 2);
    },
    write(m, f) {
      const own = m.pci.read(f.device, CONFIG.COMMAND, 2) & INTX_DISABLE;
      m.pci.write(f.device, CONFIG.COMMAND, 2, own | (f.value & ~INTX_DISABLE));
    },
  }),
);

/** The same through sysfs: bit 10 is written as it was read. */
export const writeCommandBySysfs = replace(writeCommand, 'write', (m, f) =>
  m.pci.write(f.device, CONFIG.COMMAND, 2, f.value),
);
