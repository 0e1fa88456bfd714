/**
 * Recordings of the real tools, and what must not be compared between one run and another: times, ids of processes and runs, the
 * order of options that a hash decides, sizes and speeds.
 */
import { readdirSync, readFileSync } from 'node:fs';

export interface Recording {
  readonly name: string;
  /** A line of bash. */
  readonly command: string;
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  /** The first bytes of an output that is no text. */
  readonly magic: string | undefined;
  readonly node: string;
}

interface RecordingFile {
  readonly command: string;
  readonly exitCode: number;
  readonly stdout?: string;
  readonly stdoutBinary?: { readonly head16hex: string };
  readonly stderr?: string;
  readonly ranOnNode?: string;
}

const FIXTURES = new URL('../fixtures/pve/', import.meta.url);

export function readRecordings(folder: 'runs' | 'runs-pve9'): readonly Recording[] {
  const files = readdirSync(new URL(folder, FIXTURES)).sort();
  return files.map((file) => {
    const run: RecordingFile = JSON.parse(readFileSync(new URL(`${folder}/${file}`, FIXTURES), 'utf8'));
    return {
      name: file.slice(0, -'.json'.length),
      command: run.command,
      exitCode: run.exitCode,
      stdout: run.stdout ?? '',
      stderr: run.stderr ?? '',
      magic: run.stdoutBinary?.head16hex.slice(0, 8),
      node: run.ranOnNode ?? 'pve1',
    };
  });
}

export function readAnswer(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`pvesh/${name}.json`, FIXTURES), 'utf8'));
}

/** The text with everything replaced that differs from run to run. */
export function comparable(text: string): string {
  const lines = text.split('\n').filter((line) => !NOISE.some((noise) => noise.test(line)));
  const named = lines.map((line) =>
    REPLACEMENTS.reduce((changed, [from, to]) => changed.replace(from, to), line),
  );
  return named
    .map((line) => sortedOptions(line).trimEnd())
    .join('\n')
    .trim();
}

/** Of the machine of the recordings, or a matter of when one looks. */
const NOISE: readonly RegExp[] = [
  /^failed to connect to monitor socket/,
  /^bridge 'vmbr0' does not exist$/,
  /getaddrinfo: Name or service not known at/,
  /^implement me in sub-class$|^ at \/usr\/share\/perl5|^Architecture detection failed|^Falling back to amd64|^Use `pct set VMID/,
  /^trying to acquire lock\.\.\.$|^ OK$/,
  /^INFO: {1,3}\d+% \(/,
  /^progress \d+% \(read/,
  /^Superblock backups stored|^\t32768/,
  /^\d+:\d+ \/var\/lib\/vz\/images/,
  /^tail: option used in invalid context/,
];

const REPLACEMENTS: readonly (readonly [RegExp, string])[] = [
  [/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/g, 'DATE'],
  [/\b[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}/g, 'CTIME'],
  [/\d{4}_\d\d_\d\d-\d\d_\d\d_\d\d(?=\.(?:tmp|log))/g, 'DATE'],
  [/\(\d\d:\d\d:\d\d\)/g, '(DURATION)'],
  [/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g, 'UUID'],
  [/\b[0-9a-f]{64}\b/g, 'SHA256'],
  [/UPID:(\w+):[0-9A-F]+:[0-9A-F]+:[0-9A-F]+:/g, 'UPID:$1:'],
  [/vzdumptmp\d+/g, 'vzdumptmp'],
  [/\/proc\/\d+\/root/g, '/proc/PID/root'],
  [/^\/bin\/bash: line 1|^bash: line 1/, 'bash: line 1'],
  [/line 1: +\d+ (Hangup|Killed) +/, 'line 1: $1 '],
  [/BC:24:11:(?!00:00:01|5C:7C:2D)[0-9A-F:]{8}/g, 'MAC'],
  [/(Total bytes (?:written|read): ).*/, '$1N'],
  [/transferred .* in \S+ seconds?.*|transferred .* bytes in \d+s/, 'transferred N'],
  [/(backup is sparse: ).*/, '$1N'],
  [/(online again after ).*/, '$1N'],
  [/(resuming VM again after ).*/, '$1N'],
  [/(sparse bytes ).*/, '$1N'],
  [/(space reduction due to 4K zero blocks ).*/, '$1N'],
  [/(short vma extent ).*/, '$1N'],
  [/(CFG: size: )\d+/, '$1N'],
  [/(include disk .*') \S+$/, '$1 SIZE'],
  [/bytes(?: written:)? \d+$/, 'bytes N'],
  [/^bytes written: \d+/, 'bytes N'],
  [/^\d{5,}$/, 'COUNT'],
  [/^(\s+\d+ .*) \d{5} *$/, '$1 PID'],
  [/^(vzdump-[^\n]*)|(Creating filesystem with ).*/, '$1$2'],
];

/** `starting new backup job: vzdump 201 --a 1 --b 2`, in whatever order. */
function sortedOptions(line: string): string {
  const [, head, options] = /^(INFO: starting new backup job: vzdump(?: \d+)*)(.*)$/.exec(line) ?? [];
  if (head === undefined || options === undefined) return line;
  return [
    head,
    ...options
      .split(/ (?=--)/)
      .map((option) => option.trim())
      .filter((option) => option !== '')
      .sort(),
  ].join(' ');
}
