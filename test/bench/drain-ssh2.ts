/**
 * A process of its own: the bare pipe of the built-in SSH client. Arguments: port, key file, fingerprint of the server's key, a
 * file there. Reads the file into nothing. Prints `{ seconds, bytes }` of that alone.
 */
import { readFileSync } from 'node:fs';
import { openWay } from '../../src/transport/way.ts';
import { directSource } from './direct-disk.ts';

export interface DrainFigures {
  readonly seconds: number;
  readonly bytes: number;
}

if (import.meta.main) {
  const [port = '', keyFile = '', fingerprint = '', file = ''] = process.argv.slice(2);
  await using shell = await openWay({
    kind: 'ssh2',
    options: {
      addresses: [{ host: '127.0.0.1', port: Number(port) }],
      username: 'root',
      login: { kind: 'identity', key: readFileSync(keyFile) },
      knownKeys: { kind: 'fingerprints', sha256: [fingerprint] },
    },
  });
  const started = performance.now();
  const command = await shell.run(['sh', '-c', `${directSource}"$1"`, 'sh', file]);
  let bytes = 0;
  for await (const piece of command.stdout) bytes += piece.length;
  await command.exit;
  process.stdout.write(JSON.stringify({ seconds: (performance.now() - started) / 1000, bytes }));
}
