import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { OpensshShellOptions } from '../../src/transport/openssh-options.ts';
import type { TestSshd } from './sshd.ts';

/** The way into a test server; what is left of the client would lie in `temporaryDirectory`. */
export function opensshOptions(
  sshd: TestSshd,
  temporaryDirectory: string,
  changes: Partial<OpensshShellOptions> = {},
): OpensshShellOptions {
  return {
    addresses: [{ host: '127.0.0.1', port: sshd.port }],
    username: sshd.username,
    login: { kind: 'identity', file: sshd.identityFile },
    knownHosts: { kind: 'fingerprints', sha256: [sshd.fingerprints['ed25519'] ?? ''] },
    environment: { PATH: process.env['PATH'] },
    configFile: emptyConfig(sshd),
    temporaryDirectory,
    ...changes,
  };
}

/** So that nothing of whoever runs the tests plays in. */
function emptyConfig({ directory }: TestSshd): string {
  const file = join(directory, 'ssh_config');
  writeFileSync(file, '', { mode: 0o600 });
  return file;
}
