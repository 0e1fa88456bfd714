/** What a failed run has left, as its recording shows it or, where nobody looked, as the facts about the tools say. */
export interface Left {
  readonly guest: readonly ['dump' | 'restore', 'qemu' | 'lxc', number];
  /** As the look at the node after an abort prints it. */
  readonly state: readonly string[];
  /** Lines of it that the recording does not print. */
  readonly unseen?: readonly string[];
  /** What is not left. */
  readonly lost?: string;
}

const LOCK = 'config lock: backup';
const PRELAUNCH = 'status: prelaunch';
const MEMORY = 'config memory: 128';
const STOPPED = 'status: stopped';

/** A VM of which nothing is known but, at most, `memory: 128`. */
function stub(vmid: number, ...state: readonly string[]): Left {
  return { guest: ['restore', 'qemu', vmid], state: [...state, STOPPED], unseen: [STOPPED] };
}

function dumped(type: 'qemu' | 'lxc', vmid: number, ...state: readonly string[]): Left {
  return { guest: ['dump', type, vmid], state };
}

function worker(vmid: number): string {
  return `task UPID:pve1:00001D90:00029D27:6B031F96:vzdump:${vmid}:root@pam:`;
}

/** By recording; what is not here has left nothing. */
export const LEFT: ReadonlyMap<string, Left> = new Map<string, Left>([
  ['qmrestore-bwlimit', { ...stub(135, MEMORY), unseen: [MEMORY, STOPPED] }],
  ['qmrestore-ct-archive', stub(132)],
  [
    'qmrestore-force-truncated-existing',
    { ...stub(113, MEMORY), lost: 'the old VM is gone: restore it again' },
  ],
  ['qmrestore-live-restore', stub(131)],
  ['qmrestore-path-noext', stub(116)],
  ['qmrestore-path-nonstd-name-zst', stub(121)],
  ['qmrestore-sigterm', stub(138, MEMORY)],
  ['qmrestore-stdin-empty', stub(123)],
  ['qmrestore-stdin-garbage', stub(124)],
  ['qmrestore-stdin-truncated', stub(122, MEMORY)],
  ['qmrestore-stdin-zst', stub(115)],
  ['qmrestore-storage-missing-in-config', stub(126)],
  ['qmrestore-storage-missing-option', stub(125)],
  ['qmrestore-storage-other-node', stub(128, MEMORY)],
  ['qmrestore-storage-wrong-content', stub(127)],
  ['9.2 qmrestore-truncated', stub(143, MEMORY)],
  ['ssh-qmrestore-client-killed', stub(134, MEMORY)],
  [
    'pct-restore-force-truncated-existing',
    { guest: ['restore', 'lxc', 217], state: [], lost: 'the old container is gone: restore it again' },
  ],
  [
    'ssh-pct-restore-client-killed',
    { guest: ['restore', 'lxc', 234], state: ['config lock: create', STOPPED] },
  ],
  ['ssh-vzdump-vm-client-killed', dumped('qemu', 108, PRELAUNCH)],
  ['ssh-vzdump-vm-running-client-killed', { ...dumped('qemu', 105, LOCK), unseen: [LOCK] }],
  [
    'vzdump-parent-sighup',
    dumped('lxc', 206, LOCK, 'task UPID:pve1:00001D86:00029D27:6B031F96:vzdump:206:root@pam:'),
  ],
  ['vzdump-parent-sigkill', { ...dumped('lxc', 206, LOCK, worker(206)), unseen: [worker(206)] }],
  [
    'vzdump-vm-parent-sighup',
    { ...dumped('qemu', 108, LOCK, PRELAUNCH, worker(108)), unseen: [worker(108)] },
  ],
  [
    'vzdump-worker-sigkill',
    dumped('lxc', 206, LOCK, 'dump-folder /var/lib/vz/dump/vzdump-lxc-206-2026_11_22-16_58_08.tmp'),
  ],
  [
    'vzdump-vm-worker-sigkill',
    dumped(
      'qemu',
      108,
      LOCK,
      PRELAUNCH,
      'dump-folder /var/lib/vz/dump/vzdump-qemu-108-2026_11_22-17_14_22.tmp',
    ),
  ],
  ['vzdump-vm-after-worker-sigkill', dumped('qemu', 108, PRELAUNCH)],
]);

/** Recordings that look like a failure, and why they are none. */
export const NO_FAILURE: ReadonlyMap<string, string> = new Map([
  ['pct-destroy-stopped', 'the container is gone, and the question for it afterwards failed as it should'],
  ['pct-unlock', 'the status is that of grep, which finds no lock any more'],
  ['qm-destroy-create-locked', 'the VM is gone, and what asked for it afterwards failed as it should'],
  ['qm-destroy-stopped', 'the VM is gone, and the question for it afterwards failed as it should'],
  ['qmrestore-pool', 'the VM is in its pool; only the question for a nested pool was put wrongly'],
]);
