// The per-vCPU ir_list of AVIC: update_pi_irte ∥ vCPU load and put; the protocol that SPIN, TLC and Murphi were given too.

import { array, bitmap, bits, struct, u1, type View } from '@virq/irq-core/arena';
import { BLOCKED, defineModel, type Edits, propertiesOn, protocolsOn, replace } from '@virq/irq-core/protocol';

/** `place`: 0 out of the guest, 1 on the way, 2 in the guest. */
const Vcpu = struct('vcpu', { locked: u1, running: u1, cpu: u1, place: bits(2), list: bitmap(4) });
const Irte = struct('irte', { target: bits(3), isRunning: u1, cpu: u1, busy: u1 });

interface Avic {
  readonly vcpus: { readonly length: number; at(i: number): View<typeof Vcpu> };
  readonly irtes: { readonly length: number; at(i: number): View<typeof Irte> };
}

const { protocol } = protocolsOn<Avic>();
const { always } = propertiesOn<Avic>();
const index = bits(3);

const vcpu = protocol('vcpu', { v: index, i: index, cpu: u1 }, (p) => ({
  load: p.choose(2, (m, f, _self, choice) => {
    m.vcpus.at(f.v).place = 1;
    f.cpu = choice;
  }),
  lockToLoad(m, f) {
    const v = m.vcpus.at(f.v);
    if (v.locked === 1) return BLOCKED;
    v.locked = 1;
    return undefined;
  },
  setRunning(m, f) {
    const v = m.vcpus.at(f.v);
    v.running = 1;
    v.cpu = f.cpu;
    f.cpu = 0;
  },
  refresh(m, f) {
    const v = m.vcpus.at(f.v);
    if (f.i === m.irtes.length) {
      f.i = 0;
      v.locked = 0;
      v.place = 2;
      return undefined;
    }
    if (v.list.has(f.i)) {
      const e = m.irtes.at(f.i);
      e.isRunning = 1;
      e.cpu = v.cpu;
    }
    f.i++;
    return 'refresh';
  },
  lockToPut(m, f) {
    const v = m.vcpus.at(f.v);
    if (v.locked === 1) return BLOCKED;
    v.locked = 1;
    v.place = 1;
    return undefined;
  },
  clear(m, f) {
    const v = m.vcpus.at(f.v);
    if (f.i === m.irtes.length) {
      f.i = 0;
      v.running = 0;
      v.cpu = 0;
      return undefined;
    }
    if (v.list.has(f.i)) {
      const e = m.irtes.at(f.i);
      e.isRunning = 0;
      e.cpu = 0;
    }
    f.i++;
    return 'clear';
  },
  unlock(m, f) {
    const v = m.vcpus.at(f.v);
    v.locked = 0;
    v.place = 0;
    return 'load';
  },
}));

/** Sets the target; a posting to nobody ends the update. */
function retarget(m: Avic, f: { i: number; t: number }): 'lockNew' | 'pick' {
  const e = m.irtes.at(f.i);
  e.target = f.t;
  e.isRunning = 0;
  e.cpu = 0;
  if (f.t !== m.vcpus.length) return 'lockNew';
  f.t = 0;
  e.busy = 0;
  return 'pick';
}

const updater = (targets: number) =>
  protocol('updater', { i: index, t: index }, (p) => ({
    pick: p.choose(targets, (m, f, _self, choice) => {
      m.irtes.at(f.i).busy = 1;
      f.t = choice;
    }),
    lockOld(m, f) {
      const { target } = m.irtes.at(f.i);
      if (target === m.vcpus.length) return retarget(m, f);
      const v = m.vcpus.at(target);
      if (v.locked === 1) return BLOCKED;
      v.locked = 1;
      return undefined;
    },
    remove(m, f) {
      const v = m.vcpus.at(m.irtes.at(f.i).target);
      v.list.delete(f.i);
      v.locked = 0;
    },
    retarget,
    lockNew(m, f) {
      const v = m.vcpus.at(f.t);
      if (v.locked === 1) return BLOCKED;
      v.locked = 1;
      return undefined;
    },
    add(m, f) {
      const v = m.vcpus.at(f.t);
      v.list.add(f.i);
      if (v.running === 0) return;
      const e = m.irtes.at(f.i);
      e.isRunning = 1;
      e.cpu = v.cpu;
    },
    done(m, f) {
      m.vcpus.at(f.t).locked = 0;
      f.t = 0;
      m.irtes.at(f.i).busy = 0;
      return 'pick';
    },
  }));

function isConsistent(m: Avic, i: number): boolean {
  const e = m.irtes.at(i);
  if (e.busy === 1) return true;
  for (let v = 0; v < m.vcpus.length; v++) if (m.vcpus.at(v).list.has(i) !== (e.target === v)) return false;
  if (e.target === m.vcpus.length) return true;
  const v = m.vcpus.at(e.target);
  if (v.place === 2) return e.isRunning === 1 && e.cpu === v.cpu;
  return v.place !== 0 || e.isRunning === 0;
}

/** The model for N vCPUs and M IRTEs on two pCPUs, with its bug 2 (no refresh when added to a running vCPU) as an edit. */
export function avic(N: number, M: number): { model: ReturnType<typeof defineModel>; withoutRefresh: Edits } {
  const update = updater(N + 1);
  const model = defineModel({
    name: 'avic',
    layout: { vcpus: array(Vcpu, N), irtes: array(Irte, M) },
    processes: N + M,
    protocols: [vcpu, update],
    machine: ({ vcpus, irtes }): Avic => ({ vcpus, irtes }),
    start(m, spawn) {
      for (let v = 0; v < N; v++) spawn(vcpu, { v });
      for (let i = 0; i < M; i++) {
        m.irtes.at(i).target = N;
        spawn(update, { i });
      }
    },
    properties: [always('a settled IRTE is on the list of its vCPU and names its pCPU', isConsistent, { over: M })],
  });
  return { model, withoutRefresh: [[update, replace(update, 'add', (m, f) => m.vcpus.at(f.t).list.add(f.i))]] };
}
