import { hash } from 'node:crypto';
import { FormatError } from '../format-error.ts';
import { findBlobs } from './blob-buffer.ts';
import { nameProblem } from './name-problem.ts';
import { MAX_DEVICE_BYTES, type VmaConfig, type VmaDevice, type VmaHeader } from './vma-header.ts';
import { HEADER } from './vma-header-layout.ts';

/**
 * The archive header in `bytes`, which may be longer. Checks in the order of the stock reader, then what it does not:
 * names, repeated names, device sizes. A device without a proper name is absent, as it is for the stock reader.
 * @throws FormatError
 */
export function decodeVmaHeader(bytes: Uint8Array): VmaHeader {
  const length = vmaHeaderLength(bytes);
  if (bytes.length < length) throw new FormatError('the stream ends inside the archive header', bytes.length);
  const header = new Uint8Array(bytes.buffer, bytes.byteOffset, length);
  const view = new DataView(header.buffer, header.byteOffset, length);
  checkDigest(header);
  const version = view.getUint32(HEADER.versionAt);
  if (version !== HEADER.version) {
    throw new FormatError(`archive version ${version} is not known`, HEADER.versionAt);
  }
  const tables = readTables(view, locateBlobBuffer(view));
  return {
    uuid: header.slice(HEADER.uuidAt, HEADER.uuidAt + 16),
    ctime: readTime(view),
    configs: readConfigs(tables),
    devices: readDevices(tables),
  };
}

/** The length of the whole header, by its first 12,288 bytes. @throws FormatError when it is none or above 20 MiB */
export function vmaHeaderLength(start: Uint8Array): number {
  if (start.length === 0) throw new FormatError('the stream is empty', 0);
  if (start.length < HEADER.fixedBytes) {
    throw new FormatError('the stream ends inside the archive header', start.length);
  }
  const view = new DataView(start.buffer, start.byteOffset, HEADER.fixedBytes);
  if (view.getUint32(0) !== HEADER.magic) throw new FormatError('this is no VMA archive', 0);
  const length = view.getUint32(HEADER.lengthAt);
  if (length <= HEADER.fixedBytes) {
    throw new FormatError(`an archive header of ${length} bytes is too short`, HEADER.lengthAt);
  }
  if (length > HEADER.maxBytes) {
    throw new FormatError(`an archive header of ${length} bytes is too long`, HEADER.lengthAt);
  }
  return length;
}

function checkDigest(header: Uint8Array): void {
  const unsigned = header.slice();
  unsigned.fill(0, HEADER.digestAt, HEADER.digestAt + 16);
  const digest = hash('md5', unsigned, 'buffer');
  if (digest.compare(header, HEADER.digestAt, HEADER.digestAt + 16) !== 0) {
    throw new FormatError('archive header checksum is wrong', HEADER.digestAt);
  }
}

function readTime(view: DataView): number {
  const seconds = Number(view.getBigInt64(HEADER.ctimeAt));
  if (!Number.isSafeInteger(seconds)) throw new FormatError('the creation time is no time', HEADER.ctimeAt);
  return seconds;
}

interface BlobBuffer {
  readonly start: number;
  readonly bytes: Uint8Array;
}

function locateBlobBuffer(view: DataView): BlobBuffer {
  const start = view.getUint32(HEADER.blobStartAt);
  const length = view.getUint32(HEADER.blobLengthAt);
  if (start < HEADER.fixedBytes) {
    throw new FormatError(`the blob buffer starts at ${start}, inside the tables`, HEADER.blobStartAt);
  }
  if (start + length > view.byteLength) {
    throw new FormatError('the blob buffer reaches beyond the header', HEADER.blobLengthAt);
  }
  return { start, bytes: new Uint8Array(view.buffer, view.byteOffset + start, length) };
}

/** A pointer, and where in the header it is. */
interface Pointer {
  readonly value: number;
  readonly at: number;
}

interface Tables {
  readonly configs: readonly { readonly name: Pointer; readonly content: Pointer }[];
  readonly devices: readonly { readonly id: number; readonly name: Pointer; readonly size: bigint }[];
  readonly blobStart: number;
  readonly blobs: ReadonlyMap<number, Uint8Array>;
}

function readTables(view: DataView, buffer: BlobBuffer): Tables {
  const configs = configPointers(view);
  const devices = devicePointers(view);
  const wanted = new Set<number>();
  for (const { name, content } of configs) wanted.add(name.value).add(content.value);
  for (const { name } of devices) wanted.add(name.value);
  return { configs, devices, blobStart: buffer.start, blobs: findBlobs(buffer.bytes, wanted) };
}

function configPointers(view: DataView): Tables['configs'] {
  return Array.from({ length: HEADER.configSlots }, (_, slot) => ({
    name: pointerAt(view, HEADER.configNamesAt + 4 * slot),
    content: pointerAt(view, HEADER.configContentsAt + 4 * slot),
  })).filter(({ name, content }) => name.value !== 0 && content.value !== 0);
}

function devicePointers(view: DataView): Tables['devices'] {
  return Array.from({ length: HEADER.lastDeviceId }, (_, before) => {
    const at = HEADER.devicesAt + HEADER.deviceBytes * (before + 1);
    return {
      id: before + 1,
      name: pointerAt(view, at),
      size: view.getBigUint64(at + HEADER.deviceSizeAt),
    };
  }).filter(({ size }) => size !== 0n);
}

function pointerAt(view: DataView, at: number): Pointer {
  return { value: view.getUint32(at), at };
}

function readConfigs(tables: Tables): VmaConfig[] {
  const taken = new Set<string>();
  return tables.configs.map(({ name, content }) => {
    const label = stringBlob(tables, name);
    if (label === undefined) throw new FormatError('a config name points to no string', name.at);
    const blob = tables.blobs.get(content.value);
    if (blob === undefined) throw new FormatError('a config points to no blob', content.at);
    return { name: checkedName(label, 'config', taken), content: blob.slice() };
  });
}

function readDevices(tables: Tables): VmaDevice[] {
  const taken = new Set<string>();
  return tables.devices.flatMap(({ id, name, size }) => {
    const label = stringBlob(tables, name);
    if (label === undefined) return [];
    const checked = checkedName(label, 'device', taken);
    if (size > MAX_DEVICE_BYTES) {
      throw new FormatError(`device ${checked} is larger than 8 TiB`, name.at + HEADER.deviceSizeAt);
    }
    return [{ id, name: checked, size: Number(size) }];
  });
}

interface Label {
  readonly bytes: Uint8Array;
  /** Where it is in the header. */
  readonly at: number;
}

/** A blob that ends with NUL, without it. */
function stringBlob(tables: Tables, pointer: Pointer): Label | undefined {
  const blob = tables.blobs.get(pointer.value);
  if (blob === undefined || blob.at(-1) !== 0) return undefined;
  return { bytes: blob.subarray(0, -1), at: tables.blobStart + pointer.value + 2 };
}

function checkedName(label: Label, what: string, taken: Set<string>): string {
  const name = utf8(label.bytes);
  if (name === undefined) throw new FormatError(`a ${what} name is not UTF-8`, label.at);
  const problem = nameProblem(name) ?? (taken.has(name) ? 'is there twice' : undefined);
  if (problem !== undefined) {
    throw new FormatError(`the ${what} name ${JSON.stringify(name)} ${problem}`, label.at);
  }
  taken.add(name);
  return name;
}

function utf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
