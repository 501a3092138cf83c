// The kinds of error virq knows, and the errno numbers KVM returns. Numbers: Linux include/uapi/asm-generic/errno-base.h.

const MARKER = Symbol.for('virq.error');

/** Base of every error virq throws. Recognised by a shared symbol, so two installed copies of the package agree. */
export class VirqError extends Error {
  readonly code: string;
  readonly hint: string | undefined;
  readonly [MARKER] = true;

  /** @param code stable code, `VIRQ-<letter><3 digits>`, described by `virq explain` */
  constructor(code: string, message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'VirqError';
    this.code = code;
    this.hint = options.hint;
  }

  /** True for a VirqError of this or any other copy of the package. */
  static isInstance(value: unknown): value is VirqError {
    return typeof value === 'object' && value !== null && (value as { [MARKER]?: unknown })[MARKER] === true;
  }
}

/** The model itself is wrong: an impossible state, a protocol that broke its own rules. Never raised by guest or user input. */
export class ModelError extends VirqError {
  constructor(message: string, options: { hint?: string; cause?: unknown } = {}) {
    super('VIRQ-M001', message, options);
    this.name = 'ModelError';
  }
}

/**
 * The kernel that is modelled would crash or warn here: it follows a NULL pointer, or breaks what its author took for granted (BUG_ON, WARN_ON).
 * A finding about the kernel, not about the model.
 */
export class KernelCrash extends VirqError {
  constructor(message: string) {
    super('VIRQ-M002', message);
    this.name = 'KernelCrash';
  }

  /** True for a KernelCrash of this or any other copy of the package. */
  static override isInstance(value: unknown): value is KernelCrash {
    return VirqError.isInstance(value) && value.code === 'VIRQ-M002';
  }
}

/** errno by name, positive as in the headers; kernel-style functions return the negative (`-EINVAL`). */
export const ERRNO = {
  EPERM: 1,
  ENOENT: 2,
  ESRCH: 3,
  EINTR: 4,
  EIO: 5,
  ENXIO: 6,
  E2BIG: 7,
  EBADF: 9,
  EAGAIN: 11,
  ENOMEM: 12,
  EACCES: 13,
  EFAULT: 14,
  EBUSY: 16,
  EEXIST: 17,
  ENODEV: 19,
  EINVAL: 22,
  ENOSPC: 28,
  ERANGE: 34,
  ENOTCONN: 107,
  ENOTTY: 25,
  EOPNOTSUPP: 95,
} as const;

/** Name of an errno KVM documents. */
export type Errno = keyof typeof ERRNO;

export const {
  EPERM,
  ENOENT,
  EIO,
  ENXIO,
  E2BIG,
  EBADF,
  EAGAIN,
  ENOMEM,
  EFAULT,
  EBUSY,
  EEXIST,
  ENODEV,
  EINVAL,
  ENOSPC,
  ENOTCONN,
  ENOTTY,
  EOPNOTSUPP,
} = ERRNO;

/** EWOULDBLOCK, what kvm_arch_set_irq_inatomic answers when the injection needs process context. The same number as EAGAIN. */
export const EWOULDBLOCK = ERRNO.EAGAIN;

const NAMES: ReadonlyMap<number, Errno> = new Map(
  (Object.entries(ERRNO) as [Errno, number][]).map(([name, number]) => [number, name]),
);

/** Name of a kernel return value: `-22` → `EINVAL`; null when the value is a success (≥ 0). */
export function errnoName(ret: number): Errno | null {
  if (ret >= 0) return null;
  const name = NAMES.get(-ret);
  if (name === undefined) throw new ModelError(`return value ${ret} is no errno that virq knows`);
  return name;
}
