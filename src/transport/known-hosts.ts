import { createHmac } from 'node:crypto';

/** One line of a known_hosts file (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT). */
export interface KnownHostEntry {
  readonly marker: 'none' | 'revoked' | 'cert-authority';
  readonly hosts:
    | { readonly kind: 'patterns'; readonly patterns: readonly string[] }
    /** HMAC-SHA1 of the one name, keyed with the salt. */
    | { readonly kind: 'hashed'; readonly salt: Buffer; readonly hash: Buffer };
  readonly key: Buffer;
  /** `file:line` */
  readonly where: string;
}

/** Parses a known_hosts text. Lines that are none are left out, as ssh does. */
export function parseKnownHosts(text: string, file: string): KnownHostEntry[] {
  return text.split('\n').flatMap((line, index) => parseLine(line.trim(), `${file}:${index + 1}`) ?? []);
}

/** Whether the entry speaks of this server: `host` on port 22, `[host]:port` on any other. */
export function matchesHost(entry: KnownHostEntry, host: string, port: number): boolean {
  const bare = host.toLowerCase().replace(/^\[(.*)\]$/, '$1');
  const name = port === 22 ? bare : `[${bare}]:${port}`;
  if (entry.hosts.kind === 'hashed') {
    return createHmac('sha1', entry.hosts.salt).update(name).digest().equals(entry.hosts.hash);
  }
  const { patterns } = entry.hosts;
  const denied = patterns.some(
    (pattern) => pattern.startsWith('!') && matchesPattern(pattern.slice(1), name),
  );
  return !denied && patterns.some((pattern) => matchesPattern(pattern, name));
}

function parseLine(line: string, where: string): KnownHostEntry | undefined {
  if (line === '' || line.startsWith('#')) return undefined;
  const fields = line.split(/[ \t]+/);
  const marker = markerOf(fields[0] ?? '');
  if (marker === undefined) return undefined;
  const [names, type, base64] = marker === 'none' ? fields : fields.slice(1);
  if (names === undefined || type === undefined || base64 === undefined) return undefined;
  const hosts = parseNames(names);
  const key = Buffer.from(base64, 'base64');
  return hosts === undefined || key.length === 0 ? undefined : { marker, hosts, key, where };
}

function markerOf(field: string): KnownHostEntry['marker'] | undefined {
  if (field === '@revoked') return 'revoked';
  if (field === '@cert-authority') return 'cert-authority';
  return field.startsWith('@') ? undefined : 'none';
}

function parseNames(names: string): KnownHostEntry['hosts'] | undefined {
  if (!names.startsWith('|')) return { kind: 'patterns', patterns: names.toLowerCase().split(',') };
  const [, version, salt, hash] = names.split('|');
  if (version !== '1' || salt === undefined || hash === undefined) return undefined;
  return { kind: 'hashed', salt: Buffer.from(salt, 'base64'), hash: Buffer.from(hash, 'base64') };
}

/** `*` and `?`, nothing else; only the last star is ever tried again, so that no pattern is slow. */
function matchesPattern(pattern: string, name: string): boolean {
  let p = 0;
  let n = 0;
  let star = -1;
  let mark = 0;
  while (n < name.length) {
    if (pattern[p] === '*') {
      star = p++;
      mark = n;
    } else if (pattern[p] === '?' || pattern[p] === name[n]) {
      p++;
      n++;
    } else if (star >= 0) {
      p = star + 1;
      n = ++mark;
    } else {
      return false;
    }
  }
  while (pattern[p] === '*') p++;
  return p === pattern.length;
}
