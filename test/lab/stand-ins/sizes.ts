/** Sizes and times as the tools print them. */

/** `64M`, `1G`, `31458K`: the largest unit that leaves no fraction. */
export function configSize(bytes: number): string {
  if (bytes % 1024 !== 0 || bytes === 0) return String(bytes);
  let value = bytes;
  let unit = -1;
  while (value % 1024 === 0 && unit < 3) {
    value /= 1024;
    unit++;
  }
  return `${value}${'KMGT'[unit] ?? ''}`;
}

/** `102.4 MiB`; plain bytes without fraction. */
export function humanBytes(bytes: number, digits = 1): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < 5) {
    value /= 1024;
    unit++;
  }
  return unit === 0
    ? `${bytes} B`
    : `${value.toFixed(digits)} ${['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'][unit]}`;
}

/** `2026-11-22 17:07:03`, local time. */
export function stamp(date = new Date()): string {
  return `${fields(date, '-')} ${clock(date, ':')}`;
}

/** `2026_11_22-17_07_03`, local time, as in the names of archives. */
export function nameStamp(date = new Date()): string {
  return `${fields(date, '_')}-${clock(date, '_')}`;
}

/** `00:01:05` */
export function duration(seconds: number): string {
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, Math.floor(seconds) % 60];
  return parts.map(two).join(':');
}

function fields(date: Date, separator: string): string {
  return [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join(separator);
}

function clock(date: Date, separator: string): string {
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(separator);
}

function two(number: number): string {
  return String(number).padStart(2, '0');
}
