import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { importsOf } from './imports.ts';
import { importCycle, LAYERS, layerViolations, type Sources, surroundingsUsed } from './layer-rules.ts';

const SOURCE = join(import.meta.dirname, '../src');
const sources: Sources = new Map(
  readdirSync(SOURCE, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .sort()
    .map((path) => [path, readFileSync(join(SOURCE, path), 'utf8')]),
);

/** The program with one file more. */
function planted(path: string, text: string): Sources {
  return new Map([...sources, [path, text]]);
}

describe('the layers of the program', () => {
  it('import only what the table allows', () => {
    expect(layerViolations(sources)).toEqual([]);
  });

  it('have no import cycle between files', () => {
    expect(importCycle(sources)).toBeUndefined();
  });

  it('below cli do not print, and do not read arguments or environment', () => {
    expect(surroundingsUsed(sources)).toEqual([]);
  });

  it('are the folders of src', () => {
    const folders = new Set(
      [...sources.keys()].filter((path) => path.includes('/')).map((path) => path.split('/')[0]),
    );
    expect([...folders].sort()).toEqual(Object.keys(LAYERS).sort());
  });

  it('allow nothing that nobody uses', () => {
    const used = new Set(
      [...sources].flatMap(([path, text]) =>
        importsOf(text).map(({ from }) => `${path.split('/')[0]} ${from}`),
      ),
    );
    const modules = Object.entries(LAYERS).flatMap(([layer, rule]) =>
      rule.modules.filter((name) => !name.endsWith('*')).map((name) => `${layer} ${name}`),
    );
    expect(modules.filter((name) => !used.has(name))).toEqual([]);
  });
});

describe('a planted violation is found:', () => {
  it.each([
    ['apply reads the configuration', 'apply/x.ts', "import { loadSite } from '../config/load-site.ts';"],
    [
      'apply knows a type of the configuration',
      'apply/x.ts',
      "import type { Site } from '../config/site.ts';",
    ],
    ['apply plans', 'apply/x.ts', "import { makePlan } from '../plan/make-plan.ts';"],
    ['apply uses a part of the command line', 'apply/x.ts', "export { main } from '../cli/main.ts';"],
    ['plan reads a file', 'plan/x.ts', "import { readFileSync } from 'node:fs';"],
    ['plan knows a type of I/O', 'plan/x.ts', "import type { FileHandle } from 'node:fs/promises';"],
    ['plan hashes', 'plan/x.ts', "import { hash } from 'node:crypto';"],
    ['plan loads the configuration', 'plan/x.ts', "import { loadSite } from '../config/load-site.ts';"],
    [
      'plan mixes a value among types',
      'plan/x.ts',
      "import { type Site, loadSite } from '../config/load-site.ts';",
    ],
    ['plan asks a node', 'plan/x.ts', "import { readInventory } from '../pve/read-inventory.ts';"],
    [
      'plan opens a repository',
      'plan/x.ts',
      "import type { Repository } from '../repository/repository.ts';",
    ],
    ['formats does I/O', 'formats/vma/x.ts', "import { createReadStream } from 'node:fs';"],
    ['formats knows guests', 'formats/x.ts', "import type { GuestRef } from '../pve/guest.ts';"],
    ['repository knows guests', 'repository/x.ts', "import type { GuestRef } from '../pve/guest.ts';"],
    [
      'repository imports over several lines',
      'repository/x.ts',
      "import {\n  type A,\n  b,\n} from '../apply/x.ts';",
    ],
    ['repository imports for the effect', 'repository/x.ts', "import 'ssh2';"],
    ['repository imports late', 'repository/x.ts', "const late = await import('ssh2');"],
    ['transport knows Proxmox VE', 'transport/x.ts', "import { parseVmid } from '../pve/guest.ts';"],
    ['pve imports a package', 'pve/x.ts', "import yaml from 'yaml';"],
    ['something reaches out of src', 'repository/x.ts', "import { x } from '../../test/x.ts';"],
    [
      "a worker is another layer's",
      'formats/x.ts',
      "new Worker(new URL('../repository/blob-work.ts', import.meta.url));",
    ],
    ['a file belongs to no layer', 'other/x.ts', "import { x } from './y.ts';"],
  ])('%s', (_, path, text) => {
    const found = layerViolations(planted(path, `${text}\n`));
    expect(found.filter((sentence) => sentence.startsWith(path))).toHaveLength(1);
  });

  it.each([
    ['of two files', { 'plan/a.ts': "import './b.ts';", 'plan/b.ts': "import { a } from './a.ts';" }],
    ['of one file', { 'plan/a.ts': "import { a } from './a.ts';" }],
    [
      'of three',
      {
        'plan/a.ts': "import './b.ts';",
        'plan/b.ts': "import './c.ts';",
        'plan/c.ts': "export * from './a.ts';",
      },
    ],
  ])('a cycle %s', (_, files) => {
    const cycle = importCycle(new Map(Object.entries(files)));
    expect(cycle?.[0]).toBe('plan/a.ts');
    expect(cycle?.at(-1)).toBe('plan/a.ts');
  });

  it('no cycle, where one of two files imports only types', () => {
    const files = {
      'plan/a.ts': "import type { B } from './b.ts';",
      'plan/b.ts': "import { a } from './a.ts';",
    };
    expect(importCycle(new Map(Object.entries(files)))).toBeUndefined();
  });

  it.each([
    "console.log('x')",
    'process.env.HOME',
    "process.env['HOME']",
    'process.exit(1)',
    'process.stdout.write(x)',
  ])('%s below cli', (code) => {
    expect(surroundingsUsed(planted('plan/x.ts', `${code};\n`))).toHaveLength(1);
    expect(surroundingsUsed(planted('cli/x.ts', `${code};\n`))).toEqual([]);
  });
});

describe('reading imports', () => {
  it.each([
    ["import a from 'x';", 'x', false],
    ["import * as a from 'x';", 'x', false],
    ["import { a, type B } from 'x';", 'x', false],
    ["import { type A, type B } from 'x';", 'x', true],
    ["import type { A } from 'x';", 'x', true],
    ["import type A from 'x';", 'x', true],
    ["export type { A } from 'x';", 'x', true],
    ["export * from 'x';", 'x', false],
    ["import {} from 'x';", 'x', false],
  ])('%s', (text, from, typesOnly) => {
    expect(importsOf(text)).toEqual([{ from, typesOnly }]);
  });

  it.each([
    ["/** import { a } from 'x'; */"],
    ["/*\nimport { a } from 'x';\n*/"],
    ["// import { a } from 'x';"],
    ["export const kind = 'x';"],
    ["export type Kind =\n  | 'a'\n  | 'b';"],
    ["export function f() {\n  return 'x';\n}"],
  ])('sees none in %j', (text) => {
    expect(importsOf(text)).toEqual([]);
  });
});
