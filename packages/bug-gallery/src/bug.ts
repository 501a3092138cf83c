// What one historical bug is made of.

import type { Edits, ModelFamily } from '@virq/irq-core/protocol';

/** Backend a bug belongs to. */
export type BugFamily = 'core' | 'x86' | 'arm' | 'ppc' | 'vfio';

/** A link with its text. */
export interface Link {
  readonly text: string;
  readonly url: string;
}

/** How a bug that no commit fixes is known. */
export const EVIDENCE = {
  model: 'read in the source and shown by the model; unconfirmed on hardware',
  emulation: 'shown by the model and by the kernel itself under emulation; unconfirmed on hardware',
} as const;

/** One entry of the gallery: the bug is an edit of the corrected protocols, and nothing else differs. */
export interface Bug {
  /** Folder name and what `virq gallery` takes. */
  readonly slug: string;
  readonly title: string;
  readonly family: BugFamily;
  /** Number of the founding thread (1 to 4), if it is one. */
  readonly thread?: 1 | 2 | 3 | 4;
  /** Fixing commits (12 hex digits and title) and CVE numbers. */
  readonly commits: readonly { readonly hash: string; readonly title: string }[];
  readonly cve?: string;
  /** A bug that the kernel has: the versions in which virq found it, and how it is known. Left out, it is of the past, or never shipped. */
  readonly found?: { readonly versions: string; readonly evidence: keyof typeof EVIDENCE };
  /** Two to five short paragraphs of Markdown: what a user saw, what happened, who found it. */
  readonly story: string;
  readonly links: readonly Link[];
  /** The corrected form. */
  readonly model: ModelFamily;
  /** Smallest sizes that show the bug; left out, the defaults. */
  readonly scope?: Readonly<Record<string, number>>;
  /** Sizes the corrected form is proved for; left out, those of `scope`. */
  readonly proof?: Readonly<Record<string, number>>;
  /** The bug: protocols that stand in for corrected ones. */
  readonly variant: Edits;
  /** What `check` must find in the variant: the property, and the steps of a shortest counterexample. */
  readonly expected: { readonly property: string; readonly length: number };
  /** Beginnings of `protocol: 'label'` that the model cannot reach although it runs the protocol. */
  readonly unused?: readonly string[];
  /** One sentence: how the fix prevents it. */
  readonly fix: string;
}

/** Declares a bug. */
export const defineBug = (bug: Bug): Bug => bug;
