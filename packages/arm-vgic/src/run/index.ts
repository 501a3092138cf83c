// The run loop's paths.

import { kvmGuestAct } from './act.ts';
import { kvmVcpuEnter } from './enter.ts';
import { kvmVcpuExit, kvmVcpuReenter, kvmVcpuReturn } from './exit.ts';
import { kvmVcpuThread } from './thread.ts';
import { kvmVcpuWfi } from './wfi.ts';

/** All of them. */
export const RUN_PROTOCOLS = [
  kvmVcpuEnter,
  kvmVcpuExit,
  kvmVcpuReturn,
  kvmVcpuReenter,
  kvmVcpuWfi,
  kvmVcpuThread,
  kvmGuestAct,
] as const;
