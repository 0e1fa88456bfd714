/** What the recordings take for granted, and why some are not replayed. */

const RESTORE_111_VM = 'qmrestore - 111 < /var/tmp/vm101.vma';
const RESTORE_211_CT = 'pct restore 211 - --rootfs local:0 < /var/tmp/plain.tar';
const RESTORE_217_CT = 'pct restore 217 - --rootfs local:0 < /var/tmp/plain.tar';
const EMPTY_115 = ': > /etc/pve/qemu-server/115.conf';
const RUNNING_105 = 'qm start 105';
const RUNNING_206 = 'pct start 206';
const PRELAUNCH_108 = `echo '{"state":"prelaunch","pid":20108,"since":1}' > /run/lab/guests/108`;

/** Name of the recording → a line of bash that makes what earlier runs had left. */
export const BEFORE: ReadonlyMap<string, string> = new Map([
  ['pct-destroy-running', RUNNING_206],
  ['pct-destroy-stopped', RESTORE_211_CT],
  ['pct-list', `${RESTORE_211_CT}; rm /etc/pve/lxc/205.conf`],
  ['pct-restore-after-leftover-create-lock', "echo 'lock: create' > /etc/pve/lxc/234.conf"],
  ['pct-restore-exists', 'pct restore 241 - --rootfs local:0 < /var/tmp/plain.tar'],
  ['pct-restore-exists-no-force', RESTORE_211_CT],
  ['pct-restore-force', `${RESTORE_211_CT}; pct restore 241 - --rootfs local:0 < /var/tmp/plain.tar`],
  ['pct-restore-force-running', RUNNING_206],
  ['pct-restore-force-truncated-existing', RESTORE_217_CT],
  ['pct-restore-options', 'pct destroy 223'],
  ['pct-start-running', RUNNING_206],
  ['pct-stop-running', RUNNING_206],
  ['pct-unlock', "sed -i '1i lock: backup' /etc/pve/lxc/206.conf"],
  ['pvesh-vm-stop', RUNNING_105],
  ['qm-destroy-create-locked', ': > /etc/pve/qemu-server/116.conf'],
  ['qm-destroy-protected', 'qmrestore - 115 < /var/tmp/vm101.vma'],
  ['qm-destroy-running', RUNNING_105],
  ['qm-destroy-stopped', RESTORE_111_VM],
  [
    'qm-list',
    `rm /etc/pve/qemu-server/109.conf; ${RUNNING_105}; echo 'memory: 128' > /etc/pve/qemu-server/113.conf; qmrestore - 115 < /var/tmp/vm101.vma`,
  ],
  ['qm-shutdown-timeout', `echo 'args: lab-deaf' >> /etc/pve/qemu-server/105.conf; ${RUNNING_105}`],
  ['qm-start-running', RUNNING_105],
  ['qm-stop-during-backup', RUNNING_105],
  ['qm-stop-prelaunch', PRELAUNCH_108],
  ['qm-stop-running', RUNNING_105],
  ['qmrestore-after-failed-force', EMPTY_115],
  ['qmrestore-after-failed-no-force', EMPTY_115],
  ['qmrestore-exists', 'qmrestore - 141 < /var/tmp/vm101.vma'],
  ['qmrestore-exists-force', RESTORE_111_VM],
  ['qmrestore-exists-no-force', RESTORE_111_VM],
  ['qmrestore-force', 'qmrestore - 141 < /var/tmp/vm101.vma'],
  ['qmrestore-force-truncated-existing', 'qmrestore - 113 < /var/tmp/vm101.vma'],
  ['qmrestore-running-force', RUNNING_105],
  ['qmrestore-stdin-gz', EMPTY_115],
  ['qmrestore-stdin-two-disks-storage-option', 'qmrestore - 119 < /var/tmp/vm107.vma'],
  ['vzdump-after-leftover-lock', "sed -i '1i lock: backup' /etc/pve/lxc/206.conf"],
  ['vzdump-ct-running-snapshot-falls-back', RUNNING_206],
  ['vzdump-ct-running-stop', RUNNING_206],
  ['vzdump-ct-running-suspend', RUNNING_206],
  [
    'vzdump-vm-after-worker-sigkill',
    `sed -i '1i lock: backup' /etc/pve/qemu-server/108.conf; ${PRELAUNCH_108}`,
  ],
  ['vzdump-vm-kvm-start-fails', "echo 'args: lab-start-fails' >> /etc/pve/qemu-server/101.conf"],
  ['vzdump-vm-running-sigterm', RUNNING_105],
  ['vzdump-vm-running-snapshot', RUNNING_105],
  ['vzdump-vm-running-suspend', RUNNING_105],
  ['vzdump-vm-suspend-sigterm', RUNNING_105],
]);

/** Name of the recording → why it is not replayed. */
export const NOT_REPLAYED: ReadonlyMap<string, string> = new Map([
  [
    'pct-restore-protected-existing',
    'its status is that of a machine without bridges; the test of the lab has the same case',
  ],
  ['qm-config-pending', 'the lab has no pending changes'],
  ['qm-start', 'the numbers of a running QEMU are not there in full'],
  ['qmrestore-bwlimit', 'whether the pipe breaks before the end is a matter of speed'],
  [
    'ssh-pct-restore-client-killed',
    'an SSH client on the node itself; the transport tests do it from outside',
  ],
  ['ssh-qmrestore-client-killed', 'an SSH client on the node itself; the transport tests do it from outside'],
  [
    'ssh-tty-vzdump-client-killed',
    'an SSH client on the node itself; the transport tests do it from outside',
  ],
  ['ssh-vzdump-ct-client-killed', 'an SSH client on the node itself; the transport tests do it from outside'],
  ['ssh-vzdump-vm-client-killed', 'an SSH client on the node itself; the transport tests do it from outside'],
  [
    'ssh-vzdump-vm-running-client-killed',
    'an SSH client on the node itself; the transport tests do it from outside',
  ],
  ['vzdump-vm-parent-sighup', 'needs vma verify on the node; the same is replayed with a container'],
  ['vzdump-vm-running-stop-mode', 'takes a minute, the smallest --stopwait there is'],
  ['vzdump-vm-sigint-x2', 'whether the process is still there for the second signal is a matter of speed'],
  [
    'vzdump-vm-worker-sigkill',
    "QEMU is part of the lab's worker, so nobody holds the parent's pipes when that is killed",
  ],
  ['cluster-resources', 'compared as JSON in the answers of pvesh'],
  ['cluster-resources-vm', 'compared as JSON in the answers of pvesh'],
  ['cluster-status', 'compared as JSON in the answers of pvesh'],
  ['nodes', 'compared as JSON in the answers of pvesh'],
  ['pool-nested', 'compared as JSON in the answers of pvesh'],
]);

/** The lab's guests hold less, so what waits for them may wait less; these wait for a time that does not depend on size. */
export const REAL_TIME: ReadonlySet<string> = new Set(['vzdump-vm-suspend-sigterm']);
