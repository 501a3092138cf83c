// The few calls of libc that KVM needs, through koffi. Loaded only when an oracle is opened: the addon is native code.

import { ERRNO } from '@virq/irq-core/errors';

/** System calls. A negative result is a negative errno. */
export interface Libc {
  open(path: string, flags: number): number;
  close(fd: number): number;
  eventfd(initial: number, flags: number): number;
  /** read(2) and write(2) of one 64-bit word. */
  readWord(fd: number): bigint | number;
  writeWord(fd: number, value: bigint): number;
  /** ioctl with a number as argument. */
  ioctl(fd: number, request: number, value: number): number;
  /** ioctl with a structure as argument; it is read and written. */
  ioctlOn(fd: number, request: number, bytes: Uint8Array): number;
  /** A shared mapping of a file (kvm_run), or private memory for fd -1, as bytes and with its address. */
  mmap(length: number, fd: number): { readonly bytes: Uint8Array; readonly address: bigint };
  /** The CPU this thread runs on; the CPUs it may run on, as a bit mask. */
  cpu(): number;
  getAffinity(mask: Uint8Array): number;
  setAffinity(mask: Uint8Array): number;
  munmap(address: bigint, length: number): void;
}

const PROT_READ_WRITE = 3;
const MAP = { SHARED: 1, PRIVATE: 2, ANONYMOUS: 0x20 };
const NAMES = new Map<number, string>(Object.entries(ERRNO).map(([name, number]) => [number, name]));

/** Name of a negative errno, `E<number>` when the table has none. */
export const errnoOf = (ret: number): string => NAMES.get(-ret) ?? `E${-ret}`;

/** Loads koffi and binds libc. Throws when the addon is not there or does not fit the platform. */
export async function loadLibc(): Promise<Libc> {
  const { default: koffi } = await import('koffi');
  const lib = koffi.load(null);
  const open = lib.func('int open(const char *path, int flags, ...)');
  const close = lib.func('int close(int fd)');
  const eventfd = lib.func('int eventfd(unsigned int initial, int flags)');
  const read = lib.func('long read(int fd, void *bytes, size_t length)');
  const write = lib.func('long write(int fd, const void *bytes, size_t length)');
  const word = new BigUint64Array(1);
  const ioctl = lib.func('int ioctl(int fd, unsigned long request, ...)');
  const mmap = lib.func('void *mmap(void *address, size_t length, int prot, int flags, int fd, long offset)');
  const munmap = lib.func('int munmap(void *address, size_t length)');
  const cpu = lib.func('int sched_getcpu()');
  const getAffinity = lib.func('int sched_getaffinity(int pid, size_t length, _Out_ uint8_t *mask)');
  const setAffinity = lib.func('int sched_setaffinity(int pid, size_t length, const uint8_t *mask)');
  const checked = (ret: number): number => (ret < 0 ? -koffi.errno() : ret);
  return {
    open: (path, flags) => checked(open(path, flags)),
    close: (fd) => checked(close(fd)),
    eventfd: (initial, flags) => checked(eventfd(initial, flags)),
    readWord(fd) {
      const ret = checked(read(fd, word, 8));
      return ret < 0 ? ret : (word[0] as bigint);
    },
    writeWord(fd, value) {
      word[0] = value;
      return Math.min(0, checked(write(fd, word, 8)));
    },
    ioctl: (fd, request, value) => checked(ioctl(fd, request, 'long', value)),
    ioctlOn: (fd, request, bytes) => checked(ioctl(fd, request, 'void *', bytes)),
    mmap(length, fd) {
      const flags = fd < 0 ? MAP.PRIVATE | MAP.ANONYMOUS : MAP.SHARED;
      const pointer = mmap(null, length, PROT_READ_WRITE, flags, fd, 0);
      const address = BigInt(koffi.address(pointer));
      if (address === 0xffffffffffffffffn) throw new Error(`mmap: ${errnoOf(-koffi.errno())}`);
      return { bytes: new Uint8Array(koffi.view(pointer, length)), address };
    },
    cpu: () => cpu(),
    getAffinity: (mask) => checked(getAffinity(0, mask.length, mask)),
    setAffinity: (mask) => checked(setAffinity(0, mask.length, mask)),
    munmap: (address, length) => void munmap(address, length),
  };
}
