// The unmask eventfd of an INTx is closed while an ioctl takes it away: two ways to one work item. Linux: drivers/vfio/virqfd.c virqfd_wakeup, vfio_virqfd_disable, virqfd_shutdown.

import { handle, pool, struct, u1, type View, type ViewOf } from '../arena/index.ts';
import { BLOCKED, defineFamily, defineModel, lock, propertiesOn, protocolsOn } from '../protocol/index.ts';

/** `waits`: it is on the eventfd's wait queue. */
const Virqfd = struct('virqfd', { waits: u1 });
const Virqfds = pool(Virqfd, 1);
/** The pointer that the device keeps, virqfd_lock, the lock of the eventfd's wait queue; the virqfd whose shutdown is on the workqueue; `working`: the worker is in one. */
const Vfio = struct('vfio', {
  unmask: handle,
  virqfdLock: lock,
  waitQueue: lock,
  job: handle,
  working: u1,
  flushed: u1,
});

/** One virqfd and who points to it. */
export interface VirqfdRelease {
  readonly virqfds: ViewOf<typeof Virqfds>;
  readonly vfio: View<typeof Vfio>;
}

const { protocol } = protocolsOn<VirqfdRelease>();
const { always, quiescent, sometimes } = propertiesOn<VirqfdRelease>();

/** queue_work of the shutdown; a work item that is queued already stays queued once. */
function queueShutdown(m: VirqfdRelease, virqfd: number): void {
  m.virqfds.at(virqfd);
  m.vfio.job = virqfd;
}

/** The virqfd is on the eventfd's wait queue, so it is told of the closing. */
const isWaiting = ({ virqfds }: VirqfdRelease, virqfd: number): boolean =>
  virqfds.isLive(virqfd) && virqfds.at(virqfd).waits === 1;

/** The device points to this virqfd. The pointer is found through the virqfd (pvirqfd), so that must not be freed. */
const isPointedTo = ({ virqfds, vfio }: VirqfdRelease, virqfd: number): boolean =>
  virqfds.at(virqfd).waits === 1 && vfio.unmask === virqfd;

/** EPOLLHUP: the eventfd is closed. Whoever clears the pointer queues the release (b68e7fa879cd). */
export const hangUp = protocol('virqfd_wakeup', { virqfd: handle }, (p) => ({
  ...p.spinlocked('wait queue', (m) => m.vfio.waitQueue, {
    isWaiting: (m, f) => (isWaiting(m, f.virqfd) ? undefined : 'unlock wait queue'),
    ...p.spinlocked('virqfd', (m) => m.vfio.virqfdLock, {
      isPointedTo: (m, f) => (isPointedTo(m, f.virqfd) ? undefined : 'unlock virqfd'),
      clear(m) {
        m.vfio.unmask = 0;
      },
      queue: (m, f) => queueShutdown(m, f.virqfd),
    }),
  }),
}));

/** vfio_virqfd_disable: VFIO_DEVICE_SET_IRQS takes the eventfd away, and waits until it is released. */
export const disable = protocol('vfio_virqfd_disable', { virqfd: handle }, (p) => ({
  ...p.spinlocked('virqfd', (m) => m.vfio.virqfdLock, {
    load(m, f) {
      f.virqfd = m.vfio.unmask;
      return f.virqfd === 0 ? 'unlock virqfd' : undefined;
    },
    queue: (m, f) => queueShutdown(m, f.virqfd),
    clear(m) {
      m.vfio.unmask = 0;
    },
  }),
  flush(m) {
    if (m.vfio.working === 1 || m.vfio.job !== 0) return BLOCKED;
    m.vfio.flushed = 1;
    return undefined;
  },
}));

/** virqfd_shutdown on the cleanup workqueue. */
export const shutdown = protocol('virqfd_shutdown', { virqfd: handle }, (p) => ({
  wait: p.idle((m, f) => {
    if (m.vfio.job === 0) return BLOCKED;
    f.virqfd = m.vfio.job;
    Object.assign(m.vfio, { job: 0, working: 1 });
    return undefined;
  }),
  ...p.spinlocked('wait queue', (m) => m.vfio.waitQueue, {
    leaveQueue(m, f) {
      m.virqfds.at(f.virqfd).waits = 0;
    },
  }),
  free: (m, f) => m.virqfds.free(f.virqfd),
  done(m) {
    m.vfio.working = 0;
    return 'wait';
  },
}));

/** A virqfd with two owners. */
export const virqfdRelease = defineFamily({
  name: 'virqfd-release',
  summary: 'VFIO: the unmask eventfd is closed while an ioctl takes it away',
  scope: {},
  build: () =>
    defineModel({
      name: 'virqfd-release',
      layout: { virqfds: Virqfds, vfio: Vfio },
      processes: 3,
      protocols: [hangUp, disable, shutdown],
      machine: (root): VirqfdRelease => root,
      start(m, spawn) {
        const virqfd = m.virqfds.alloc();
        m.virqfds.at(virqfd).waits = 1;
        m.vfio.unmask = virqfd;
        spawn(hangUp, { virqfd });
        spawn(disable);
        spawn(shutdown);
      },
      properties: [
        quiescent('the virqfd is released', (m) => m.virqfds.count() === 0 && m.vfio.unmask === 0),
        always('when the ioctl returns the virqfd is gone', (m) => m.vfio.flushed === 0 || m.virqfds.count() === 0, {
          consequence: 'a later signal unmasks a device that user space has reconfigured',
        }),
        sometimes('the ioctl returns', (m) => m.vfio.flushed === 1),
        sometimes('the eventfd is closed first', (m) => m.vfio.unmask === 0 && m.vfio.flushed === 0),
      ],
    }),
});
