import { createSecretKey } from 'node:crypto';
import type { Client } from 'ssh2';

/**
 * Keeps the connection's keys in the form in which Node uses them, after each exchange of keys. ssh2 makes a cipher for each packet,
 * and of a key that is mere bytes Node finds out each time, by two exceptions with their stacks, that it is no KeyObject: that was
 * a fifth of what it took to receive a stream. It is about AES-GCM, which is asked for first; all else stays as it is.
 */
export function prepareKeys(client: Client): void {
  client.on('handshake', () => {
    const protocol = propertyOf(client, '_protocol');
    prepareKey(propertyOf(protocol, '_cipher'), '_encKey');
    prepareKey(propertyOf(protocol, '_decipher'), '_decipherKey');
  });
}

function prepareKey(cipher: unknown, name: string): void {
  const key = propertyOf(cipher, name);
  if (isObject(cipher) && key instanceof Uint8Array) Reflect.set(cipher, name, createSecretKey(key));
}

function propertyOf(holder: unknown, name: string): unknown {
  return isObject(holder) ? Reflect.get(holder, name) : undefined;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
