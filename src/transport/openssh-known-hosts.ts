import { UserError } from '../user-error.ts';
import { type HostKeyVerdict, hostKeyVerifier } from './host-key.ts';
import type { OpensshKnownHosts } from './openssh-options.ts';

/**
 * The KnownHostsCommand (ssh_config(5), since OpenSSH 8.5), called with fingerprint, name, type and key, each `NONE`
 * while there is no key yet. Writes down what the server showed, and vouches for it where its fingerprint is pinned.
 */
export function knownHostsScript(known: OpensshKnownHosts): string {
  const pins = known.kind === 'fingerprints' ? known.sha256.map(checkedPin) : [];
  return [
    '[ "$1" != NONE ] || exit 0',
    `printf '%s %s\\n' "$2" "$4" >>"\${0%/*}/shown"`,
    'case $1 in',
    ...pins.map((pin) => `${pin}) printf '%s %s %s\\n' "$2" "$3" "$4" ;;`),
    'esac',
    'exit 0',
    '',
  ].join('\n');
}

/** What this program itself says of the key that was shown; ssh has refused it already. */
export function judgeShownKey(shown: string, known: OpensshKnownHosts): HostKeyVerdict | undefined {
  const [name, key] = shown.trim().split('\n').at(-1)?.split(' ') ?? [];
  if (known.kind === 'configured' || name === undefined || key === undefined) return undefined;
  const { host, port } = parseName(name);
  return hostKeyVerifier(known).verifyHostKey(host, port, Buffer.from(key, 'base64'));
}

/** As known_hosts has it: the bare name for port 22, else `[name]:port`. */
function parseName(name: string): { host: string; port: number } {
  const [, host, port] = /^\[(.*)\]:(\d+)$/.exec(name) ?? [];
  return { host: host ?? name, port: port === undefined ? 22 : Number(port) };
}

function checkedPin(pin: string): string {
  const bare = pin.trim().replace(/=+$/, '');
  if (/^SHA256:[A-Za-z0-9+/]{43}$/.test(bare)) return bare;
  throw new UserError('host-key', `${pin} is no fingerprint of a host key`, {
    hint: 'It looks as ssh-keygen -l prints it: SHA256: and 43 letters, digits, + and /.',
  });
}
