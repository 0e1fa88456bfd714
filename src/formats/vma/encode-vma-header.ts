import { hash } from 'node:crypto';
import { BlobBufferBuilder } from './blob-buffer.ts';
import { nameProblem } from './name-problem.ts';
import { MAX_DEVICE_BYTES, type VmaConfig, type VmaDevice, type VmaHeader } from './vma-header.ts';
import { HEADER } from './vma-header-layout.ts';

/**
 * The archive header, a multiple of 512 bytes, laid out as the stock writer does: name and content of each config in
 * order, then the names of the devices.
 * @throws RangeError for what the format cannot say or our reader would refuse; the caller has checked its input
 */
export function encodeVmaHeader(header: VmaHeader): Uint8Array<ArrayBuffer> {
  checkHeader(header);
  const blobs = new BlobBufferBuilder();
  const configs = header.configs.map(
    ({ name, content }) => [blobs.add(cString(name)), blobs.add(content)] as const,
  );
  const names = header.devices.map(({ name }) => blobs.add(cString(name)));
  const length = HEADER.fixedBytes + Math.ceil(blobs.length / HEADER.roundedTo) * HEADER.roundedTo;
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  writeFixedFields(view, header, blobs.length);
  bytes.set(header.uuid, HEADER.uuidAt);
  configs.forEach(([name, content], slot) => {
    view.setUint32(HEADER.configNamesAt + 4 * slot, name);
    view.setUint32(HEADER.configContentsAt + 4 * slot, content);
  });
  header.devices.forEach((device, index) => {
    writeDevice(view, device, names[index] ?? 0);
  });
  blobs.writeTo(bytes, HEADER.fixedBytes);
  bytes.set(hash('md5', bytes, 'buffer'), HEADER.digestAt);
  return bytes;
}

function writeFixedFields(view: DataView, header: VmaHeader, blobBytes: number): void {
  view.setUint32(0, HEADER.magic);
  view.setUint32(HEADER.versionAt, HEADER.version);
  view.setBigInt64(HEADER.ctimeAt, BigInt(header.ctime));
  view.setUint32(HEADER.blobStartAt, HEADER.fixedBytes);
  view.setUint32(HEADER.blobLengthAt, blobBytes);
  view.setUint32(HEADER.lengthAt, view.byteLength);
}

function writeDevice(view: DataView, device: VmaDevice, name: number): void {
  const at = HEADER.devicesAt + HEADER.deviceBytes * device.id;
  view.setUint32(at, name);
  view.setBigUint64(at + HEADER.deviceSizeAt, BigInt(device.size));
}

function cString(text: string): Uint8Array {
  return new TextEncoder().encode(`${text}\0`);
}

function checkHeader(header: VmaHeader): void {
  if (header.uuid.length !== 16) throw new RangeError('a VMA uuid has 16 bytes');
  if (header.configs.length > HEADER.configSlots) throw new RangeError('a VMA has room for 256 configs');
  checkNames(header.configs);
  checkNames(header.devices);
  for (const device of header.devices) checkDevice(device);
  if (new Set(header.devices.map(({ id }) => id)).size !== header.devices.length) {
    throw new RangeError('two devices have the same id');
  }
}

function checkNames(named: readonly (VmaConfig | VmaDevice)[]): void {
  const taken = new Set<string>();
  for (const { name } of named) {
    const problem = nameProblem(name) ?? (taken.has(name) ? 'is there twice' : undefined);
    if (problem !== undefined) throw new RangeError(`the name ${JSON.stringify(name)} ${problem}`);
    taken.add(name);
  }
}

function checkDevice({ id, name, size }: VmaDevice): void {
  if (!Number.isInteger(id) || id < 1 || id > HEADER.lastDeviceId) {
    throw new RangeError(`device ${name} has the id ${id}, not one of 1 to ${HEADER.lastDeviceId}`);
  }
  if (!Number.isInteger(size) || size < 1 || size > MAX_DEVICE_BYTES) {
    throw new RangeError(`device ${name} has ${size} bytes, not 1 byte to 8 TiB`);
  }
}
