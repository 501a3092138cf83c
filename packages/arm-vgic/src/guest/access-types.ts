// What guest code can do: loads and stores, system registers. Everything of a guest driver goes through this, and nothing else of KVM.

/** Accesses of one VM's vCPUs; each is made by guest code of a vCPU that is in its guest. Addresses are guest physical. */
export interface GuestAccess {
  /** Load of 1 or 4 bytes; where nobody answers it reads as zero. */
  load(cpu: number, address: number, size: number): number;
  store(cpu: number, address: number, size: number, value: number): void;
  load64(cpu: number, address: number): bigint;
  store64(cpu: number, address: number, value: bigint): void;
  /** MRS and MSR of a register of the CPU interface by its name, `ICC_PMR_EL1`. */
  mrs(cpu: number, register: string): number;
  msr(cpu: number, register: string, value: number): void;
  /** MSR of a register that sends SGIs; it traps always. */
  sendSgi(cpu: number, register: 'ICC_SGI1R_EL1', value: bigint): void;
  /** Memory of the guest itself. */
  loadByte(address: number): number;
  storeByte(address: number, value: number): void;
  storeWord(address: number, value: number): void;
}
