/** Makes tar archives by hand, so that a test can say which byte is wrong. */

export interface HeaderFields {
  readonly name: string;
  readonly type?: string;
  readonly size?: number;
  readonly linkName?: string;
  readonly mtime?: number;
  readonly prefix?: string;
  /** `ustar\0` + `00` unless told. */
  readonly magic?: string;
}

export const END_BLOCKS = new Uint8Array(1024);

export function tarHeader(fields: HeaderFields): Uint8Array {
  const block = Buffer.alloc(512);
  block.write(fields.name, 0);
  block.write('0000644\0', 100);
  block.write('0001750\0', 108);
  block.write('0001751\0', 116);
  block.write(`${(fields.size ?? 0).toString(8).padStart(11, '0')}\0`, 124);
  block.write(`${(fields.mtime ?? 0).toString(8).padStart(11, '0')}\0`, 136);
  block.write(fields.type ?? '0', 156);
  block.write(fields.linkName ?? '', 157);
  block.write(fields.magic ?? 'ustar\x0000', 257, 'latin1');
  block.write(fields.prefix ?? '', 345);
  return withChecksum(block);
}

/** The header with its checksum put right. */
export function withChecksum(header: Uint8Array): Uint8Array {
  const block = Buffer.from(header);
  block.fill(' ', 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return new Uint8Array(block);
}

/** A header and its data, filled up to whole blocks. */
export function tarEntry(fields: HeaderFields, data: Uint8Array | string = ''): Uint8Array {
  const bytes = Buffer.from(data);
  const padding = Buffer.alloc((512 - (bytes.length % 512)) % 512);
  return joinBytes([tarHeader({ size: bytes.length, ...fields }), bytes, padding]);
}

export function paxEntry(records: Readonly<Record<string, string | Uint8Array>>, type = 'x'): Uint8Array {
  const lines = Object.entries(records).map(([key, value]) => paxRecord(key, Buffer.from(value)));
  return tarEntry({ name: 'PaxHeaders/x', type }, joinBytes(lines));
}

function paxRecord(key: string, value: Uint8Array): Uint8Array {
  const rest = Buffer.concat([Buffer.from(` ${key}=`), value, Buffer.from('\n')]);
  let length = rest.length;
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
  return joinBytes([Buffer.from(String(length)), rest]);
}

export function joinBytes(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}
