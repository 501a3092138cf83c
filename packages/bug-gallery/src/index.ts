// @virq/bug-gallery: historical bugs as edits of corrected protocols.

import type { ModelFamily } from '@virq/irq-core/protocol';
import { bug as apicvSvi } from './apicv-svi/index.ts';
import { bug as avicErratum1235 } from './avic-erratum-1235/index.ts';
import { bug as avicGfp } from './avic-gfp/index.ts';
import { bug as avicInhibit } from './avic-inhibit/index.ts';
import { bug as avicInhibitAdd } from './avic-inhibit-add/index.ts';
import { bug as avicIrList } from './avic-ir-list/index.ts';
import { bug as avicIrListEmbedded } from './avic-ir-list-embedded/index.ts';
import { bug as avicIrteOrder } from './avic-irte-order/index.ts';
import { bug as avicIrteReaffine } from './avic-irte-reaffine/index.ts';
import { bug as avicIrteRunning } from './avic-irte-running/index.ts';
import { bug as avicNovapic } from './avic-novapic/index.ts';
import { bug as avicUnlinkWindow } from './avic-unlink-window/index.ts';
import type { Bug } from './bug.ts';
import { bug as bypassStart } from './bypass-start/index.ts';
import { bug as doorbellMigration } from './doorbell-migration/index.ts';
import { bug as gicv4Doorbell } from './gicv4-doorbell/index.ts';
import { bug as intxDepth } from './intx-depth/index.ts';
import { bug as intxFlagArgument } from './intx-flag-argument/index.ts';
import { bug as intxFlagOmitted } from './intx-flag-omitted/index.ts';
import { bug as intxMaskWindow } from './intx-mask-window/index.ts';
import { bug as intxShareOrder } from './intx-share-order/index.ts';
import { bug as intxShareSwitch } from './intx-share-switch/index.ts';
import { bug as ioapicEoiStorm } from './ioapic-eoi-storm/index.ts';
import { bug as ioapicRemoteIrr } from './ioapic-remote-irr/index.ts';
import { bug as irqfdAssignDeassign } from './irqfd-assign-deassign/index.ts';
import { bug as irqfdInactiveRoute } from './irqfd-inactive-route/index.ts';
import { bug as irqfdRouteType } from './irqfd-route-type/index.ts';
import { bug as itsDoubleDrop } from './its-double-drop/index.ts';
import { bug as itsDteRange } from './its-dte-range/index.ts';
import { bug as itsHitReference } from './its-hit-reference/index.ts';
import { bug as itsMovallAll } from './its-movall-all/index.ts';
import { bug as itsMovallHeld } from './its-movall-held/index.ts';
import { bug as itsRequeue } from './its-requeue/index.ts';
import { bug as itsStale } from './its-stale/index.ts';
import { bug as levelStates } from './level-states/index.ts';
import { bug as lpiMigrateDisable } from './lpi-migrate-disable/index.ts';
import { bug as lpiReregister } from './lpi-reregister/index.ts';
import { bug as lpiRetire } from './lpi-retire/index.ts';
import { bug as msixPba } from './msix-pba/index.ts';
import { bug as oneshotResample } from './oneshot-resample/index.ts';
import { bug as piAssign } from './pi-assign/index.ts';
import { bug as piInhibited } from './pi-inhibited/index.ts';
import { bug as piRunningVcpu } from './pi-running-vcpu/index.ts';
import { bug as piSnOn } from './pi-sn-on/index.ts';
import { bug as picAckRecursion } from './pic-ack-recursion/index.ts';
import { bug as picLock } from './pic-lock/index.ts';
import { bug as resampleCap } from './resample-cap/index.ts';
import { bug as resampleOrder } from './resample-order/index.ts';
import { bug as routeNonMsi } from './route-non-msi/index.ts';
import { bug as threadNapCount } from './thread-nap-count/index.ts';
import { bug as threadWake } from './thread-wake/index.ts';
import { bug as vcpuRequests } from './vcpu-requests/index.ts';
import { bug as vfioAckOnIcpendr } from './vfio-ack-on-icpendr/index.ts';
import { bug as vfioAutomaskIcpendr } from './vfio-automask-icpendr/index.ts';
import { bug as vfioCdx } from './vfio-cdx/index.ts';
import { bug as vfioIntxLock } from './vfio-intx-lock/index.ts';
import { bug as vfioPlatformTrigger } from './vfio-platform-trigger/index.ts';
import { bug as vfioTrigger } from './vfio-trigger/index.ts';
import { bug as vfioVirqfdRelease } from './vfio-virqfd-release/index.ts';
import { bug as vgicActivesLost } from './vgic-actives-lost/index.ts';
import { bug as vgicClearInLr } from './vgic-clear-in-lr/index.ts';
import { bug as vgicCtlr } from './vgic-ctlr/index.ts';
import { bug as vgicEarlyAssertion } from './vgic-early-assertion/index.ts';
import { bug as vgicEoiGate } from './vgic-eoi-gate/index.ts';
import { bug as vgicEoicountDrop } from './vgic-eoicount-drop/index.ts';
import { bug as vgicIrouter } from './vgic-irouter/index.ts';
import { bug as vgicIrqfdReassign } from './vgic-irqfd-reassign/index.ts';
import { bug as vgicOneBit } from './vgic-one-bit/index.ts';
import { bug as vgicOverflowHead } from './vgic-overflow-head/index.ts';
import { bug as vgicResetArmed } from './vgic-reset-armed/index.ts';
import { bug as vlpiPendingLost } from './vlpi-pending-lost/index.ts';
import { bug as vlpiTied } from './vlpi-tied/index.ts';
import { bug as vlpiUnsetRoute } from './vlpi-unset-route/index.ts';
import { bug as vtdClobber } from './vtd-clobber/index.ts';
import { bug as vtdPostedMsi } from './vtd-posted-msi/index.ts';
import { bug as xicsReroute } from './xics-reroute/index.ts';
import { bug as xicsResend } from './xics-resend/index.ts';
import { bug as xicsResendBitmap } from './xics-resend-bitmap/index.ts';
import { bug as xicsResendOrder } from './xics-resend-order/index.ts';
import { bug as xicsSavedState } from './xics-saved-state/index.ts';
import { bug as xiveAllOnes } from './xive-all-ones/index.ts';
import { bug as xiveCedeSaved } from './xive-cede-saved/index.ts';
import { bug as xiveEscalationCleared } from './xive-escalation-cleared/index.ts';
import { bug as xiveEscalationOrder } from './xive-escalation-order/index.ts';
import { bug as xiveEscalationTwice } from './xive-escalation-twice/index.ts';
import { bug as xiveFaultZap } from './xive-fault-zap/index.ts';
import { bug as xiveFreeIrq } from './xive-free-irq/index.ts';
import { bug as xiveGiveBackLock } from './xive-give-back-lock/index.ts';
import { bug as xiveHandback } from './xive-handback/index.ts';
import { bug as xiveHandbackWindow } from './xive-handback-window/index.ts';
import { bug as xiveMapping } from './xive-mapping/index.ts';
import { bug as xiveMappingRelease } from './xive-mapping-release/index.ts';
import { bug as xiveMsiDomain } from './xive-msi-domain/index.ts';
import { bug as xivePhantom } from './xive-phantom/index.ts';
import { bug as xivePtFreeEsb } from './xive-pt-free-esb/index.ts';
import { bug as xivePtPbit } from './xive-pt-pbit/index.ts';
import { bug as xivePushStale } from './xive-push-stale/index.ts';
import { bug as xiveQueueCount } from './xive-queue-count/index.ts';
import { bug as xiveQueueLeak } from './xive-queue-leak/index.ts';
import { bug as xiveQueueRace } from './xive-queue-race/index.ts';
import { bug as xiveQueueReset } from './xive-queue-reset/index.ts';
import { bug as xiveRearmOrder } from './xive-rearm-order/index.ts';
import { bug as xiveReleaseForwarded } from './xive-release-forwarded/index.ts';
import { bug as xiveRemapCoalesced } from './xive-remap-coalesced/index.ts';
import { bug as xiveRemapNumber } from './xive-remap-number/index.ts';
import { bug as xiveSecondPriority } from './xive-second-priority/index.ts';
import { bug as xiveUnmaskFirst } from './xive-unmask-first/index.ts';
import { bug as xiveVmaSplit } from './xive-vma-split/index.ts';
import { bug as xiveVpLeak } from './xive-vp-leak/index.ts';
import { bug as xiveVpState } from './xive-vp-state/index.ts';
import { bug as xiveZapOffset } from './xive-zap-offset/index.ts';
import { bug as xiveZapSleeps } from './xive-zap-sleeps/index.ts';

export { type Bug, type BugFamily, EVIDENCE, type Link } from './bug.ts';
export { correctedForm, type Examination, examine, faultyForm } from './examine.ts';

/** All bugs: one screen to begin with, the four founding threads, what is told most often, and the rest. */
export const BUGS: readonly Bug[] = [
  levelStates,
  avicIrList,
  avicIrListEmbedded,
  xiveMapping,
  xiveFaultZap,
  xiveHandback,
  xiveZapOffset,
  xiveMappingRelease,
  vfioAutomaskIcpendr,
  vgicOneBit,
  vgicEarlyAssertion,
  vfioAckOnIcpendr,
  intxMaskWindow,
  intxShareSwitch,
  intxShareOrder,
  intxFlagArgument,
  intxFlagOmitted,
  lpiMigrateDisable,
  lpiReregister,
  irqfdRouteType,
  intxDepth,
  vfioTrigger,
  gicv4Doorbell,
  routeNonMsi,
  xivePtPbit,
  ioapicRemoteIrr,
  oneshotResample,
  avicIrteRunning,
  avicIrteOrder,
  avicInhibit,
  bypassStart,
  irqfdInactiveRoute,
  irqfdAssignDeassign,
  resampleOrder,
  piSnOn,
  piAssign,
  piRunningVcpu,
  piInhibited,
  apicvSvi,
  vtdClobber,
  vtdPostedMsi,
  avicGfp,
  avicIrteReaffine,
  avicUnlinkWindow,
  avicInhibitAdd,
  avicErratum1235,
  avicNovapic,
  xicsResend,
  xicsResendOrder,
  xicsResendBitmap,
  xiveFreeIrq,
  xiveAllOnes,
  xiveEscalationOrder,
  xiveEscalationTwice,
  xiveEscalationCleared,
  xiveRearmOrder,
  xiveCedeSaved,
  threadWake,
  threadNapCount,
  doorbellMigration,
  xicsSavedState,
  resampleCap,
  vfioVirqfdRelease,
  vfioIntxLock,
  vfioPlatformTrigger,
  vfioCdx,
  vcpuRequests,
  picLock,
  picAckRecursion,
  ioapicEoiStorm,
  msixPba,
  xicsReroute,
  xiveVmaSplit,
  xiveZapSleeps,
  xiveUnmaskFirst,
  xiveRemapNumber,
  xiveHandbackWindow,
  xiveRemapCoalesced,
  xivePhantom,
  xiveGiveBackLock,
  xiveReleaseForwarded,
  xiveQueueCount,
  xiveSecondPriority,
  xiveQueueRace,
  xiveQueueReset,
  xiveQueueLeak,
  xiveVpLeak,
  xivePushStale,
  xivePtFreeEsb,
  xiveMsiDomain,
  xiveVpState,
  itsHitReference,
  itsDoubleDrop,
  lpiRetire,
  itsRequeue,
  itsMovallHeld,
  itsMovallAll,
  itsStale,
  itsDteRange,
  vgicEoiGate,
  vgicResetArmed,
  vgicIrqfdReassign,
  vgicIrouter,
  vgicCtlr,
  vgicOverflowHead,
  vgicEoicountDrop,
  vgicActivesLost,
  vgicClearInLr,
  vlpiTied,
  vlpiPendingLost,
  vlpiUnsetRoute,
];

/** Models of the gallery, each once, in the order of their bugs. */
export const MODELS: readonly ModelFamily[] = [...new Set(BUGS.map((bug) => bug.model))];
