import { hash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { FormatError } from '../../../src/formats/format-error.ts';
import { decodeVmaHeader } from '../../../src/formats/vma/decode-vma-header.ts';
import { encodeVmaHeader } from '../../../src/formats/vma/encode-vma-header.ts';
import type { VmaHeader } from '../../../src/formats/vma/vma-header.ts';

const HEADER: VmaHeader = {
  uuid: Uint8Array.from({ length: 16 }, (_, index) => index + 1),
  ctime: 1795366907,
  configs: [
    { name: 'qemu-server.conf', content: new TextEncoder().encode('memory: 512\n') },
    { name: 'qemu-server.fw', content: new Uint8Array(0) },
  ],
  devices: [
    { id: 1, name: 'drive-efidisk0', size: 540672 },
    { id: 7, name: 'drive-scsi0', size: 8 * 1024 ** 4 },
  ],
};

describe('an archive header', () => {
  it('is decoded to what was encoded', () => {
    expect(decodeVmaHeader(encodeVmaHeader(HEADER))).toEqual(HEADER);
  });

  it('is a multiple of 512 bytes, with a blob buffer even if there is nothing to put in', () => {
    const bytes = encodeVmaHeader({ ...HEADER, configs: [], devices: [] });
    expect(bytes.length).toBe(12800);
    expect(decodeVmaHeader(bytes)).toEqual({ ...HEADER, configs: [], devices: [] });
  });

  it('has little-endian lengths in its blob buffer and big-endian numbers elsewhere', () => {
    const bytes = Buffer.from(encodeVmaHeader(HEADER));
    expect(bytes.toString('latin1', 0, 4)).toBe('VMA\0');
    expect(bytes.readUInt32BE(48)).toBe(12288);
    expect(bytes.readUInt32BE(56)).toBe(bytes.length);
    expect(bytes.readUInt16LE(12288 + bytes.readUInt32BE(2044))).toBe('qemu-server.conf\0'.length);
  });

  it('decodes from a Buffer without changing it', () => {
    const bytes = Buffer.from(encodeVmaHeader(HEADER));
    const before = Buffer.from(bytes);
    decodeVmaHeader(bytes);
    expect(bytes.equals(before)).toBe(true);
  });

  it('is refused above 20 MiB before any of it is read', () => {
    const start = encodeVmaHeader(HEADER);
    new DataView(start.buffer).setUint32(56, 20 * 1024 * 1024 + 1);
    expect(() => decodeVmaHeader(start)).toThrow(
      new FormatError('an archive header of 20971521 bytes is too long', 56),
    );
  });

  it('is refused with a device of more than 8 TiB', () => {
    const bytes = changed((view) => view.setBigUint64(4096 + 7 * 32 + 8, 8n * 1024n ** 4n + 1n));
    expect(() => decodeVmaHeader(bytes)).toThrow('device drive-scsi0 is larger than 8 TiB');
  });

  it.each([
    ['qemu-server/conf', 'the config name "qemu-server/conf" contains a slash'],
    ['................', undefined],
    ['qemu-server\nconf', 'the config name "qemu-server\\nconf" contains a control character'],
    ['qemu-server\0conf', 'the config name "qemu-server\\u0000conf" contains a control character'],
    ['..\0\0\0\0\0\0\0\0\0\0\0\0\0\0', 'contains a control character'],
    ['qemu-server.co\xff\xff', 'a config name is not UTF-8'],
  ])('with the config name %j is judged by it', (name, problem) => {
    const bytes = changed((view) => new Uint8Array(view.buffer).set(Buffer.from(name, 'latin1'), 12288 + 3));
    if (problem === undefined) expect(decodeVmaHeader(bytes).configs[0]?.name).toBe(name);
    else expect(() => decodeVmaHeader(bytes)).toThrow(problem);
  });

  it.each(['', '.', '..'])('is refused with the name %j', (name) => {
    const bytes = changed((view) => {
      view.setUint16(12288 + 1, name.length + 1, true);
      new Uint8Array(view.buffer).set(Buffer.from(`${name}\0`), 12288 + 3);
      view.setUint32(3068, 1);
      for (const at of [2048, 3072, 4096 + 32 + 12, 4096 + 7 * 32 + 12]) view.setUint32(at, 0);
    });
    expect(() => decodeVmaHeader(bytes)).toThrow(/name ".*" (is empty|names a folder)/);
  });

  it('is refused with a name that is there twice', () => {
    const bytes = changed((view) => view.setUint32(4096 + 7 * 32, view.getUint32(4096 + 32)));
    expect(() => decodeVmaHeader(bytes)).toThrow('the device name "drive-efidisk0" is there twice');
  });

  it('ignores a blob chain that leaves its buffer, as long as nothing points there', () => {
    const bytes = changed((view) => {
      const length = view.getUint32(52);
      view.setUint32(52, length + 2);
      view.setUint16(12288 + length, 0xffff, true);
    });
    expect(decodeVmaHeader(bytes)).toEqual(HEADER);
  });

  it.each<[string, Partial<VmaHeader>]>([
    ['a uuid of 15 bytes', { uuid: new Uint8Array(15) }],
    ['a config of 65,536 bytes', { configs: [{ name: 'a', content: new Uint8Array(65536) }] }],
    [
      'two configs of one name',
      {
        configs: [
          { name: 'a', content: new Uint8Array(1) },
          { name: 'a', content: new Uint8Array(1) },
        ],
      },
    ],
    ['a name with a slash', { devices: [{ id: 1, name: 'a/b', size: 512 }] }],
    ['device 255', { devices: [{ id: 255, name: 'a', size: 512 }] }],
    [
      'two devices of one id',
      {
        devices: [
          { id: 1, name: 'a', size: 512 },
          { id: 1, name: 'b', size: 512 },
        ],
      },
    ],
    ['a device of 0 bytes', { devices: [{ id: 1, name: 'a', size: 0 }] }],
    ['a device above 8 TiB', { devices: [{ id: 1, name: 'a', size: 8 * 1024 ** 4 + 512 }] }],
  ])('cannot be made with %s', (_, change) => {
    expect(() => encodeVmaHeader({ ...HEADER, ...change })).toThrow(RangeError);
  });
});

/** The header with a change made and its checksum put right. */
function changed(change: (view: DataView) => void): Uint8Array {
  const bytes = encodeVmaHeader(HEADER);
  change(new DataView(bytes.buffer));
  bytes.fill(0, 32, 48);
  bytes.set(hash('md5', bytes, 'buffer'), 32);
  return bytes;
}
