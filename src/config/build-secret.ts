import { expandPath, type PathBase } from './expand-path.ts';
import { promised } from './promised.ts';
import type { RawSecret } from './raw-site.ts';
import type { SecretRef } from './site.ts';

/** Where a secret is found; nothing is read. A command that is one text is for `sh -c`. */
export function buildSecret(raw: RawSecret, base: PathBase): SecretRef {
  if (typeof raw === 'string') return { kind: 'plain', value: raw };
  if (raw.env !== undefined) return { kind: 'env', name: raw.env };
  if (raw.file !== undefined) return { kind: 'file', path: promised(expandPath(raw.file, base), 'file') };
  if (raw.credential !== undefined) return { kind: 'credential', name: raw.credential };
  const command = promised(raw.command, 'a secret without a source');
  return { kind: 'command', argv: typeof command === 'string' ? ['sh', '-c', command] : command };
}
