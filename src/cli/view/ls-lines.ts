import { nameText } from '../../browse/name-text.ts';
import { type NodeFacts, nodeFacts } from '../../browse/node-facts.ts';
import type { Walked } from '../../browse/walk-tree.ts';
import { displayWidth } from './display-width.ts';

/** Columns are at least this wide, so that those of many pages agree. */
const OWNER_COLUMNS = 5;
const SIZE_COLUMNS = 10;

/**
 * Files and folders as `ls -l` shows them: type and mode, owner and group as numbers, size in bytes (of a device its numbers), time of
 * change, name. All is safe to print. Each line ends with a line feed.
 */
export function lsLines(
  listed: readonly Walked[],
  { moment, shown }: { readonly moment: (time: string) => string; readonly shown: 'names' | 'paths' },
): readonly string[] {
  const rows = listed.map(({ path, node }) => {
    const facts = nodeFacts(node);
    return {
      mode: modeText(facts),
      owner: `${facts.uid}:${facts.gid}`,
      size: sizeText(facts, node.size),
      moment: moment(facts.mtime),
      name: `${nameText(shown === 'names' ? node.name : path)}${linkText(facts)}`,
    };
  });
  const owners = Math.max(OWNER_COLUMNS, ...widths(rows.map(({ owner }) => owner)));
  const sizes = Math.max(SIZE_COLUMNS, ...widths(rows.map(({ size }) => size)));
  return rows.map(
    ({ mode, owner, size, moment: time, name }) =>
      `${mode}  ${owner.padEnd(owners)}  ${size.padStart(sizes)}  ${time.padEnd(16)}  ${name}\n`,
  );
}

/** Times as the clocks of a zone show them: `2026-11-23 02:00`. */
export function listedMoment(timeZone: string): (rfc3339: string) => string {
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'short' });
  return (rfc3339) => {
    const time = Date.parse(rfc3339);
    return Number.isNaN(time) ? '-' : format.format(time);
  };
}

/** The largest width; a spread of all could be more arguments than a call may have. */
function widths(cells: readonly string[]): readonly number[] {
  return [cells.reduce((widest, cell) => Math.max(widest, displayWidth(cell)), 0)];
}

function modeText({ type, mode }: NodeFacts): string {
  const triple = (shift: number, special: boolean, letter: string) => {
    const bits = (mode >> shift) & 7;
    const last = special ? (bits & 1 ? letter : letter.toUpperCase()) : bits & 1 ? 'x' : '-';
    return `${bits & 4 ? 'r' : '-'}${bits & 2 ? 'w' : '-'}${last}`;
  };
  const special = (bit: number) => (mode & bit) !== 0;
  return [
    TYPE_LETTERS[type],
    triple(6, special(0o4000), 's'),
    triple(3, special(0o2000), 's'),
    triple(0, special(0o1000), 't'),
  ].join('');
}

const TYPE_LETTERS = {
  file: '-',
  dir: 'd',
  symlink: 'l',
  dev: 'b',
  chardev: 'c',
  fifo: 'p',
  socket: 's',
  other: '?',
} as const;

function sizeText({ type, device }: NodeFacts, size: number): string {
  if (type === 'file') return String(size);
  return type === 'dev' || type === 'chardev' ? `${device.major}, ${device.minor}` : '-';
}

function linkText({ type, linkTarget }: NodeFacts): string {
  return type === 'symlink' ? ` -> ${nameText(linkTarget)}` : '';
}
