// @virq/ppc-xive/models: small closed worlds over the POWER half of KVM and the host's XIVE driver, for the checker.

export * as doorbell from './doorbell.ts';
export * as hostIrq from './host-irq.ts';
export * as resampleCap from './resample-cap.ts';
export * as threadWake from './thread-wake.ts';
export * as xicsMigrate from './xics-migrate.ts';
export * as xicsResend from './xics-resend.ts';
export * as xiveEscalation from './xive-escalation.ts';
export * as xiveFreeIrq from './xive-free-irq.ts';
