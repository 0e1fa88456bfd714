/** With ssh2 and a server as they are: another version of ssh2 must have its keys in the same places. */
import { createHash, KeyObject } from 'node:crypto';
import ssh2, { type Client, type ClientChannel } from 'ssh2';
import { expect, it } from 'vitest';
import { prepareKeys } from '../../src/transport/prepare-keys.ts';
import { startSshd, type TestSshd } from './sshd.ts';

const MIB = 1 << 20;

interface Keys {
  readonly _protocol: {
    readonly _cipher: { readonly _encKey: unknown };
    readonly _decipher: { readonly _decipherKey: unknown };
  };
}

function keysOf(client: Client): readonly unknown[] {
  const { _cipher, _decipher } = (client as unknown as Keys)._protocol;
  return [_cipher._encKey, _decipher._decipherKey];
}

async function connect(client: Client, { port, username, identity }: TestSshd): Promise<void> {
  const ready = Promise.withResolvers<void>();
  client.on('ready', ready.resolve).on('error', ready.reject);
  const algorithms = { cipher: ['aes128-gcm@openssh.com' as const] };
  client.connect({ host: '127.0.0.1', port, username, privateKey: identity, algorithms });
  await ready.promise;
}

function run(client: Client, command: string): Promise<ClientChannel> {
  return new Promise((resolve, reject) => {
    client.exec(command, (error, channel) => (error ? reject(error) : resolve(channel)));
  });
}

it('has prepared keys after each exchange of keys, with which the same bytes come and go', async () => {
  await using sshd = await startSshd({ config: ['RekeyLimit 1M'] });
  const client = new ssh2.Client();
  const kinds: boolean[] = [];
  prepareKeys(client);
  client.on('handshake', () => kinds.push(keysOf(client).every((key) => key instanceof KeyObject)));
  try {
    await connect(client, sshd);
    const sent = Buffer.alloc(6 * MIB, 'what is sent');
    const channel = await run(client, 'cat');
    channel.end(sent);
    const got = createHash('sha256');
    for await (const bytes of channel) got.update(bytes);
    expect(got.digest('hex')).toBe(createHash('sha256').update(sent).digest('hex'));
    expect(kinds.length).toBeGreaterThan(4);
    expect(kinds).not.toContain(false);
  } finally {
    client.end();
  }
});
