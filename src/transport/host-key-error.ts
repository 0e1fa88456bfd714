import { UserError } from '../user-error.ts';
import type { HostKeyVerdict } from './host-key.ts';

/** Says why a server's key was not accepted, and what to write where it is a key that the user expects. */
export function hostKeyError(
  where: string,
  verdict: Exclude<HostKeyVerdict, { kind: 'trusted' }>,
): UserError {
  switch (verdict.kind) {
    case 'unknown':
      return new UserError(
        'host-key',
        `the host key of ${where} is not known: ${verdict.type} ${verdict.fingerprint}`,
        { hint: unknownHint(verdict) },
      );
    case 'changed':
      return new UserError('host-key', `THE HOST KEY OF ${where} IS NOT THE KNOWN ONE`, {
        hint: changedHint(verdict),
      });
    case 'revoked':
      return new UserError(
        'host-key',
        `THE HOST KEY OF ${where} IS REVOKED: ${verdict.fingerprint}, by ${verdict.where}`,
        { hint: 'Somebody declared this key to be no longer trustworthy. The server needs a new one.' },
      );
  }
}

function unknownHint(verdict: Extract<HostKeyVerdict, { kind: 'unknown' }>): string {
  return [
    ...verdict.notes,
    'Compare it on the node itself with: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub',
    '(or the file of the type shown). If it is the same, write under the host in the site file:',
    `  host_key: ${verdict.fingerprint}`,
    'or, for root@NODE on the command line, give:',
    `  --host-key ${verdict.fingerprint}`,
  ].join('\n');
}

function changedHint(verdict: Extract<HostKeyVerdict, { kind: 'changed' }>): string {
  return [
    `The server shows  ${verdict.type} ${verdict.fingerprint}`,
    ...verdict.known.map((key) => `but known is      ${key.fingerprint}  (${key.where})`),
    'Either the server was installed anew, or somebody is in between. Nothing was sent to it. Find out which;',
    'only when the new key is right, replace the known one by it.',
  ].join('\n');
}
