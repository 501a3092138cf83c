// The floor in JavaScript: the C model of native/apic.c on bare typed arrays, function by function.

const REMOTE_IRR = 1 << 14;
const LEVEL = 1 << 15;
const MASK = 1 << 16;
const PINS = 24;

const apic = () => ({ irr: new Uint32Array(8), isr: new Uint32Array(8), tmr: new Uint32Array(8), svr: 0x1ff, tpr: 0 });

function highest(set) {
  for (let i = 7; i >= 0; i--) if (set[i] !== 0) return i * 32 + 31 - Math.clz32(set[i]);
  return -1;
}

function accept(a, vector, level) {
  if ((a.svr & 0x100) === 0) return 0;
  const bit = 1 << (vector & 31);
  if (level) a.tmr[vector >> 5] |= bit;
  else a.tmr[vector >> 5] &= ~bit;
  a.irr[vector >> 5] |= bit;
  return 1;
}

function minimal() {
  const apics = [apic(), apic()];
  const lo = new Uint32Array(PINS).fill(MASK);
  const hi = new Uint32Array(PINS);
  let irr = 0;

  const route = (dest, vector, level) => (dest < 2 ? accept(apics[dest], vector, level) : 0);

  function service(pin) {
    const e = lo[pin];
    if ((e & MASK) !== 0 || ((e & LEVEL) !== 0 && (e & REMOTE_IRR) !== 0)) return -1;
    if ((e & LEVEL) !== 0) lo[pin] = e | REMOTE_IRR;
    return route(hi[pin] >>> 24, e & 0xff, (e & LEVEL) !== 0);
  }

  return {
    program(pin, entry) {
      lo[pin] = entry;
    },
    signalMsi: (address, data) => route((address >>> 12) & 0xff, data & 0xff, ((data >> 15) & 1) !== 0),
    setIrq(pin, level) {
      const bit = 1 << pin;
      if (level === 0) {
        irr &= ~bit;
        return 1;
      }
      const known = (irr & bit) !== 0;
      irr |= bit;
      return (lo[pin] & LEVEL) === 0 && known ? 0 : service(pin);
    },
    acknowledge(cpu) {
      const a = apics[cpu];
      const vector = highest(a.irr);
      const ppr = Math.max(highest(a.isr), a.tpr);
      if (vector < 0 || (vector & 0xf0) <= (ppr & 0xf0)) return -1;
      a.irr[vector >> 5] &= ~(1 << (vector & 31));
      a.isr[vector >> 5] |= 1 << (vector & 31);
      return vector;
    },
    eoi(cpu) {
      const a = apics[cpu];
      const vector = highest(a.isr);
      if (vector < 0) return;
      const bit = 1 << (vector & 31);
      a.isr[vector >> 5] &= ~bit;
      if ((a.tmr[vector >> 5] & bit) === 0) return;
      for (let pin = 0; pin < PINS; pin++)
        if ((lo[pin] & 0xff) === vector && (lo[pin] & LEVEL) !== 0) {
          lo[pin] &= ~REMOTE_IRR;
          if ((irr & (1 << pin)) !== 0) service(pin);
        }
    },
  };
}

function pinCycle(entry) {
  const m = minimal();
  m.program(10, entry);
  return (n) => {
    for (let i = 0; i < n; i++) {
      m.setIrq(10, 1);
      if (m.acknowledge(0) !== 0x51) throw new Error('not acknowledged');
      m.setIrq(10, 0);
      m.eoi(0);
    }
  };
}

function msiCycle() {
  const m = minimal();
  return (n) => {
    for (let i = 0; i < n; i++) {
      m.signalMsi(0xfee00000, 0x41);
      if (m.acknowledge(0) !== 0x41) throw new Error('not acknowledged');
      m.eoi(0);
    }
  };
}

/** Cycles by name. */
export const cycles = { msi: msiCycle, edge: () => pinCycle(0x51), level: () => pinCycle(0x51 | LEVEL) };
