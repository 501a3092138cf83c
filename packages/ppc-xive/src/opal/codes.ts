// Return codes and flags of the OPAL XIVE calls. skiboot: include/opal-api.h, doc/xive.rst.

/** Return codes; success is 0. */
export const OPAL = {
  SUCCESS: 0,
  PARAMETER: -1,
  BUSY: -2,
  RESOURCE: -10,
  INTERNAL_ERROR: -11,
  WRONG_STATE: -14,
  XIVE_PROVISIONING: -31,
  XIVE_FREE_ACTIVE: -32,
} as const;

/** Flags of get/set_queue_info. */
export const EQ_FLAG = { ENABLED: 1, ALWAYS_NOTIFY: 2, ESCALATE: 4 } as const;
/** Flags of get/set_vp_info. */
export const VP_FLAG = { ENABLED: 1, SINGLE_ESCALATION: 2, SAVE_RESTORE: 4 } as const;
/** Flags of get_irq_info. */
export const IRQ_FLAG = { TRIGGER_PAGE: 0x01, STORE_EOI: 0x02, LSI: 0x04, STORE_EOI2: 0x40 } as const;

/** Priority that masks an interrupt in set_irq_config. */
export const MASKED = 0xff;
/** Bit 24 of a global interrupt number: the escalation source of an END. */
export const GIRQ_ESCALATION = 0x01000000;
/** Priority of the END that gathers the escalations of a VP (XIVE_ESCALATION_PRIO). */
export const GATHER_PRIORITY = 7;
/** First number that a source can have. */
export const FIRST_IRQ = 0x10;
/** Queue sizes that OPAL takes, log2 of bytes; 0 with ENABLED is an END without a queue. */
export const EQ_SIZES: readonly number[] = [0, 12, 16, 21, 24];
