// Kinds of handler that device assignment puts on host lines, and of notifier on the EOI path.

/** With a primary handler that masks the device, and without one. */
export const ASSIGNED_ACTION = { PCI_2_3: 20, EXCLUSIVE: 21 } as const;

/** Ack notifier of an assigned device. */
export const ASSIGNED_NOTIFIER = 20;
