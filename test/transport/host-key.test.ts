import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { hostKeyFingerprint, hostKeyType, hostKeyVerifier } from '../../src/transport/host-key.ts';
import { hostKeyAlgorithms } from '../../src/transport/host-key-algorithms.ts';
import { hostKeyError } from '../../src/transport/host-key-error.ts';
import { makeKey } from './sshd.ts';

const directory = mkdtempSync('/tmp/pvebak-host-keys-');
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function publicKey(name: string, type: string) {
  const file = makeKey(directory, name, type);
  const line = readFileSync(`${file}.pub`, 'utf8').split(' ').slice(0, 2).join(' ');
  return { file, line, blob: Buffer.from(line.split(' ')[1] ?? '', 'base64') };
}

const right = publicKey('right', 'ed25519');
const other = publicKey('other', 'ed25519');
const rsa = publicKey('rsa', 'rsa');

function verdict(text: string, { host = 'pve1', port = 22 } = {}) {
  const verifier = hostKeyVerifier({ kind: 'known-hosts', files: [{ file: 'kh', text }] });
  return verifier.verifyHostKey(host, port, right.blob);
}

function hashed(name: string): string {
  const file = join(directory, 'hashed');
  writeFileSync(file, `${name} ${right.line}\n`);
  execFileSync('ssh-keygen', ['-q', '-H', '-f', file], { stdio: 'ignore' });
  return readFileSync(file, 'utf8');
}

describe('a key', () => {
  test('has the fingerprint that ssh-keygen shows', () => {
    const shown = execFileSync('ssh-keygen', ['-l', '-f', `${right.file}.pub`], { encoding: 'utf8' });
    expect(shown).toContain(` ${hostKeyFingerprint(right.blob)} `);
  });

  test.for([
    [right.blob, 'ssh-ed25519'],
    [rsa.blob, 'ssh-rsa'],
    [Buffer.alloc(0), 'unknown'],
    [Buffer.from('ffffffff41', 'hex'), 'unknown'],
  ] as const)('names its type: %#', ([blob, type]) => {
    expect(hostKeyType(blob)).toBe(type);
  });
});

describe('known_hosts', () => {
  test.for([
    ['its own name', `pve1 ${right.line}`, {}, 'trusted'],
    ['a list of names', `pve1.lan,pve1,10.0.0.1 ${right.line} comment`, {}, 'trusted'],
    ['a name in capitals', `PVE1 ${right.line}`, {}, 'trusted'],
    ['a pattern', `*.lan,pv?1 ${right.line}`, {}, 'trusted'],
    ['a pattern that leaves it out', `pve*,!pve1 ${right.line}`, {}, 'unknown'],
    ['a hashed name', hashed('pve1'), {}, 'trusted'],
    ['a hashed name with port', hashed('[pve1]:2222'), { port: 2222 }, 'trusted'],
    ['another hashed name', hashed('pve2'), {}, 'unknown'],
    ['its port', `[pve1]:2222 ${right.line}`, { port: 2222 }, 'trusted'],
    ['another port', `[pve1]:2222 ${right.line}`, { port: 2223 }, 'unknown'],
    ['no port, where the key is the same', `pve1 ${right.line}`, { port: 2222 }, 'trusted'],
    ['no port, where the key is another', `pve1 ${other.line}`, { port: 2222 }, 'unknown'],
    ['an IPv6 address', `fd00::1 ${right.line}`, { host: 'fd00::1' }, 'trusted'],
    ['an IPv6 address with port', `[fd00::1]:2222 ${right.line}`, { host: 'fd00::1', port: 2222 }, 'trusted'],
    ['another key', `pve1 ${other.line}`, {}, 'changed'],
    ['another key and the right one', `pve1 ${other.line}\npve1 ${right.line}`, {}, 'trusted'],
    ['another host', `pve2 ${right.line}`, {}, 'unknown'],
    ['nothing', '', {}, 'unknown'],
    [
      'comments and rubbish',
      `# pve1 ${right.line}\npve1\n|1|x ssh-rsa AAAA\n@new pve1 ${right.line}`,
      {},
      'unknown',
    ],
    ['the key revoked', `pve1 ${right.line}\n@revoked * ${right.line}`, {}, 'revoked'],
    ['a certificate authority', `@cert-authority *,pve1 ${right.line}`, {}, 'unknown'],
  ] as const)('with %s', ([, text, server, kind]) => {
    expect(verdict(text, server).kind).toBe(kind);
  });

  test('says where the key stands that would have been right', () => {
    expect(verdict(`\n\npve1 ${other.line}`)).toEqual({
      kind: 'changed',
      type: 'ssh-ed25519',
      fingerprint: hostKeyFingerprint(right.blob),
      known: [{ fingerprint: hostKeyFingerprint(other.blob), where: 'kh:3' }],
    });
  });

  test('says what a certificate authority takes', () => {
    expect(verdict(`@cert-authority pve1 ${right.line}`)).toMatchObject({
      notes: [
        'kh:1 trusts a certificate authority: that takes conn_client: openssh, and a server that shows its certificate',
      ],
    });
  });

  test('tells which key types to ask for', () => {
    const text = `pve1 ${rsa.line}\npve2 ${right.line}`;
    const verifier = hostKeyVerifier({ kind: 'known-hosts', files: [{ file: 'kh', text }] });
    expect(verifier.hostKeyTypes('pve1', 22)).toEqual(['ssh-rsa']);
    expect(verifier.hostKeyTypes('pve3', 22)).toEqual([]);
  });
});

test('known key types are asked for first, refused ones not again, and never with SHA-1', () => {
  expect(hostKeyAlgorithms(['ssh-rsa'], []).slice(0, 3)).toEqual([
    'rsa-sha2-512',
    'rsa-sha2-256',
    'ssh-ed25519',
  ]);
  expect(hostKeyAlgorithms([], ['ssh-ed25519'])).not.toContain('ssh-ed25519');
  expect(hostKeyAlgorithms([], [])).not.toContain('ssh-rsa');
});

test('a pinned fingerprint may carry the padding that some tools print', () => {
  const sha256 = [`${hostKeyFingerprint(right.blob)}=`];
  expect(hostKeyVerifier({ kind: 'fingerprints', sha256 }).verifyHostKey('pve1', 22, right.blob).kind).toBe(
    'trusted',
  );
});

test('what is refused is explained', () => {
  const fingerprint = 'SHA256:abc';
  const unknown = hostKeyError('pve1:22', {
    kind: 'unknown',
    type: 'ssh-ed25519',
    fingerprint,
    notes: ['a note'],
  });
  expect(unknown.message).toBe('the host key of pve1:22 is not known: ssh-ed25519 SHA256:abc');
  expect(unknown.hint?.split('\n')).toEqual(
    expect.arrayContaining(['a note', '  host_key: SHA256:abc', '  --host-key SHA256:abc']),
  );
  const revoked = hostKeyError('pve1:22', { kind: 'revoked', fingerprint, where: 'kh:3' });
  expect(revoked.message).toBe('THE HOST KEY OF pve1:22 IS REVOKED: SHA256:abc, by kh:3');
});
