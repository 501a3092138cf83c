// What always holds of an Arm VM's VGIC, whatever guests and VMMs do. Names read as sentences.

import type { BackendProperty } from '@virq/irq-core/backend';
import type { ArmChip } from './chip.ts';

const property = (name: string, holds: (c: ArmChip) => boolean): BackendProperty => ({ name, holds });

/** Every interrupt on a vCPU's list says that it is there, and the list counts them. */
function listsAgree({ lists, options }: ArmChip): boolean {
  for (let vcpu = 0; vcpu < options.vcpus; vcpu++) {
    const list = lists.apLists.at(vcpu);
    let count = 0;
    for (let at = list.first; at !== 0; at = lists.irqs.at(at - 1).next) {
      if (lists.irqs.at(at - 1).vcpu !== vcpu + 1) return false;
      count++;
    }
    if (count !== list.count) return false;
  }
  return true;
}

/** Properties of the backend. */
export const properties: readonly BackendProperty[] = [
  property('an interrupt is on the ap_list of the vCPU that it names, and on no other', listsAgree),
];
