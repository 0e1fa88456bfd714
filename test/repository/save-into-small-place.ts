/**
 * Run in a mount namespace of its own: saves files into the folder that is given, on a file system of 1 MiB, and writes what
 * happened as JSON.
 */
import { readdirSync } from 'node:fs';
import { folderBackend } from '../../src/repository/folder-backend.ts';
import { UserError } from '../../src/user-error.ts';

const folder = process.argv[2] ?? '';
const backend = folderBackend(folder);
const small = { type: 'index', name: '0a'.repeat(32) } as const;
const large = { type: 'index', name: 'f0'.repeat(32) } as const;
await backend.save(small, new Uint8Array(1000));
let failure: unknown;
try {
  await backend.save(large, new Uint8Array(2 << 20).fill(1));
} catch (error) {
  failure = error instanceof UserError ? { code: error.code, message: error.message } : String(error);
}
const left = readdirSync(`${folder}/index`);
await backend.save(large, new Uint8Array(1000));
process.stdout.write(JSON.stringify({ failure, left, after: await backend.list('index') }));
