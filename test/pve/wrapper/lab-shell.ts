/** Shells into a lab's node, as pvebak opens them. */
import { readFileSync } from 'node:fs';
import { hostKeyVerifier } from '../../../src/transport/host-key.ts';
import type { Shell } from '../../../src/transport/shell.ts';
import { openSsh2Shell } from '../../../src/transport/ssh2-shell.ts';
import type { LabNode } from '../../lab/lab-node.ts';

/** What a client in another process needs to know of a node. */
export type NodeAddress = Pick<LabNode, 'port' | 'identityFile' | 'hostKeyFingerprint'>;

export function openNode(node: NodeAddress): Promise<Shell> {
  return openSsh2Shell({
    addresses: [{ host: '127.0.0.1', port: node.port }],
    username: 'root',
    login: { kind: 'identity', key: readFileSync(node.identityFile, 'utf8') },
    ...hostKeyVerifier({ kind: 'fingerprints', sha256: [node.hostKeyFingerprint] }),
  });
}
