// Events of hardware-assisted delivery on x86: AVIC, APICv and its inhibit reasons (arch/x86/kvm/trace.h).
import { decimal, hex, literal, oneOf } from '../lines/cursor.ts';
import { type Decoder, rest } from './decoder.ts';

const VCPU = literal('vcpu=');
const OFFSET = literal(', offset=');
const ICR = literal('icrh:icrl=');
const COMMA_ICR = literal(', icrh:icrl=');
const COLON = literal(':');
const INDEX = literal(', index=');
const ID = literal(', id=');
const VMID = literal('vmid=');
const VCPUID = literal(', vcpuid=');
const FIRST_VCPUID = literal('vcpuid=');
const APICID = literal(', apicid=');
const REASON = literal(' reason=');
const INHIBITS = literal(', inhibits=');
const BIT = literal(' bit=');
const CHANGES = ['cleared', 'set'].map(literal);
const REQUESTS = ['activate', 'deactivate'].map(literal);

/** Tracepoint → decoder. */
export const APICV: Readonly<Record<string, Decoder>> = {
  kvm_avic_incomplete_ipi: (c, e) => {
    e.vcpu = decimal(c, VCPU);
    e.valueHigh = hex(c, COMMA_ICR);
    e.valueLow = hex(c, COLON);
    e.reason = decimal(c, ID);
    e.count = decimal(c, INDEX);
  },
  kvm_avic_unaccelerated_access: (c, e) => {
    e.vcpu = decimal(c, VCPU);
    e.address = hex(c, OFFSET);
    rest(c);
  },
  kvm_avic_ga_log: (c, e) => {
    e.address = decimal(c, VMID);
    e.vcpu = decimal(c, VCPUID);
  },
  kvm_avic_kick_vcpu_slowpath: (c, e) => {
    e.valueHigh = hex(c, ICR);
    e.valueLow = hex(c, COLON);
    e.count = decimal(c, INDEX);
  },
  kvm_avic_doorbell: (c, e) => {
    e.vcpu = decimal(c, FIRST_VCPUID);
    e.apicid = decimal(c, APICID);
  },
  kvm_apicv_inhibit_changed: (c, e) => {
    e.set = oneOf(c, CHANGES);
    e.reason = decimal(c, REASON);
    e.valueLow = hex(c, INHIBITS);
    e.valueHigh = c.high;
    rest(c);
  },
  /** The name and text of kvm_apicv_inhibit_changed up to 5.18. */
  kvm_apicv_update_request: (c, e) => {
    e.set = oneOf(c, REQUESTS);
    e.reason = decimal(c, BIT);
  },
};
