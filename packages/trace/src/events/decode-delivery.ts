// Events of interrupt delivery inside KVM: include/trace/events/kvm.h, arch/x86/kvm/trace.h (5.17 and 6.18 texts).
import { accept, decimal, expect, hex, literal, oneOf, signed } from '../lines/cursor.ts';
import { acceptMode, coalescedMark, type Decoder, pinMode, rest, routeMode } from './decoder.ts';

const GSI = literal('gsi ');
const LEVEL = literal(' level ');
const SOURCE = literal(' source ');
const PIN = literal('pin ');
const DST = literal('dst ');
const SPACE_DST = literal(' dst ');
const VEC = literal(' vec ');
const SPACE = literal(' ');
const CHIP = literal('chip ');
const SPACE_PIN = literal(' pin ');
const APICID = literal('apicid ');
const VECTOR = literal(' vector ');
const IRQCHIP = literal('irqchip ');
const CHIPS = ['PIC master', 'PIC slave', 'IOAPIC'].map(literal);
const INJECTIONS = ['IRQ ', 'Soft/INTn ', 'irq '].map(literal);
const REINJECTED = literal(' [reinjected]');
const VTD = literal('VT-d ');
const PI_IS = literal('PI is ');
const PI_STATES = ['disabled', 'enabled and being updated'].map(literal);
const FOR_IRQ = literal(' for irq ');
const VCPU = literal(', vcpu ');
const COMMA_GSI = literal(', gsi: ');
const GVEC = literal(', gvec: ');
const NOTHING = literal('');

const acceptedByApic: Decoder = (c, e) => {
  e.apicid = hex(c, APICID);
  e.vector = decimal(c, VEC);
  expect(c, SPACE);
  acceptMode(c, e);
};

const endOfInterrupt: Decoder = (c, e) => {
  e.apicid = hex(c, APICID);
  e.vector = signed(c, VECTOR);
};

/** Tracepoint → decoder. */
export const DELIVERY: Readonly<Record<string, Decoder>> = {
  kvm_set_irq: (c, e) => {
    e.gsi = decimal(c, GSI);
    e.level = signed(c, LEVEL);
    e.source = signed(c, SOURCE);
  },
  kvm_ioapic_set_irq: (c, e) => {
    e.pin = decimal(c, PIN);
    e.dst = hex(c, SPACE_DST);
    e.vector = decimal(c, VEC);
    expect(c, SPACE);
    routeMode(c, e);
    coalescedMark(c, e);
  },
  kvm_ioapic_delayed_eoi_inj: (c, e) => {
    e.dst = hex(c, DST);
    e.vector = decimal(c, VEC);
    expect(c, SPACE);
    routeMode(c, e);
  },
  kvm_msi_set_irq: (c, e) => {
    e.dst = hex(c, DST);
    e.vector = decimal(c, VEC);
    expect(c, SPACE);
    routeMode(c, e);
  },
  kvm_pic_set_irq: (c, e) => {
    e.chip = decimal(c, CHIP);
    e.pin = decimal(c, SPACE_PIN);
    expect(c, SPACE);
    pinMode(c, e);
    coalescedMark(c, e);
  },
  kvm_apic_accept_irq: acceptedByApic,
  kvm_apicv_accept_irq: acceptedByApic,
  kvm_inj_virq: (c, e) => {
    const form = oneOf(c, INJECTIONS);
    e.vector = form === 2 ? decimal(c, NOTHING) : hex(c, NOTHING);
    e.soft = Number(form === 1);
    e.reinjected = Number(accept(c, REINJECTED));
  },
  kvm_eoi: endOfInterrupt,
  kvm_pv_eoi: endOfInterrupt,
  kvm_ack_irq: (c, e) => {
    expect(c, IRQCHIP);
    const digit = (c.bytes[c.at] as number) - 0x30;
    const numbered = digit >= 0 && digit <= 9;
    if (numbered) decimal(c, NOTHING);
    e.chip = numbered ? -1 : oneOf(c, CHIPS);
    e.pin = decimal(c, SPACE_PIN);
  },
  kvm_pi_irte_update: (c, e) => {
    accept(c, VTD);
    expect(c, PI_IS);
    e.set = oneOf(c, PI_STATES);
    e.irq = decimal(c, FOR_IRQ);
    e.vcpu = signed(c, VCPU);
    e.gsi = hex(c, COMMA_GSI);
    e.vector = hex(c, GVEC);
    rest(c);
  },
};
