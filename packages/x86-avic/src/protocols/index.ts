// @virq/x86-avic/protocols: kernel paths of AVIC, posted interrupts and the IOAPIC that other CPUs can interleave.

export { type AvicNodes, avicEmbeddedNode, moveNode, walkIrList } from './avic-embedded-node.ts';
export { kvmSetApicvInhibit, kvmVcpuUpdateApicv } from './avic-inhibit-update.ts';
export { avicSendIpi } from './avic-ipi.ts';
export { avicIrData, type IrDataAllocation, trackIrte, walkList } from './avic-ir-data.ts';
export {
  avicPiUpdateIrte,
  avicUpdatePiIrteReview,
  avicUpdatePiIrteWrapper,
  program,
  programFirst,
  UPDATE_PI_IRTE,
  type UpdateForm,
} from './avic-pi-update.ts';
export { avicVcpuLoad, avicVcpuPut, svmVcpuBlock, svmVcpuLoad, svmVcpuPut } from './avic-run.ts';
export { pollGaLog } from './ga-log.ts';
export { handleLevel, type IoapicEoiStorm, injectWork, ioapicEoiStorm } from './ioapic-eoi-storm.ts';
export { type PiFrame, piEnableWakeupHandler, piWakeupHandler } from './pi-wakeup.ts';
export { type PicLock, picLock, readPicIrq, setPicIrq } from './pic-lock.ts';
export { postedMsiNotification } from './posted-msi.ts';
export { type PostedWorld, vmxOf } from './posted-world.ts';
export { type IoapicWorld, vcpuScanIoapic } from './scan-ioapic.ts';
export { svmDeliverInterrupt } from './svm-deliver.ts';
export { vmxVcpuUpdateApicv } from './vmx-apicv.ts';
export { vmxDeliverInterrupt } from './vmx-deliver.ts';
export { vmxPiStartBypass, vmxVcpuBlock, vmxVcpuLoad, vmxVcpuPut } from './vmx-run.ts';
export { vmxSyncPirToIrr } from './vmx-sync.ts';
export { intelIrSetAffinity, type VtdWorld, vmxPiUpdateIrte, writeHostImage } from './vtd-pi-update.ts';
export { avicOf, type X86World } from './world.ts';
