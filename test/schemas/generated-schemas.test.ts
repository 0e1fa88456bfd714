import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, expect, test } from 'vitest';
import { type JsonSchema, ProjectTypes, type Refinements } from './json-schema-of.ts';

/** `UPDATE_GOLDEN=1` writes the schemas anew, after the types have changed. */
const UPDATE = process.env['UPDATE_GOLDEN'] === '1';

const types = new ProjectTypes();

afterAll(() => types[Symbol.dispose]());

const HEX64: JsonSchema = { type: 'string', pattern: '^[0-9a-f]{64}$' };

/** Of the years 1 to 9999. */
const TIME: JsonSchema = { type: 'number', minimum: -62_135_596_800_000, maximum: 253_402_300_799_999 };
const STORAGE: JsonSchema = { type: 'string', pattern: '^[A-Za-z][A-Za-z0-9._-]*$' };

/** The same as the parsers of the brands, and as the schema of site files where that has a pattern. */
const REFINEMENTS: Refinements = {
  Vmid: { type: 'integer', minimum: 100, maximum: 999_999_999 },
  NodeName: { type: 'string', pattern: '^[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$' },
  LineId: { type: 'string', pattern: '^[0-9a-f]{16}$' },
  'GuestSnapshot.id': HEX64,
  'GuestSnapshot.original': HEX64,
  'NodeSnapshot.id': HEX64,
  'NodeSnapshot.original': HEX64,
  'SiteFileName.sha256': HEX64,
  'PlanHeader.timeZone': { type: 'string', format: 'time-zone' },
  'Facts.now': TIME,
  'GuestSnapshot.time': TIME,
  'NodeSnapshot.time': TIME,
  'GuestSnapshot.offsetMinutes': { type: 'integer', minimum: -6000, maximum: 6000 },
  'SavedHost.dumpDir': { type: 'string', pattern: '^/' },
  'BackupAction.policies': { type: 'array', items: { type: 'string', pattern: '^[A-Za-z0-9._-]+$' } },
  'RestoreAction.to.storage': STORAGE,
  'RestoreAction.to.pool': { type: 'string', pattern: '^[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+){0,2}$' },
  'ResourceMap.storage': { type: 'object', form: 'map', additionalProperties: STORAGE },
  'ResourceMap.bridge': {
    type: 'object',
    form: 'map',
    additionalProperties: { type: 'string', pattern: '^[A-Za-z][A-Za-z0-9_.-]{0,14}$' },
  },
  'RepositoryFacts.id': HEX64,
  'ExpectedRepository.id': HEX64,
  'ExpectedHost.clusterFingerprint': HEX64,
  'SavedHost.clusterFingerprint': HEX64,
  'Inventory.clusterFingerprint': HEX64,
};

test.each([
  ['plan.schema.json', 'src/cli/saved/plan-file.ts', 'PlanFile', 'A saved plan of pvebak'],
  ['facts.schema.json', 'src/cli/saved/facts-file.ts', 'FactsFile', 'Recorded facts of pvebak'],
  ['status.schema.json', 'src/cli/view/status-json.ts', 'StatusFile', 'What pvebak status --json prints'],
])('%s says what %s declares', (name, file, type, title) => {
  const schema = {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title,
    ...types.schemaOf(file, type, REFINEMENTS),
  };
  const path = new URL(`../../schemas/${name}`, import.meta.url);
  const text = `${JSON.stringify(schema, undefined, 2)}\n`;
  if (UPDATE) writeFileSync(path, text);
  expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual(JSON.parse(text));
});
