import type { ChalkInstance } from 'chalk';
import type { UserError } from '../../user-error.ts';
import type { DamagedBlob, Fault, TouchedSnapshot, TracedFault } from '../../verify/fault.ts';
import type { Reading } from '../../verify/reading.ts';
import type { SnapshotName } from '../../verify/snapshot-name.ts';
import type { VerifyReport } from '../../verify/verify-report.ts';
import { count, formatBytes, formatDuration, formatMoment } from './quantities.ts';
import { terminalSafe } from './terminal-safe.ts';

interface TextOptions {
  readonly timeZone: string;
  readonly colour: ChalkInstance;
}

const MOST_BLOBS = 5;
const MOST_PATHS = 3;

/** What was checked, each fault with all that it touches, and, where something is damaged, which snapshots are whole. */
export function verifyReportText(
  { name, where }: { readonly name: string; readonly where: string },
  report: VerifyReport,
  options: TextOptions,
): string {
  const names = new Map(report.snapshots.map((verdict) => [verdict.name.id, verdict.name]));
  const place = name === where ? name : `${name} (${where})`;
  return [
    terminalSafe(`${place}: ${checkedText(report)}`),
    ...report.faults.flatMap((fault) => faultLines(fault, names, options)),
    ...unindexedNote(report),
    ...adviceLines(report),
    ...(report.faults.length === 0 ? [] : wholeLines(report)),
    verdictLine(report, options.colour),
    '',
  ].join('\n');
}

/** One that cannot even be opened. */
export function shutText(name: string, fault: UserError, colour: ChalkInstance): string {
  const advice =
    fault.code === 'repository-damaged'
      ? [
          'without this file no snapshot of the repository can be opened, neither by pvebak nor by restic: it touches all',
          'put it back from a copy of the repository; config and keys never change once they are made',
        ]
      : [
          'whether the repository is whole was not looked at',
          ...(fault.hint === undefined ? [] : [fault.hint]),
        ];
  const lines = [
    `${colour.red('!')} ${terminalSafe(`${name}: ${fault.message}`)}`,
    ...advice.map((line) => `    ${terminalSafe(line)}`),
  ];
  return `${lines.join('\n')}\n`;
}

function checkedText({ counts, reading, scope, snapshots, started, ended }: VerifyReport): string {
  const parts = [
    count(counts.keys, 'key'),
    `${counts.indexes} ${counts.indexes === 1 ? 'index' : 'indexes'}`,
    count(counts.packs, 'pack'),
    count(counts.trees, 'tree'),
    count(snapshots.length, 'snapshot'),
  ];
  const what = scope === 'repository' ? 'everything' : 'the named snapshots';
  return `checked ${readingText(reading)} of ${what} in ${formatDuration(ended - started)}: ${parts.join(', ')}${readText(counts)}`;
}

function readText({ readPacks, readBytes, readBlobs }: VerifyReport['counts']): string {
  if (readPacks === 0) return '';
  return `; read ${count(readPacks, 'pack')}, ${formatBytes(readBytes)}, ${count(readBlobs, 'blob')}`;
}

function readingText(reading: Reading): string {
  switch (reading.kind) {
    case 'structure':
      return 'the structure';
    case 'subset':
      return `the structure and part ${reading.part} of ${reading.of} of the data`;
    case 'read-data':
      return 'the structure and all data';
  }
}

function faultLines(
  { fault, touches }: TracedFault,
  names: ReadonlyMap<string, SnapshotName>,
  { timeZone, colour }: TextOptions,
): readonly string[] {
  const rows = touches.flatMap((touch) => {
    const name = names.get(touch.snapshot);
    return name === undefined ? [] : [`${snapshotText(name, timeZone)}${pathsText(touch)}`];
  });
  const touched = rows.length === 0 ? 'touches no snapshot' : `touches ${count(rows.length, 'snapshot')}:`;
  return [
    `${colour.red('!')} ${terminalSafe(headline(fault))}`,
    ...blobLines(fault).map((line) => `    ${line}`),
    `    ${touched}`,
    ...rows.map((row) => `      ${terminalSafe(row)}`),
  ];
}

function headline(fault: Fault): string {
  switch (fault.kind) {
    case 'file':
      return `${fault.file}: ${fault.what}`;
    case 'pack':
      return `${fault.file}: ${[...fault.whats, ...damagedText(fault.blobs)].join('; ')}`;
    case 'unindexed':
      return `${count(fault.blobs.length, 'blob')} of snapshots ${fault.blobs.length === 1 ? 'is' : 'are'} in no index that can be read`;
    case 'contents':
      return `${fault.snapshot.slice(0, 8)} ${fault.path}: ${fault.what}`;
  }
}

function damagedText({ length }: readonly DamagedBlob[]): readonly string[] {
  return length === 0 ? [] : [`${count(length, 'blob')} damaged or lost`];
}

function blobLines(fault: Fault): readonly string[] {
  if (fault.kind !== 'pack' && fault.kind !== 'unindexed') return [];
  const shown = fault.blobs.slice(0, MOST_BLOBS).map(({ type, id, offset, what }) => {
    const place = offset === undefined ? '' : ` at offset ${offset}`;
    return `${type} blob ${id}${place}: ${what}`;
  });
  const more = fault.blobs.length - shown.length;
  return more === 0 ? shown : [...shown, `and ${count(more, 'blob')} more; --json lists all`];
}

function snapshotText({ id, time, hostname, subject }: SnapshotName, timeZone: string): string {
  const taken = time === undefined ? '' : `  ${formatMoment(Date.parse(time), timeZone)}`;
  return `${id.slice(0, 8)}${taken}${hostname === '' ? '' : `  ${hostname}`}  ${subjectText(subject)}`;
}

function subjectText(subject: SnapshotName['subject']): string {
  switch (subject.kind) {
    case 'guest':
      return subject.guest;
    case 'node':
      return `node/${subject.node}`;
    case 'record':
      return 'a record of pvebak';
    case 'other':
      return subject.paths.join(' ');
    case 'unreadable':
      return 'of what it was is not known';
  }
}

function pathsText({ paths, morePaths }: TouchedSnapshot): string {
  const shown = paths.filter((path) => path !== '').slice(0, MOST_PATHS);
  if (shown.length === 0) return '  all of it';
  const more = morePaths + paths.length - shown.length;
  return `  ${shown.join(', ')}${more === 0 ? '' : ` and ${more} more`}`;
}

function unindexedNote({ counts: { unindexedPacks } }: VerifyReport): readonly string[] {
  return unindexedPacks === 0
    ? []
    : [
        `  ${count(unindexedPacks, 'pack')} in no index that can be read: of runs under way, of runs that were interrupted, or of an index that is damaged`,
      ];
}

function adviceLines({ faults }: VerifyReport): readonly string[] {
  const files = faults.flatMap(({ fault }) => ('file' in fault ? [fault.file] : []));
  return [
    ...(files.some((file) => file.startsWith('index/'))
      ? [
          '  indexes can be made anew from the packs: `pvebak repair index`; until then nothing can be restored',
        ]
      : []),
    ...(files.some((file) => file.startsWith('data/'))
      ? [
          '  damaged packs: put them back from a copy; else move them away, make the indexes anew, and back up again: what can still be read is stored again',
        ]
      : []),
  ];
}

/** Of each guest the snapshots that can be restored. */
function wholeLines({ snapshots }: VerifyReport): readonly string[] {
  const whole = snapshots.filter((verdict) => verdict.whole);
  const groups = Map.groupBy(whole, ({ name }) => `${subjectText(name.subject)} of ${name.hostname}`);
  return [...groups].map(([of, verdicts]) =>
    terminalSafe(`  whole: ${of}: ${verdicts.map(({ name }) => name.id.slice(0, 8)).join(' ')}`),
  );
}

function verdictLine({ faults, snapshots }: VerifyReport, colour: ChalkInstance): string {
  const whole = snapshots.filter((verdict) => verdict.whole).length;
  if (faults.length === 0) return colour.green(`whole: ${count(whole, 'snapshot')}, no fault found`);
  return colour.red(
    `damaged: ${count(faults.length, 'fault')}; ${whole} of ${count(snapshots.length, 'snapshot')} whole`,
  );
}
