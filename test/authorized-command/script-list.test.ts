/** The scripts that pvebak-allowed knows are those that pvebak sends. */
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { SCRIPTS } from './allowed-commands.ts';
import { PROGRAM } from './run-allowed.ts';

/** `npm run authorized-command` writes the list anew, after a script has changed. */
const UPDATE = process.env['UPDATE_GOLDEN'] === '1';

test('the list of scripts in pvebak-allowed is that of this version', () => {
  const text = readFileSync(PROGRAM, 'utf8');
  const lines = [...SCRIPTS].map(
    ([name, script]) => `    '${createHash('sha256').update(script).digest('hex')}' => '${name}',\n`,
  );
  const wanted = text.replace(/(?<=# begin of the list\n)[^#]*(?= {4}# end of the list)/, () =>
    lines.join(''),
  );
  if (UPDATE) writeFileSync(PROGRAM, wanted);
  expect(readFileSync(PROGRAM, 'utf8')).toBe(wanted);
  expect(SCRIPTS.size).toBe(10);
});
