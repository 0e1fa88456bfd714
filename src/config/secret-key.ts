import { nearest } from './nearest.ts';

const SECRET_KEYS = ['password', 'conn_password', 'conn_passphrase'];
const LOOKS_SECRET = /pas+w|pas+phrase|^pass$|pwd|secret|token|identity_?key/i;

/** Whether what stands under this key may be a secret; misspelt keys count, for they are what messages are about. */
export function isSecretKey(key: string): boolean {
  return LOOKS_SECRET.test(key) || nearest(key, SECRET_KEYS) !== undefined;
}
