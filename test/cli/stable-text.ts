/**
 * What a run says without what differs from run to run: moments, spans, sizes, ids and lines become words, broken lines are
 * one again, columns have one space between them, and what came of each action stands in the order of their names, as nodes
 * work side by side.
 */
export function stableText(text: string): string {
  const whole = text
    .replace(/^ {2}.*: begins\n/gm, '')
    .replace(/\n {6}/g, ' ')
    .replace(/\n {2}(?=\S\S)/g, ' ');
  const named = PATTERNS.reduce((now, [pattern, name]) => now.replace(pattern, name), whole);
  const lines = named.split('\n').map((line) => line.replace(/(?<=\S) {2,}/g, ' ').trimEnd());
  const outcomes = lines.filter(isOutcome).toSorted();
  return lines.map((line) => (isOutcome(line) ? (outcomes.shift() ?? '') : line)).join('\n');
}

function isOutcome(line: string): boolean {
  return /^[+!-] /.test(line);
}

const PATTERNS: readonly (readonly [RegExp, string])[] = [
  [/\b[A-Z][a-z]{2} \d\d [A-Z][a-z]{2} \d\d:\d\d UTC/g, 'MOMENT'],
  [/\b\d{4}-\d\d-\d\d \d\d:\d\d UTC/g, 'MOMENT'],
  [/\b\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'MOMENT'],
  [/\b[0-9a-f]{64}\b/g, 'DIGEST'],
  [/\b[0-9a-f]{16}\b/g, 'LINE'],
  [/\b[0-9a-f]{8}\b/g, 'ID'],
  [/\b\d+(?:\.\d+)? (?:s|min)\b/g, 'SPAN'],
  [/\b\d+(?:\.\d+)? (?:B|KiB|MiB|GiB)\b/g, 'SIZE'],
];
