import { hash } from 'node:crypto';
import { promisify } from 'node:util';
import { zstdCompress, zstdDecompress } from 'node:zlib';
import type { Backend, ListedType } from './backend.ts';
import { damaged } from './damaged-error.ts';
import { decrypt, encrypt, type MasterKey } from './encryption.ts';
import { type FileId, parseFileId } from './object-id.ts';

/**
 * Index, snapshot and lock files: encrypted whole, named by the SHA-256 of their stored bytes. The plaintext is
 * JSON as it is, or, in version 2, the byte 2 followed by zstd of it (design document, "Unpacked Data Format").
 */
const ZSTD_ENCODING = 2;
/** A file can be at most this large once decompressed; restic's indexes are below 10 MiB. */
const MOST_BYTES = 1 << 28;

type UnpackedType = Exclude<ListedType, 'data' | 'keys'>;

const compressAsync = promisify<Uint8Array, Buffer>(zstdCompress);

/** Stores a file durably and returns its name. */
export async function saveUnpacked(
  backend: Backend,
  key: MasterKey,
  file: { readonly type: UnpackedType; readonly plaintext: Uint8Array; readonly compress: boolean },
): Promise<FileId> {
  const parts = file.compress
    ? [Uint8Array.of(ZSTD_ENCODING), await compressAsync(file.plaintext)]
    : [file.plaintext];
  const stored = encrypt(key, parts);
  const name = parseFileId(hash('sha256', stored, 'hex'));
  if (name === undefined) throw new Error('a digest that is none');
  await backend.save({ type: file.type, name }, stored);
  return name;
}

/** @throws UserError `repository-damaged` when name, MAC or compression do not match */
export async function loadUnpacked(
  backend: Backend,
  key: MasterKey,
  file: { readonly type: UnpackedType; readonly name: string },
): Promise<Uint8Array> {
  return openUnpacked(key, await backend.load(file), `${file.type}/${file.name}`);
}

/** Opens the stored bytes of an unpacked file. `where` is its type and name, `index/<64 digits>`. */
export async function openUnpacked(key: MasterKey, stored: Uint8Array, where: string): Promise<Uint8Array> {
  if (!where.endsWith(hash('sha256', stored, 'hex')))
    throw damaged(where, 'the content does not match the name');
  const plaintext = decrypt(key, stored);
  if (plaintext === undefined) throw damaged(where, 'the MAC is wrong');
  const encoding = plaintext[0];
  if (encoding === 0x7b || encoding === 0x5b) return plaintext;
  if (encoding !== ZSTD_ENCODING) throw damaged(where, `the encoding ${String(encoding)} is not known`);
  return decompress(plaintext.subarray(1), where);
}

function decompress(bytes: Uint8Array, where: string): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    zstdDecompress(bytes, { maxOutputLength: MOST_BYTES }, (cause, result) => {
      if (cause === null) resolve(result);
      else reject(damaged(where, 'it cannot be decompressed', cause));
    });
  });
}
