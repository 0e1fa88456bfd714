import { parseNodeName } from '../pve/guest.ts';
import { asList } from './as-list.ts';
import { buildSecret } from './build-secret.ts';
import { buildVzdump } from './build-vzdump.ts';
import { expandPath, type PathBase } from './expand-path.ts';
import { parseDuration } from './parse-duration.ts';
import { parseLocation } from './parse-location.ts';
import { promised } from './promised.ts';
import type { OneOrMore, RawHost, RawNodeAccess } from './raw-site.ts';
import type {
  BackupCompression,
  HostAccess,
  HostEntry,
  HostKeys,
  NodeAccess,
  SshClient,
  SshLogin,
} from './site.ts';

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
    ...(raw.config_backup === true ? { configBackup: true } : {}),
    vzdump: buildVzdump(raw.vzdump ?? {}),
  };
}

function buildAccess(raw: RawHost, base: PathBase): HostAccess {
  return {
    kind: 'ssh',
    addresses: buildAddresses(raw.location),
    username: raw.conn_username ?? 'root',
    ...(raw.sudo === true ? { sudo: true } : {}),
    login: buildLogin(raw, base),
    hostKeys: buildHostKeys(raw, base),
    client: buildClient(raw),
    nodes: new Map(
      Object.entries(raw.nodes ?? {}).map(([name, node]) => [
        promised(parseNodeName(name), 'nodes'),
        buildNodeAccess(node),
      ]),
    ),
    stallTimeoutMs: promised(parseDuration(raw.stall_timeout ?? '5m'), 'stall_timeout'),
  };
}

type Addresses = Extract<HostAccess, { kind: 'ssh' }>['addresses'];

function buildAddresses(location: OneOrMore<string> | undefined): Addresses {
  return asList(location).map((text) => promised(parseLocation(text), 'location'));
}

function buildClient(raw: RawHost): SshClient {
  return raw.conn_client === 'openssh'
    ? { kind: 'openssh', options: asList(raw.ssh_options) }
    : { kind: 'ssh2' };
}

function buildNodeAccess(raw: RawNodeAccess): NodeAccess {
  return {
    ...(raw.location === undefined ? {} : { addresses: buildAddresses(raw.location) }),
    ...(raw.host_key === undefined ? {} : { hostKeys: buildFingerprints(raw.host_key) }),
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
  if (raw.host_key !== undefined) return buildFingerprints(raw.host_key);
  const files = asList(raw.known_hosts ?? ['~/.ssh/known_hosts', '/etc/ssh/ssh_known_hosts']);
  return { kind: 'known-hosts', files: files.map((file) => promised(expandPath(file, base), 'known_hosts')) };
}

function buildFingerprints(keys: OneOrMore<string>): HostKeys {
  return { kind: 'fingerprints', sha256: asList(keys).map((key) => key.replace(/=$/, '')) };
}

/** YAML reads 0 and 1 as numbers. */
function buildCompression(raw: BackupCompression | 0 | 1): BackupCompression {
  if (raw === 0) return '0';
  return raw === 1 ? '1' : raw;
}
