// @virq/x86-pci23/protocols: kernel paths around a shared PCI 2.3 INTx line.

export {
  checkAndUnmask,
  device,
  guestDriver,
  guestMask,
  type IntxMask,
  intxHandler,
  intxMask,
  switchSharing,
  writeCommand,
} from './intx-mask.ts';
