import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseFactsFile } from '../../../src/cli/saved/facts-file.ts';
import { parsePlanFile } from '../../../src/cli/saved/plan-file.ts';
import { parseContextQuestion, parseExportQuestion } from '../../../src/nbd/client-option.ts';
import { decodeRequest, REQUEST_BYTES } from '../../../src/nbd/client-request.ts';
import { quoteArgv } from '../../../src/transport/quote-argv.ts';
import { render } from '../../config/render-site.ts';
import { expectSafe, type InputTarget } from './input-target.ts';

const EXAMPLES = join(import.meta.dirname, '../../../examples');

/** What operators, and programs on their machine, hand over. */
export function operatorTargets(): readonly InputTarget[] {
  const sites = ['site.yaml', 'policies.yaml', 'ancestor.yaml'].map((name) =>
    readFileSync(join(EXAMPLES, name)),
  );
  return [
    {
      name: 'site.yaml',
      form: 'bytes',
      seeds: [...sites, Buffer.from(ALIAS_BOMB)],
      read: (bytes) => expectSafe(render(bytes.toString())),
    },
    {
      name: 'saved plan',
      form: 'json',
      seeds: [PLAN_MARKS],
      read: (bytes) => parsePlanFile(bytes.toString(), 'plan.json'),
    },
    {
      name: 'saved facts',
      form: 'json',
      seeds: [FACTS_MARKS],
      read: (bytes) => parseFactsFile(bytes.toString(), 'facts.json'),
    },
    {
      name: 'nbd client',
      form: 'bytes',
      seeds: [Buffer.alloc(REQUEST_BYTES, 0x25), Buffer.from('0000000464697369000100030000000a', 'hex')],
      read: (bytes) => [
        decodeRequest(Buffer.concat([bytes, Buffer.alloc(REQUEST_BYTES)]).subarray(0, REQUEST_BYTES)),
        parseExportQuestion(bytes),
        parseContextQuestion(bytes),
      ],
    },
    {
      name: 'argument for a shell',
      form: 'bytes',
      seeds: [Buffer.from('it\'s $(here) `and` "there"\n\\')],
      read: throughShell,
    },
  ];
}

/** What a shell makes of a quoted argument is the argument. */
function throughShell(bytes: Buffer): void {
  const argument = bytes.subarray(0, 60_000).toString();
  const line = quoteArgv(['printf', '%s', argument]);
  const { stdout, status } = spawnSync('/bin/sh', ['-c', line]);
  if (status !== 0 || stdout.toString() !== argument)
    throw new Error(`a shell makes something else of ${JSON.stringify(argument)}`);
}

const ALIAS_BOMB = [
  'a: &a [x, x, x, x, x, x, x, x, x]',
  ...[...'bcdefghij'].map(
    (name, index) => `${name}: &${name} [${Array(9).fill(`*${'abcdefghij'[index]}`).join(', ')}]`,
  ),
].join('\n');

const PLAN_MARKS = Buffer.from(
  JSON.stringify({
    kind: 'pvebak-plan',
    version: 1,
    madeBy: 'pvebak',
    plan: { backups: [], restores: [] },
    site: { file: 'site.yaml', sha256: '0' },
  }),
);
const FACTS_MARKS = Buffer.from(
  JSON.stringify({
    kind: 'pvebak-facts',
    version: 1,
    madeBy: 'pvebak',
    facts: { now: 1, hosts: [], repositories: [] },
  }),
);
