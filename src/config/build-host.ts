import { parseNodeName } from '../pve/guest.ts';
import { asList } from './as-list.ts';
import { buildSecret } from './build-secret.ts';
import { expandPath, type PathBase } from './expand-path.ts';
import { parseLocation } from './parse-location.ts';
import { parseSize } from './parse-size.ts';
import { promised } from './promised.ts';
import type { RawHost } from './raw-site.ts';
import type { BackupCompression, HostAccess, HostEntry, HostKeys, SshLogin, VzdumpOptions } from './site.ts';

/** One entry under `hosts`. */
export function buildHost(name: string, raw: RawHost, base: PathBase): HostEntry {
  return {
    name,
    id: raw.id ?? name,
    access: raw.mode === 'local' ? { kind: 'local' } : buildAccess(raw, base),
    backupMode: raw.backup_mode ?? 'snapshot',
    backupCompression: buildCompression(raw.backup_compression ?? 0),
    dumpDir: raw.dump_dir ?? '/var/lib/vz/dump',
    ...(raw.node === undefined ? {} : { node: promised(parseNodeName(raw.node), 'node') }),
    cleanup: raw.cleanup ?? false,
    vzdump: buildVzdump(raw.vzdump ?? {}),
  };
}

function buildAccess(raw: RawHost, base: PathBase): HostAccess {
  return {
    kind: 'ssh',
    addresses: asList(raw.location).map((location) => promised(parseLocation(location), 'location')),
    username: raw.conn_username ?? 'root',
    login: buildLogin(raw, base),
    hostKeys: buildHostKeys(raw, base),
  };
}

function buildLogin(raw: RawHost, base: PathBase): SshLogin {
  const method = promised(raw.conn_method, 'conn_method');
  switch (method) {
    case 'password':
      return { kind: 'password', password: buildSecret(promised(raw.conn_password, 'conn_password'), base) };
    case 'identity':
      return buildIdentity(raw, base);
    case 'agent':
      return raw.conn_agent === undefined
        ? { kind: 'agent' }
        : { kind: 'agent', socket: promised(expandPath(raw.conn_agent, base), 'conn_agent') };
  }
}

function buildIdentity(raw: RawHost, base: PathBase): SshLogin {
  const source = raw.conn_identity_key ?? { file: promised(raw.conn_identity_file, 'conn_identity_file') };
  const key = buildSecret(source, base);
  return raw.conn_passphrase === undefined
    ? { kind: 'identity', key }
    : { kind: 'identity', key, passphrase: buildSecret(raw.conn_passphrase, base) };
}

function buildHostKeys(raw: RawHost, base: PathBase): HostKeys {
  if (raw.host_key !== undefined) {
    return { kind: 'fingerprints', sha256: asList(raw.host_key).map((key) => key.replace(/=$/, '')) };
  }
  const files = asList(raw.known_hosts ?? ['~/.ssh/known_hosts', '/etc/ssh/ssh_known_hosts']);
  return { kind: 'known-hosts', files: files.map((file) => promised(expandPath(file, base), 'known_hosts')) };
}

/** YAML reads 0 and 1 as numbers. */
function buildCompression(raw: BackupCompression | 0 | 1): BackupCompression {
  if (raw === 0) return '0';
  return raw === 1 ? '1' : raw;
}

function buildVzdump(raw: NonNullable<RawHost['vzdump']>): VzdumpOptions {
  return {
    ...(raw.bwlimit === undefined ? {} : { bwlimitKiB: toKiB(promised(parseSize(raw.bwlimit), 'bwlimit')) }),
    ...(raw.ionice === undefined ? {} : { ionice: raw.ionice }),
    excludePath: asList(raw['exclude-path']),
  };
}

/** vzdump takes 0 for "no limit". */
function toKiB(bytes: number): number {
  return Math.max(1, Math.floor(bytes / 1024));
}
