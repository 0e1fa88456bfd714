import type { Draws } from '../draws.ts';

/** What parsers stumble over. */
const NUMBERS = [0, 1, -1, 0x7f, 0xff, 0x7fff, 0xffff, 0x7fffffff, 0xffffffff, 2 ** 53, 1e308, 0.5];
const TEXTS = [
  '',
  '\0',
  '\n',
  '..',
  '../../etc/passwd',
  '/etc/passwd',
  'a/../../b',
  '$(touch /tmp/owned)',
  "'; reboot; '",
  '`id`',
  '\u001b]0;owned\u0007\u001b[2J',
  '\u202egnp.exe',
  '\ud800',
  '__proto__',
  'constructor',
  '-1',
  '99999999999999999999999999',
  '1e999',
  'NaN',
  '{"a":',
  'x'.repeat(70_000),
  '\u00e9'.repeat(300),
];

/** The same bytes, but for a few things that are wrong with them. */
export function mutateBytes(seed: Uint8Array, others: readonly Uint8Array[], draws: Draws): Buffer {
  let bytes: Buffer = Buffer.from(seed);
  for (let edits = 1 + Math.floor(draws.fraction() ** 2 * 6); edits > 0; edits--)
    bytes = edited(bytes, others, draws);
  return bytes;
}

function edited(bytes: Buffer, others: readonly Uint8Array[], draws: Draws): Buffer {
  // Headers are at the start, and every 512 bytes.
  const at =
    draws.fraction() < 0.5 ? draws.below(Math.min(bytes.length + 1, 2048)) : draws.below(bytes.length + 1);
  const length = draws.below(draws.pick([4, 64, 1024, 65_536]));
  const before = bytes.subarray(0, at);
  switch (draws.below(8)) {
    case 0:
      if (at < bytes.length) bytes[at] = (bytes[at] ?? 0) ^ (1 << draws.below(8));
      return bytes;
    case 1:
      return Buffer.from(before);
    case 2:
      return Buffer.concat([before, bytes.subarray(at + length)]);
    case 3:
      return Buffer.concat([before, bytes.subarray(at, at + length), bytes.subarray(at)]);
    case 4:
      return Buffer.concat([before, draws.bytes(length), bytes.subarray(at + draws.pick([0, length]))]);
    case 5:
      return withNumber(bytes, at, draws);
    case 6:
      return Buffer.concat([before, Buffer.from(drawText(draws)), bytes.subarray(at + draws.below(20))]);
    default: {
      const other = others[draws.below(others.length)] ?? bytes;
      const from = draws.below(other.length);
      return Buffer.concat([before, other.subarray(from, from + length), bytes.subarray(at)]);
    }
  }
}

function withNumber(bytes: Buffer, at: number, draws: Draws): Buffer {
  const width = draws.pick([1, 2, 4, 8]);
  const place = at - (at % width);
  if (place + width > bytes.length) return bytes;
  const number = BigInt(Math.trunc(Math.min(drawNumber(draws), 2 ** 53)));
  const field = Buffer.alloc(8);
  if (draws.below(2) === 0) field.writeBigInt64LE(number);
  else field.writeBigInt64BE(number);
  const part = draws.below(2) === 0 ? field.subarray(0, width) : field.subarray(8 - width);
  part.copy(bytes, place);
  return bytes;
}

/** JSON of the same form, but for a few values that are something else. */
export function mutateJson(seed: Uint8Array, draws: Draws): Buffer {
  let value: unknown = JSON.parse(Buffer.from(seed).toString());
  for (let edits = draws.between(1, 3); edits > 0; edits--) value = editedValue(value, draws);
  return Buffer.from(JSON.stringify(value));
}

function editedValue(value: unknown, draws: Draws): unknown {
  const isBranch = typeof value === 'object' && value !== null && Object.keys(value).length > 0;
  if (!isBranch || draws.fraction() < 0.08) return drawValue(value, draws);
  if (Array.isArray(value)) {
    const at = draws.below(value.length);
    const item = editedValue(value[at], draws);
    return draws.fraction() < 0.1 ? [...value, item] : value.map((one, place) => (place === at ? item : one));
  }
  const entries = Object.entries(value);
  const at = draws.below(entries.length);
  if (draws.fraction() < 0.05) return Object.fromEntries(entries.filter((_, place) => place !== at));
  return Object.fromEntries(
    entries.map(([key, one], place) => [key, place === at ? editedValue(one, draws) : one]),
  );
}

function drawValue(before: unknown, draws: Draws): unknown {
  switch (draws.below(8)) {
    case 0:
      return null;
    case 1:
      return drawNumber(draws);
    case 2:
      return [before, before];
    case 3:
      return { a: before, __proto__: { b: 1 } };
    case 4:
      return draws.below(2) === 0;
    case 5:
      return nested(draws.pick([10, 3000]));
    default:
      return typeof before === 'string' && draws.below(2) === 0
        ? `${before}${drawText(draws)}`
        : drawText(draws);
  }
}

function nested(depth: number): unknown {
  let value: unknown = 0;
  for (let level = 0; level < depth; level++) value = [value];
  return value;
}

function drawNumber(draws: Draws): number {
  return NUMBERS[draws.below(NUMBERS.length)] ?? 0;
}

export function drawText(draws: Draws): string {
  return TEXTS[draws.below(TEXTS.length)] ?? '';
}
