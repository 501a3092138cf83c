// Where the fields of interrupts, list registers and CPU interfaces lie, for plain interrupts. All flags of an interrupt are in one word, and so are those of a list register.

import { spotOf, strideOf } from '@virq/irq-core/arena';
import { ApList, Irq } from '../irq/layout.ts';
import { Distributor } from '../layout.ts';
import { CpuInterface, Lr } from '../lr/layout.ts';

const irq = (name: string) => spotOf(Irq, name);
/** Words of an interrupt. */
export const IRQ_WORDS = strideOf(Irq) / 4;
/** Its word of flags and priority. */
export const IRQ_STATE = irq('config').word;
export const LEVEL = irq('config').mask;
export const ENABLED = irq('enabled').mask;
export const LINE = irq('lineLevel').mask;
export const LATCH = irq('pendingLatch').mask;
export const ACTIVE = irq('active').mask;
export const GROUP = irq('group').mask;
export const HW = irq('hw').mask;
export const ON_LR = irq('onLr').mask;
export const PRIORITY = irq('priority').shift;
/** Half words. */
export const TARGET = irq('target').half;
export const VCPU = irq('vcpu').half;
export const REFS = irq('refs').half;
export const NEXT = irq('next').half;
export const PREVIOUS = irq('previous').half;
/** Bytes. */
export const OWNER = irq('owner').byte;
export const IRQ_LOCK = irq('irqLock.holder').byte;

const list = (name: string) => spotOf(ApList, name);
/** Half words of a list. */
export const LIST_HALVES = strideOf(ApList) / 2;
export const FIRST = list('first').half;
export const LAST = list('last').half;
export const COUNT = list('count').half;
export const AP_LOCK = list('apLock.holder').byte;

const lr = (name: string) => spotOf(Lr, name);
export const LR_WORDS = strideOf(Lr) / 4;
/** The word of a list register beside the INTID. */
export const LR_FLAGS = lr('state').word;
export const LR_STATE_SHIFT = lr('state').shift;
export const LR_STATE_MASK = lr('state').mask;
export const LR_GROUP = lr('group').mask;
export const LR_HW = lr('hw').mask;
export const LR_EOI = lr('eoi').mask;
export const LR_SOURCE = lr('source').mask;
export const LR_PRIORITY = lr('priority').shift;

const cpu = (name: string) => spotOf(CpuInterface, name);
export const CPU_WORDS = strideOf(CpuInterface) / 4;
/** Bytes of an interface. */
export const USED = cpu('used').byte;
export const DIRTY = cpu('dirty').byte;
export const LAST_IRQ = cpu('last').half;
/** Words. */
export const DIRECT_STATE = cpu('direct.pending').word;
export const DIRECT_PENDING = cpu('direct.pending').mask;
export const VMCR = cpu('vmcr.enable0').word;
export const ENABLE0 = cpu('vmcr.enable0').mask;
export const ENABLE1 = cpu('vmcr.enable1').mask;
export const CBPR = cpu('vmcr.cbpr').mask;
export const EOI_MODE = cpu('vmcr.eoiMode').mask;
export const BPR0 = cpu('vmcr.bpr0').shift;
export const BPR1 = cpu('vmcr.bpr1').shift;
export const PMR = cpu('vmcr.pmr').byte;
export const HCR = cpu('hcr.en').word;
export const EN = cpu('hcr.en').mask;
export const UIE = cpu('hcr.uie').mask;
export const EOI_COUNT = cpu('hcr.eoiCount').mask;
/** What makes a maintenance interrupt depend on more than EOIs. */
export const REASONS = ['uie', 'lrenpie', 'npie', 'group0On', 'group0Off', 'group1On', 'group1Off']
  .map((name) => cpu(`hcr.${name}`).mask)
  .reduce((bits, mask) => bits | mask, 0);
export const AP0 = cpu('ap0').word;
export const AP1 = cpu('ap1').word;

const dist = (name: string) => spotOf(Distributor, name);
export const MODEL = dist('model').byte;
export const DIST_FLAGS = dist('enabled').byte;
export const DIST_ENABLED = dist('enabled').mask >>> (8 * (dist('enabled').byte & 3));
export const NR_SPIS = dist('nrSpis').half;
