import type { ChalkInstance } from 'chalk';
import type { Difference } from '../../browse/diff-snapshots.ts';
import type { ChangedFile, FileChange, MetadataField } from '../../browse/diff-trees.ts';
import type { LineChange } from '../../browse/line-diff.ts';
import { nameText } from '../../browse/name-text.ts';
import { type NodeFacts, nodeFacts } from '../../browse/node-facts.ts';
import { count, formatBytes } from './quantities.ts';
import { terminalSafe } from './terminal-safe.ts';

/** What is compared, as headers of texts name it: `4f1c22aa qemu/101 2026-11-23 02:00 CET` */
export interface DiffSides {
  readonly before: string;
  readonly after: string;
}

type Of<K extends Difference['kind']> = Extract<Difference, { kind: K }>;

/** One difference as lines, safe to print. */
export function differenceText(difference: Difference, sides: DiffSides, colour: ChalkInstance): string {
  switch (difference.kind) {
    case 'text':
      return hunksText(difference, sides, colour);
    case 'volume':
      return `${volumeText(difference)}\n`;
    case 'file':
      return `${fileText(difference.change, colour)}\n`;
  }
}

function hunksText({ name, before, after, hunks }: Of<'text'>, sides: DiffSides, colour: ChalkInstance) {
  const header = [
    before ? `--- ${name}  ${sides.before}` : `--- nothing  ${sides.before}`,
    after ? `+++ ${name}  ${sides.after}` : `+++ nothing  ${sides.after}`,
  ].map((line) => colour.bold(terminalSafe(line)));
  const body = hunks.flatMap((hunk) => [
    colour.cyan(`@@ -${hunk.before.start},${hunk.before.count} +${hunk.after.start},${hunk.after.count} @@`),
    ...hunk.lines.map((line) => lineText(line, colour)),
  ]);
  return `${[...header, ...body].join('\n')}\n`;
}

function lineText({ kind, line }: LineChange, colour: ChalkInstance): string {
  const text = terminalSafe(line.replaceAll('\t', '        '));
  switch (kind) {
    case 'same':
      return ` ${text}`;
    case 'removed':
      return colour.red(`-${text}`);
    case 'added':
      return colour.green(`+${text}`);
  }
}

function volumeText({ name, before, after, mostChanged }: Of<'volume'>): string {
  const shown = terminalSafe(name);
  if (after === undefined) return `- ${shown}  removed, ${formatBytes(before ?? 0)}`;
  if (before === undefined) return `+ ${shown}  added, ${formatBytes(after)}`;
  const size =
    after === before
      ? formatBytes(after)
      : `${after > before ? 'grown' : 'shrunk'} from ${formatBytes(before)} to ${formatBytes(after)}`;
  const share = after === 0 ? 0 : Math.round((1000 * mostChanged) / after) / 10;
  return `~ ${shown}  ${size}, at most ${formatBytes(mostChanged)} changed (${share} %)`;
}

const LETTERS = { added: 'A', removed: 'D', type: 'T', content: 'M', metadata: 'U' } as const;

function fileText(change: FileChange, colour: ChalkInstance): string {
  const paint = { added: colour.green, removed: colour.red, type: colour.yellow, content: colour.yellow };
  const letter = LETTERS[change.kind];
  const painted = change.kind === 'metadata' ? letter : paint[change.kind](letter);
  const details = 'metadata' in change ? detailsOf(change) : [];
  return `${painted}  ${nameText(change.path)}${details.length === 0 ? '' : `  (${details.join(', ')})`}`;
}

function detailsOf(change: ChangedFile): readonly string[] {
  const [was, is] = [nodeFacts(change.before), nodeFacts(change.after)];
  const type = change.kind === 'type' ? [`${was.type} to ${is.type}`] : [];
  return [...type, ...change.metadata.flatMap((field) => metadataText(field, { was, is, change }))];
}

/** A time goes without saying where the content is another one. */
function metadataText(
  field: MetadataField,
  { was, is, change }: { readonly was: NodeFacts; readonly is: NodeFacts; readonly change: ChangedFile },
): readonly string[] {
  switch (field) {
    case 'mode':
      return [`mode ${was.mode.toString(8)} to ${is.mode.toString(8)}`];
    case 'owner':
      return [`owner ${was.uid}:${was.gid} to ${is.uid}:${is.gid}`];
    case 'mtime':
      return change.kind === 'metadata' ? ['time'] : [];
    case 'xattrs':
      return ['extended attributes'];
  }
}

/** What the differences add up to. */
export class DiffTotals {
  #texts = 0;
  #volumes = 0;
  #changedBytes = 0;
  readonly #files = { added: 0, removed: 0, type: 0, content: 0, metadata: 0 };

  add(difference: Difference): void {
    switch (difference.kind) {
      case 'text':
        this.#texts += 1;
        break;
      case 'volume':
        this.#volumes += 1;
        this.#changedBytes += difference.mostChanged;
        break;
      case 'file':
        this.#files[difference.change.kind] += 1;
    }
  }

  /** One line: `1 configuration, 2 volumes (at most 1.2 GiB), files: 3 added, 1 changed` */
  text(): string {
    const { added, removed, type, content, metadata } = this.#files;
    const files = [
      ...(added > 0 ? [`${added} added`] : []),
      ...(removed > 0 ? [`${removed} removed`] : []),
      ...(type + content > 0 ? [`${type + content} changed`] : []),
      ...(metadata > 0 ? [`${metadata} with other metadata`] : []),
    ];
    const all = [
      ...(this.#texts > 0 ? [count(this.#texts, 'configuration')] : []),
      ...(this.#volumes > 0
        ? [`${count(this.#volumes, 'volume')} (at most ${formatBytes(this.#changedBytes)})`]
        : []),
      ...(files.length > 0 ? [`files: ${files.join(', ')}`] : []),
    ];
    return all.length === 0 ? 'no differences\n' : `${all.join(', ')}\n`;
  }
}
