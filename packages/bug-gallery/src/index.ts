// @virq/bug-gallery: historical bugs as edits of corrected protocols.

import type { Bug } from './bug.ts';
import { bug as levelStates } from './level-states/index.ts';

export type { Bug, BugFamily, Link } from './bug.ts';

/** All bugs, in the order they are shown. */
export const BUGS: readonly Bug[] = [levelStates];
