/** A user of a node who is not root: logs in with the lab's key, and may become root by what is written for it into sudoers. */
import type { LabNode } from './lab-node.ts';

/**
 * @param sudoers lines for a file of sudoers.d; none: the user may not become root
 * @throws when the node does not take them
 */
export async function addUser(node: LabNode, name: string, sudoers: readonly string[]): Promise<void> {
  const commands = [
    'set -e',
    // Another machine's sudo would look the node's name up.
    `grep -q " ${node.name}$" /etc/hosts || echo "127.0.1.1 ${node.name}" >>/etc/hosts`,
    `id ${name} 2>/dev/null || useradd --password '*' --home-dir /var/lib/${name} --create-home --shell /bin/bash ${name}`,
    'cat >/etc/sudoers.d/lab',
    'chmod 0440 /etc/sudoers.d/lab',
    'visudo --check',
  ];
  const path = `Defaults secure_path="${node.bin}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"`;
  const { stdout, stderr, exitCode } = await node.exec(
    commands.join('\n'),
    [path, ...sudoers, ''].join('\n'),
  );
  if (exitCode !== 0) throw new Error(`no user ${name} on ${node.name}: ${stdout}${stderr}`);
}
