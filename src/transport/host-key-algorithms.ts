import type { ServerHostKeyAlgorithm } from 'ssh2';

/** Key type in a public key blob, and the signature algorithms that go with it. SHA-1 signatures are not asked for. */
const families: readonly { readonly type: string; readonly algorithms: readonly ServerHostKeyAlgorithm[] }[] =
  [
    { type: 'ssh-ed25519', algorithms: ['ssh-ed25519'] },
    { type: 'ecdsa-sha2-nistp256', algorithms: ['ecdsa-sha2-nistp256'] },
    { type: 'ecdsa-sha2-nistp384', algorithms: ['ecdsa-sha2-nistp384'] },
    { type: 'ecdsa-sha2-nistp521', algorithms: ['ecdsa-sha2-nistp521'] },
    { type: 'ssh-rsa', algorithms: ['rsa-sha2-512', 'rsa-sha2-256'] },
  ];

/** What to ask a server for: `preferred` key types first, then the others, none of `without`. */
export function hostKeyAlgorithms(
  preferred: readonly string[],
  without: readonly string[],
): ServerHostKeyAlgorithm[] {
  const rank = (type: string) => (preferred.includes(type) ? 0 : 1);
  return families
    .filter(({ type }) => !without.includes(type))
    .toSorted((a, b) => rank(a.type) - rank(b.type))
    .flatMap(({ algorithms }) => [...algorithms]);
}
