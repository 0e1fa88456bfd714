/** A line of a guest's configuration that says something. */
export interface ConfigLine {
  /** Without the spaces around it. */
  readonly text: string;
  readonly key: string;
  readonly value: string;
  /** Whether Proxmox VE takes it for `key: value` as well; it allows no space before or behind the key. */
  readonly isExact: boolean;
  /** Whether it comes before the first `[...]`, or in a section: pending changes, a snapshot, or another. */
  readonly section: 'current' | 'other';
}

/**
 * All lines of a configuration, however often a key comes and whichever section it is in; comments and lines without a key
 * are left out, as Proxmox VE does. For judging text that somebody else made: nothing is cut off, and what separates keys
 * from values is taken more widely than Proxmox VE takes it.
 */
export function configLines(text: string): readonly ConfigLine[] {
  let section: ConfigLine['section'] = 'current';
  return text.split('\n').flatMap((line): ConfigLine[] => {
    if (/^\s*\[/.test(line)) section = 'other';
    const [, key, value] = KEY_AND_VALUE.exec(line) ?? [];
    if (key === undefined || value === undefined) return [];
    return [{ text: trimmed(line), key, value: trimmed(value), isExact: EXACT.test(line), section }];
  });
}

const KEY_AND_VALUE = /^\s*([^\s:=#[][^\s:=]*)\s*[:=](.*)$/s;
const EXACT = /^[a-z][a-z_-]*\d*:/;

/** Of what Perl, reading bytes, takes for a space. No pattern: those need the square of a long line's length. */
function trimmed(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && SPACES.includes(text.charAt(start))) start += 1;
  while (end > start && SPACES.includes(text.charAt(end - 1))) end -= 1;
  return text.slice(start, end);
}

const SPACES = ' \t\r\f\v';
