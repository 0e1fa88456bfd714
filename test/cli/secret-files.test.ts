/** Files with secrets that others can read are warned about, wherever the site says that a secret is. */
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Workplace } from './program.ts';

let place: Workplace;

beforeAll(async () => {
  place = new Workplace();
  chmodSync(place.folder, 0o755);
  place.write('identity', 'no key, and nobody asks');
  place.write('passphrase', 'x\n');
  place.write('hosts.yaml', ['hosts:', '  other:', ...host('conn_identity_key: swordfish')].join('\n'));
  const lines = [
    'version: 1',
    'include: [hosts.yaml]',
    'repositories:',
    '  main: { path: ./repository, password: { file: ./password } }',
    'hosts:',
    '  pve:',
    ...host('conn_identity_file: ./identity', 'conn_passphrase: { file: ./passphrase }'),
    'backups: [{ name: all, hosts: [pve, other], all: true }]',
  ];
  place.write('site.yaml', lines.join('\n'));
  await place.makeRepository();
});

afterAll(() => place[Symbol.dispose]());

/** Nobody is asked there: what is no key is seen before. */
function host(...login: readonly string[]): readonly string[] {
  const way = ['location: proxmox://127.0.0.1', 'mode: remote', 'conn_method: identity'];
  return [...way, ...login].map((line) => `    ${line}`);
}

function warning(name: string, key: string, who: string, mode: string): string {
  const path = join(place.folder, name);
  return `warning: ${path} (${key}) can be read by ${who} (mode ${mode}): chmod 600 ${path}\n`;
}

describe('files that others can read', () => {
  it('are no matter where they cannot', async () => {
    expect((await place.succeed('validate', 'site.yaml')).stderr).toBe('');
  });

  it.each(['validate', 'plan'])('are named by %s, each once, and the run goes on', async (command) => {
    const everyone = 'every user of this machine';
    for (const name of ['password', 'identity', 'passphrase', 'site.yaml', 'hosts.yaml'])
      chmodSync(join(place.folder, name), 0o644);
    const { stdout, stderr, status } = await place.pvebak(command, 'site.yaml');
    expect(stderr).toBe(
      [
        warning('password', 'repositories.main.password', everyone, '0644'),
        warning('identity', 'hosts.pve.conn_identity_file', everyone, '0644'),
        warning('passphrase', 'hosts.pve.conn_passphrase', everyone, '0644'),
        warning('hosts.yaml', 'hosts.other.conn_identity_key', everyone, '0644'),
      ].join(''),
    );
    expect(stdout).not.toContain('swordfish');
    expect(status).toBe(command === 'validate' ? 0 : 3);
  });
});
