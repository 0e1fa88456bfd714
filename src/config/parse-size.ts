/**
 * Parses a size such as `200MiB`, `1G` or `500MB`; undefined when it is none. One letter and `KiB` ... `TiB`
 * count in 1024, as Proxmox VE and restic do; `KB` ... `TB` in 1000.
 * @returns bytes, more than 0
 */
export function parseSize(text: string): number | undefined {
  const match = /^([1-9]\d{0,8})(?:B|([KMGT])(i?B)?)$/.exec(text);
  if (match === null) return undefined;
  const base = match[3] === 'B' ? 1000 : 1024;
  return Number(match[1]) * base ** ' KMGT'.indexOf(match[2] ?? ' ');
}
