import { parseVmid } from './guest.ts';
import { parseConfigSize, parseHumanSize } from './size.ts';
import type { VzdumpRecord } from './vzdump-record.ts';

/**
 * Parses one line of vzdump's log. Whatever it does not know is `other-info` (vzdump's own, prefixed INFO) or `other`.
 * Source of the forms: recordings of vzdump 8.4 and 9.2, and pve-manager PVE/VZDump.pm, qemu-server
 * PVE/VZDump/QemuServer.pm, pve-container PVE/VZDump/LXC.pm.
 */
export function parseVzdumpLine(line: string): VzdumpRecord {
  const [, level, text = ''] = /^(INFO|WARN|ERROR): ?(.*)$/s.exec(line) ?? [];
  switch (level) {
    case 'INFO':
      return parseBy(infoForms, text) ?? { kind: 'other-info', text };
    case 'WARN':
      return { kind: 'warning', text };
    case 'ERROR':
      return parseBy(errorForms, text) ?? { kind: 'error', text };
    default:
      return parseBy(plainForms, line) ?? { kind: 'other', text: line };
  }
}

type Groups = Readonly<Record<string, string>>;
interface Form {
  readonly pattern: RegExp;
  /** Undefined when the line is not of this form after all. */
  readonly read: (groups: Groups) => VzdumpRecord | undefined;
}

function parseBy(forms: readonly Form[], text: string): VzdumpRecord | undefined {
  for (const { pattern, read } of forms) {
    const match = pattern.exec(text);
    const record = match === null ? undefined : read(match.groups ?? {});
    if (record !== undefined) return record;
  }
  return undefined;
}

const infoForms: readonly Form[] = [
  { pattern: /^trying to get global lock - waiting/, read: () => ({ kind: 'waiting-for-lock' }) },
  { pattern: /^got global lock/, read: () => ({ kind: 'got-lock' }) },
  {
    pattern: /^starting new backup job: (?<command>.*)$/,
    read: ({ command = '' }) => ({ kind: 'started-job', command }),
  },
  {
    pattern: /^Starting Backup of VM (?<id>\d+) \((?<type>qemu|lxc)\)$/,
    read: ({ id, type }) =>
      withVmid(id, (vmid) => ({ kind: 'started', vmid, type: type === 'lxc' ? 'lxc' : 'qemu' })),
  },
  { pattern: /^status = (?<status>.*)$/, read: ({ status = '' }) => ({ kind: 'status', status }) },
  { pattern: /^backup mode: (?<mode>.*)$/, read: ({ mode = '' }) => ({ kind: 'mode', mode }) },
  {
    pattern: /^mode failure - (?<reason>.*)$/,
    read: ({ reason = '' }) => ({ kind: 'mode-failure', reason }),
  },
  { pattern: /^(?:VM|CT) Name: (?<name>.*)$/, read: ({ name = '' }) => ({ kind: 'name', name }) },
  { pattern: /^include disk '(?<key>[^']*)' '(?<volume>.*)'(?: (?<size>\S+))?$/, read: includedDisk },
  {
    pattern: /^exclude disk '(?<key>[^']*)' '(?<volume>.*)' \((?<reason>[^()]*)\)$/,
    read: ({ key = '', volume = '', reason = '' }) => ({ kind: 'disk-excluded', key, volume, reason }),
  },
  {
    pattern: /^including (?:\w+ )*?mount point (?<key>\w+) \('(?<path>.*)'\) in backup$/,
    read: ({ key = '', path = '' }) => ({ kind: 'mount-point-included', key, path }),
  },
  {
    pattern:
      /^excluding (?:\w+ )*?mount point (?<key>\w+) \('(?<path>.*)'\) from backup \((?<reason>[^()]*)\)$/,
    read: ({ key = '', path = '', reason = '' }) => ({ kind: 'mount-point-excluded', key, path, reason }),
  },
  {
    pattern:
      /^\s*(?<percent>\d+)% \((?<done>.+?) of (?<total>.+?)\) in (?<time>.+?), read: (?<read>.+?)\/s, write: (?<write>.+?)\/s/,
    read: progress,
  },
  {
    pattern: /^Total bytes written: (?<bytes>\d+)/,
    read: ({ bytes }) => ({ kind: 'tar-total', bytes: Number(bytes) }),
  },
  {
    pattern: /^Finished Backup of VM (?<id>\d+) /,
    read: ({ id }) => withVmid(id, (vmid) => ({ kind: 'finished-guest', vmid })),
  },
  {
    pattern: /^Backup job finished (?<how>successfully|with errors)$/,
    read: ({ how }) => ({ kind: 'job-finished', successfully: how === 'successfully' }),
  },
];

const errorForms: readonly Form[] = [
  {
    pattern: /^Backup of VM (?<id>\d+) failed - (?<cause>.*)$/,
    read: ({ id, cause = '' }) => withVmid(id, (vmid) => ({ kind: 'failed', vmid, cause })),
  },
  {
    pattern: /^Backup job failed - (?<cause>.*)$/,
    read: ({ cause = '' }) => ({ kind: 'job-failed', cause }),
  },
];

const plainForms: readonly Form[] = [
  {
    pattern: /^Task finished with (?<count>\d+) warning\(s\)!$/,
    read: ({ count }) => ({ kind: 'warning-count', count: Number(count) }),
  },
];

function withVmid(
  id: string | undefined,
  make: (vmid: NonNullable<ReturnType<typeof parseVmid>>) => VzdumpRecord,
): VzdumpRecord | undefined {
  const vmid = parseVmid(id);
  return vmid === undefined ? undefined : make(vmid);
}

function includedDisk({ key = '', volume = '', size = '' }: Groups): VzdumpRecord {
  const bytes = parseConfigSize(size);
  return { kind: 'disk-included', key, volume, ...(bytes === undefined ? {} : { bytes }) };
}

function progress({
  percent,
  done = '',
  total = '',
  time = '',
  read = '',
  write = '',
}: Groups): VzdumpRecord | undefined {
  const [doneBytes, totalBytes, readRate, writeRate] = [done, total, read, write].map(parseHumanSize);
  if (doneBytes === undefined || totalBytes === undefined) return undefined;
  return {
    kind: 'progress',
    percent: Number(percent),
    doneBytes,
    totalBytes,
    seconds: parseSeconds(time),
    readBytesPerSecond: readRate ?? 0,
    writeBytesPerSecond: writeRate ?? 0,
  };
}

/** `3s`, `2m 5s`, `1h 2m 3s`, `1d 2h ...` */
function parseSeconds(text: string): number {
  const units: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };
  return [...text.matchAll(/(\d+)\s*([smhdw])/g)].reduce(
    (sum, [, n, unit = 's']) => sum + Number(n) * (units[unit] ?? 0),
    0,
  );
}
