import type { Difference } from '../../browse/diff-snapshots.ts';
import { nodeJson } from './ls-json.ts';

/** A difference for machines. The lines of a text begin with a blank, `-` or `+`. */
export function differenceJson(difference: Difference): object {
  switch (difference.kind) {
    case 'text':
      return {
        ...difference,
        hunks: difference.hunks.map((hunk) => ({ ...hunk, lines: hunk.lines.map(marked) })),
      };
    case 'volume':
      return difference;
    case 'file': {
      const { change } = difference;
      const { path } = change;
      return {
        kind: 'file',
        change: change.kind,
        ...('metadata' in change && { metadata: change.metadata }),
        ...('before' in change && { before: nodeJson({ path, node: change.before }) }),
        ...('after' in change && { after: nodeJson({ path, node: change.after }) }),
      };
    }
  }
}

const MARKS = { same: ' ', removed: '-', added: '+' } as const;

function marked({ kind, line }: { readonly kind: keyof typeof MARKS; readonly line: string }): string {
  return `${MARKS[kind]}${line}`;
}
