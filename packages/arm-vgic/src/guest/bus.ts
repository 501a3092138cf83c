// What guest code can do: loads and stores, system registers. Everything of a guest driver goes through this, and nothing else of KVM.

/** Accesses of one VM's vCPUs; each is made from guest code of a vCPU that runs. Addresses are guest physical. */
export interface GuestBus {
  /** Load of 1 or 4 bytes from a device; unmapped addresses read as zero. */
  load(cpu: number, address: number, size: number): number;
  store(cpu: number, address: number, size: number, value: number): void;
  load64(cpu: number, address: number): bigint;
  store64(cpu: number, address: number, value: bigint): void;
  /** MRS and MSR of a register by its name, `ICC_PMR_EL1`. */
  mrs(cpu: number, register: string): bigint;
  msr(cpu: number, register: string, value: bigint): void;
  /** Memory of the guest itself. */
  loadByte(address: number): number;
  storeByte(address: number, value: number): void;
  storeWord(address: number, value: number): void;
}
