import { type HeldSnapshot, subjectOf } from '../../browse/choose-snapshot.ts';
import type { Walked } from '../../browse/walk-tree.ts';
import { datedMoment } from './dated-moment.ts';
import { nodeJson } from './ls-json.ts';
import { terminalSafe } from './terminal-safe.ts';

/** The line above what was found in a snapshot: `4f1c22aa  2026-11-23 02:00 CET  pve  lxc/105` */
export function foundHeader({ snapshot }: HeldSnapshot, timeZone: string): string {
  const what = subjectOf(snapshot) ?? snapshot.paths.join(' ');
  const cells = [
    snapshot.id.slice(0, 8),
    datedMoment(Date.parse(snapshot.time), timeZone),
    snapshot.hostname,
    what,
  ];
  return `${cells.map(terminalSafe).join('  ')}\n`;
}

/** A hit for machines. */
export function foundJson({ repository, snapshot }: HeldSnapshot, walked: Walked): object {
  const subject = subjectOf(snapshot);
  return {
    repository,
    snapshot: snapshot.id,
    time: snapshot.time,
    host: snapshot.hostname,
    ...(subject !== undefined && { guest: subject }),
    ...nodeJson(walked),
  };
}
