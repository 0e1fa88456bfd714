import ssh2, { type AnyAuthMethod, type AuthenticationType, type ParsedKey } from 'ssh2';
import { UserError } from '../user-error.ts';

export type Ssh2Login =
  | { readonly kind: 'password'; readonly password: string }
  | {
      readonly kind: 'identity';
      /** The private key's text, in OpenSSH, PEM or PuTTY format. */
      readonly key: string | Uint8Array;
      readonly passphrase?: string;
      /** Where the key was read, for messages. */
      readonly file?: string;
    }
  | { readonly kind: 'agent'; readonly socket: string };

/** Offers a login's methods to one connection, and remembers how it went. */
export interface LoginAttempt {
  readonly next: (methodsLeft: readonly AuthenticationType[] | null) => AnyAuthMethod | false;
  /** What was tried so far, `password`, `public key SHA256:...`; and what the server would take instead. */
  readonly tried: readonly string[];
  readonly accepted: readonly string[];
}

/**
 * The login's methods in order: a password is offered as such and, where the server rather asks one hidden
 * question, as its answer.
 * @throws UserError `login-refused` when the key cannot be read
 */
export function loginAttempt(username: string, login: Ssh2Login): LoginAttempt {
  const methods = methodsOf(username, login);
  const tried: string[] = [];
  const accepted: string[] = [];
  return {
    tried,
    accepted,
    next(methodsLeft) {
      if (methodsLeft !== null) accepted.splice(0, accepted.length, ...methodsLeft);
      let method = methods.shift();
      while (method !== undefined && methodsLeft !== null && !takes(methodsLeft, method.type))
        method = methods.shift();
      if (method === undefined) return false;
      tried.push(method.type === 'agent' ? 'the keys of the agent' : method.type);
      return method;
    },
  };
}

function methodsOf(username: string, login: Ssh2Login): AnyAuthMethod[] {
  switch (login.kind) {
    case 'password':
      return [
        { type: 'password', username, password: login.password },
        {
          type: 'keyboard-interactive',
          username,
          prompt: (_name, _instructions, _lang, prompts, finish) => {
            const one = prompts.length === 1 && prompts[0]?.echo !== true;
            finish(one ? [login.password] : prompts.map(() => ''));
          },
        },
      ];
    case 'identity':
      return [{ type: 'publickey', username, key: readPrivateKey(login) }];
    case 'agent':
      return [{ type: 'agent', username, agent: login.socket }];
  }
}

function takes(methodsLeft: readonly AuthenticationType[], type: AuthenticationType): boolean {
  return methodsLeft.includes(type === 'agent' ? 'publickey' : type);
}

function readPrivateKey(login: Extract<Ssh2Login, { kind: 'identity' }>): ParsedKey {
  const text = typeof login.key === 'string' ? login.key : Buffer.from(login.key);
  const parsed: unknown = ssh2.utils.parseKey(text, login.passphrase);
  const key: unknown = Array.isArray(parsed) ? parsed[0] : parsed;
  if (key instanceof Error || !isParsedKey(key))
    throw unreadableKey(login, key instanceof Error ? key.message : '');
  if (key.isPrivateKey()) return key;
  throw new UserError('login-refused', `${keyName(login)} is a public key`, {
    hint: 'Name the private key, the file without .pub.',
  });
}

function isParsedKey(value: unknown): value is ParsedKey {
  return typeof value === 'object' && value !== null && 'isPrivateKey' in value;
}

function unreadableKey(login: Extract<Ssh2Login, { kind: 'identity' }>, reason: string): UserError {
  const name = keyName(login);
  if (/no passphrase given/i.test(reason)) {
    return new UserError('login-refused', `${name} is encrypted, and no passphrase is given`, {
      hint: 'Give its passphrase, or use an agent.',
    });
  }
  if (login.passphrase !== undefined && /passphrase|integrity|decrypt|cipher|malformed/i.test(reason)) {
    return new UserError('login-refused', `the passphrase does not open ${name}`);
  }
  return new UserError(
    'login-refused',
    `${name} is no private key that can be read${reason && ` (${reason})`}`,
    {
      hint: 'It should begin with a line like -----BEGIN OPENSSH PRIVATE KEY-----.',
    },
  );
}

function keyName(login: Extract<Ssh2Login, { kind: 'identity' }>): string {
  return login.file === undefined ? 'the identity' : `the identity ${login.file}`;
}
