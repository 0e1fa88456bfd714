import { createHash } from 'node:crypto';
import { type KnownHostEntry, matchesHost, parseKnownHosts } from './known-hosts.ts';

/** What is known of a server's key. Anything but `trusted` ends the connection before anything secret is sent. */
export type HostKeyVerdict =
  | { readonly kind: 'trusted' }
  | {
      readonly kind: 'unknown';
      readonly type: string;
      readonly fingerprint: string;
      readonly notes: readonly string[];
    }
  | {
      readonly kind: 'changed';
      readonly type: string;
      readonly fingerprint: string;
      /** The keys that would have been right, and where each is written. */
      readonly known: readonly { readonly fingerprint: string; readonly where: string }[];
    }
  | { readonly kind: 'revoked'; readonly fingerprint: string; readonly where: string };

export type KnownKeys =
  | {
      readonly kind: 'fingerprints';
      /** `SHA256:` and 43 characters of base64, as ssh-keygen -l prints them. */
      readonly sha256: readonly string[];
      /** Where they are written, for messages. Default `host_key in the site file`. */
      readonly where?: string;
    }
  | {
      readonly kind: 'known-hosts';
      readonly files: readonly { readonly file: string; readonly text: string }[];
    };

export interface HostKeyVerifier {
  readonly verifyHostKey: (host: string, port: number, key: Uint8Array) => HostKeyVerdict;
  /**
   * Key types to ask the server for, best first; empty when any will do. A server that has several keys then shows
   * the one that is known.
   */
  readonly hostKeyTypes: (host: string, port: number) => readonly string[];
}

export function hostKeyVerifier(known: KnownKeys): HostKeyVerifier {
  if (known.kind === 'fingerprints')
    return byFingerprint(known.sha256, known.where ?? 'host_key in the site file');
  return byKnownHosts(known.files.flatMap(({ file, text }) => parseKnownHosts(text, file)));
}

/** The fingerprint of a public key blob as OpenSSH writes it: `SHA256:` and base64 without padding. */
export function hostKeyFingerprint(key: Uint8Array): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;
}

/** The type a public key blob names in its first string (RFC 4253, 6.6), `unknown` when it is no such blob. */
export function hostKeyType(key: Uint8Array): string {
  const blob = Buffer.from(key);
  const length = blob.length >= 4 ? blob.readUInt32BE(0) : 0;
  const name = blob.subarray(4, 4 + length).toString('latin1');
  return length > 0 && length <= 64 && /^[a-z0-9@.-]+$/.test(name) ? name : 'unknown';
}

function byFingerprint(pinned: readonly string[], where: string): HostKeyVerifier {
  const accepted = new Set(pinned.map((text) => text.trim().replace(/=+$/, '')));
  return {
    hostKeyTypes: () => [],
    verifyHostKey: (_host, _port, key) => {
      const fingerprint = hostKeyFingerprint(key);
      if (accepted.has(fingerprint)) return { kind: 'trusted' };
      const type = hostKeyType(key);
      if (accepted.size === 0) return { kind: 'unknown', type, fingerprint, notes: [] };
      return {
        kind: 'changed',
        type,
        fingerprint,
        known: [...accepted].map((pin) => ({ fingerprint: pin, where })),
      };
    },
  };
}

function byKnownHosts(entries: readonly KnownHostEntry[]): HostKeyVerifier {
  return {
    hostKeyTypes: (host, port) => [
      ...new Set(plainEntries(entries, host, port).map((entry) => hostKeyType(entry.key))),
    ],
    verifyHostKey: (host, port, key) => judge(entries, { host, port, key }),
  };
}

interface Shown {
  readonly host: string;
  readonly port: number;
  readonly key: Uint8Array;
}

function judge(entries: readonly KnownHostEntry[], { host, port, key }: Shown): HostKeyVerdict {
  const fingerprint = hostKeyFingerprint(key);
  const revoked = entries.find((entry) => entry.marker === 'revoked' && entry.key.equals(key));
  if (revoked !== undefined) return { kind: 'revoked', fingerprint, where: revoked.where };
  const known = plainEntries(entries, host, port);
  // As OpenSSH does, an entry without the port vouches for a server on another port, but does not accuse it.
  const trusted = [...known, ...plainEntries(entries, host, 22)].some((entry) => entry.key.equals(key));
  if (trusted) return { kind: 'trusted' };
  const type = hostKeyType(key);
  if (known.length === 0)
    return { kind: 'unknown', type, fingerprint, notes: authorityNotes(entries, host, port) };
  const others = known.map((entry) => ({ fingerprint: hostKeyFingerprint(entry.key), where: entry.where }));
  return { kind: 'changed', type, fingerprint, known: others };
}

function plainEntries(entries: readonly KnownHostEntry[], host: string, port: number): KnownHostEntry[] {
  return entries.filter((entry) => entry.marker === 'none' && matchesHost(entry, host, port));
}

function authorityNotes(entries: readonly KnownHostEntry[], host: string, port: number): string[] {
  return entries
    .filter((entry) => entry.marker === 'cert-authority' && matchesHost(entry, host, port))
    .map(
      (entry) =>
        `${entry.where} trusts a certificate authority: that takes conn_client: openssh, and a server that shows its certificate`,
    );
}
