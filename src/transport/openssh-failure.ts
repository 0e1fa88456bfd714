import { UserError } from '../user-error.ts';
import { hostKeyError } from './host-key-error.ts';
import { defaultConnectTimeoutMs, type MasterRequest } from './openssh-arguments.ts';
import { askedLine } from './openssh-askpass.ts';
import { judgeShownKey } from './openssh-known-hosts.ts';
import type { MasterFailure } from './openssh-master.ts';
import { formatOpensshAddress, type OpensshLogin } from './openssh-options.ts';
import { lastWords, opensshLines } from './openssh-words.ts';

/** Why a client did not log in. Another address may do better only where it is `unreachable`. */
export type OpensshFailure =
  | { readonly kind: 'unreachable'; readonly reason: string }
  /** `type`: of the key that was shown, where the server may have others. */
  | { readonly kind: 'untrusted'; readonly error: UserError; readonly type?: string }
  | { readonly kind: 'refused'; readonly error: UserError };

/** Reads it from what ssh wrote (OpenSSH 9.2 `ssh.c`, `sshconnect.c`, `sshconnect2.c`): there is nothing else. */
export function explainFailure(request: MasterRequest, failure: MasterFailure): OpensshFailure {
  const { status, stderr, timedOut } = failure;
  if (status === 127) return refused(noProgram(request.options.program ?? 'ssh'));
  if (/^Host key verification failed|REMOTE HOST IDENTIFICATION|is revoked/im.test(stderr))
    return untrusted(request, failure);
  if (/Permission denied \(|Too many authentication failures|Permission denied, please/.test(stderr))
    return refused(loginRefused(request, stderr));
  if (/[Bb]ad configuration option|^command-line|Bad owner or permissions|line \d+:/m.test(stderr))
    return refused(badConfiguration(stderr));
  const forwarding = /open failed: administratively prohibited/.test(stderr);
  if (forwarding)
    return { kind: 'unreachable', reason: 'the jump host lets no connection through (AllowTcpForwarding)' };
  return { kind: 'unreachable', reason: reasonOf(stderr, timedOut, request) };
}

function refused(error: UserError): OpensshFailure {
  return { kind: 'refused', error };
}

function untrusted(request: MasterRequest, { stderr, shown }: MasterFailure): OpensshFailure {
  const where = formatOpensshAddress(request.address);
  const verdict = judgeShownKey(shown, request.options.knownHosts);
  if (verdict === undefined || verdict.kind === 'trusted')
    return { kind: 'untrusted', error: refusedByClient(where, stderr) };
  const error = hostKeyError(where, verdict);
  const pinned = request.options.knownHosts.kind === 'fingerprints' && verdict.kind !== 'revoked';
  return { kind: 'untrusted', error, ...(pinned && { type: verdict.type }) };
}

/** The key is a jump host's, or the client's own configuration decides. */
function refusedByClient(where: string, stderr: string): UserError {
  const lines = opensshLines(stderr).filter((line) => !/^@+$|^Connection closed/.test(line));
  return new UserError('host-key', `ssh does not trust a host key on the way to ${where}`, {
    hint: [...lines, 'A key that is right belongs into the known_hosts of the client (ssh_config(5)).'].join(
      '\n',
    ),
  });
}

function loginRefused({ address, options }: MasterRequest, stderr: string): UserError {
  const { login } = options;
  // The server is asked for a key before its passphrase is: when that was asked for, the server knows the key.
  if (login.kind === 'identity' && stderr.includes(askedLine)) return wrongPassphrase(login.file);
  const where = formatOpensshAddress(address);
  const lines = opensshLines(stderr).filter((line) => !/^Connection closed/.test(line));
  const said = lines.map((line) => line.replace(/\.$/, '')).join('; ');
  return new UserError('login-refused', `${where} refused the login: ${said}`, { hint: loginHint(login) });
}

function wrongPassphrase(file: string): UserError {
  return new UserError('login-refused', `the passphrase does not open the identity ${file}`, {
    hint: 'If it does, the server does not know the key: one in PEM format without its .pub file beside it is opened first.',
  });
}

function loginHint(login: OpensshLogin): string {
  switch (login.kind) {
    case 'password':
      return 'Check conn_password, and whether the server lets this user in by password. A jump host is never given it.';
    case 'identity':
      return 'Check that the public half of the key is in authorized_keys there. A key with a passphrase needs it given here.';
    case 'agent':
      return `Check with ssh-add -l that the agent at ${login.socket} holds a key that may be used there.`;
    case 'configured':
      return 'Check that ssh -o BatchMode=yes gets in without asking for anything.';
  }
}

function noProgram(program: string): UserError {
  return new UserError('command-failed', `there is no ${program} on this machine`, {
    hint: 'Install the OpenSSH client (Debian: openssh-client), or set conn_client: ssh2.',
  });
}

function badConfiguration(stderr: string): UserError {
  const old = /knownhostscommand/i.test(stderr);
  return new UserError('command-failed', `ssh does not take its configuration: ${lastWords(stderr) ?? ''}`, {
    ...(old && { hint: 'host_key and known_hosts need OpenSSH 8.5 or newer with conn_client: openssh.' }),
  });
}

function reasonOf(stderr: string, timedOut: boolean, { options }: MasterRequest): string {
  const [, refusal] = /connect to (?:host|address) \S+ port \d+: (.*?)\r?$/m.exec(stderr) ?? [];
  if (refusal !== undefined) return refusal.charAt(0).toLowerCase() + refusal.slice(1);
  if (/Could not resolve hostname/.test(stderr)) return 'its name is not known to the DNS';
  if (timedOut || /timed out/.test(stderr))
    return `no answer within ${(options.connectTimeoutMs ?? defaultConnectTimeoutMs) / 1000} s`;
  const lines = opensshLines(stderr);
  return lines.length === 0 ? 'ssh ended without a word' : lines.join('; ');
}
