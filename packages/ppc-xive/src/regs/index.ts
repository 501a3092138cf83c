// Register maps and table entries of XIVE.

import type { RegisterMap } from '@virq/irq-core/registers';
import { EAS } from './eas.ts';
import { END, END2 } from './end.ts';
import { ESB_PAGE_MAP, ESB_TRIGGER_MAP } from './esb.ts';
import { NVP, NVT } from './nvt.ts';
import { TIMA, TIMA_SPECIAL } from './tima.ts';

/** All maps, for docs, `describe` and conformance. */
export const REGISTERS: readonly RegisterMap[] = [
  ESB_TRIGGER_MAP,
  ESB_PAGE_MAP,
  EAS,
  END,
  END2,
  NVT,
  NVP,
  TIMA,
  TIMA_SPECIAL,
];
