/** What is on a node of the lab and should not stay once a dump has ended. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { LabNode } from '../lab/lab-node.ts';

const DUMP_DIR = '/var/lib/vz/dump';

/** Processes, private folders, files in the dump folder, locks; empty when the node is clean. */
export async function nodeMess(node: LabNode): Promise<string> {
  const processes = 'ps -eo comm= | grep -vxE "sshd|ps|bash|grep"';
  const files = `ls -d /run/pvebak* ${DUMP_DIR}/* ${DUMP_DIR}/.pvebak* 2>/dev/null`;
  const locks = 'grep -H ^lock: /etc/pve/nodes/$(hostname)/*/*.conf';
  const { stdout } = await node.exec(`${processes}; ${files}; ${locks}`);
  return stdout;
}

/** Waits until the node is clean. @throws with what is left when that takes longer */
export async function cleanWithin(node: LabNode, milliseconds: number): Promise<void> {
  const deadline = performance.now() + milliseconds;
  for (;;) {
    const mess = await nodeMess(node);
    if (mess === '') return;
    if (performance.now() > deadline)
      throw new Error(`${node.name} is not clean after ${milliseconds} ms:\n${mess}`);
    await sleep(200);
  }
}
