// The ap_list of a vCPU, linked through its interrupts by handle + 1. Linux: struct vgic_cpu ap_list_head, lib/list_sort.c.

import type { ApList, Irq } from '../irq/layout.ts';
import { targetOf, type VgicLists } from './world.ts';

/** The interrupts of a VM by handle. */
export interface Irqs {
  at(handle: number): Irq;
}

/** list_add_tail. */
export function append(irqs: Irqs, list: ApList, handle: number): void {
  const i = irqs.at(handle);
  i.previous = list.last;
  i.next = 0;
  if (list.last === 0) list.first = handle + 1;
  else irqs.at(list.last - 1).next = handle + 1;
  list.last = handle + 1;
  list.count++;
}

/** list_del. */
export function remove(irqs: Irqs, list: ApList, handle: number): void {
  const i = irqs.at(handle);
  if (i.previous === 0) list.first = i.next;
  else irqs.at(i.previous - 1).next = i.next;
  if (i.next === 0) list.last = i.previous;
  else irqs.at(i.next - 1).previous = i.previous;
  i.next = 0;
  i.previous = 0;
  list.count--;
}

function insertBefore(irqs: Irqs, list: ApList, handle: number, before: number): void {
  const i = irqs.at(handle);
  const next = irqs.at(before);
  i.previous = next.previous;
  i.next = before + 1;
  if (i.previous === 0) list.first = handle + 1;
  else irqs.at(i.previous - 1).next = handle + 1;
  next.previous = handle + 1;
  list.count++;
}

/** Sorts the list of a vCPU in place, by the form's key; equal ones keep their order. */
export function sortList(w: VgicLists, vcpu: number): void {
  const { irqs } = w;
  const list = w.apLists.at(vcpu);
  for (let at = list.first; at !== 0; ) {
    const handle = at - 1;
    const i = irqs.at(handle);
    const own = keyOf(w, vcpu, i);
    at = i.next;
    let before = i.previous;
    let place = 0;
    for (; before !== 0 && keyOf(w, vcpu, irqs.at(before - 1)) > own; before = irqs.at(before - 1).previous)
      place = before;
    if (place === 0) continue;
    remove(irqs, list, handle);
    insertBefore(irqs, list, handle, place - 1);
  }
}

const keyOf = (w: VgicLists, vcpu: number, i: Irq): number =>
  w.form.sortKey(i, targetOf(w, i) === vcpu + 1, w.interfaces.at(vcpu).vmcr);
