import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { siteRevision } from '../../src/cli/git-revision.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pvebak-git-'));
});

afterEach(() => rmSync(folder, { recursive: true }));

/** The answer where `git` is a script. */
function revisionBy(script: string | undefined) {
  if (script !== undefined) writeFileSync(join(folder, 'git'), `#!/bin/sh\n${script}\n`, { mode: 0o700 });
  const { signal } = new AbortController();
  return siteRevision([join(folder, 'site.yaml')], { env: { PATH: folder, SECRET: 'x' }, signal });
}

it.each<[string, string | undefined, object | undefined]>([
  [
    'of a file as it was committed',
    'case "$*" in *rev-parse*) echo 3f9c1e2;; esac',
    { commit: '3f9c1e2', clean: true },
  ],
  [
    'of a file that has changed since',
    'case "$*" in *rev-parse*) echo 3f9c1e2;; *) echo " M site.yaml";; esac',
    { commit: '3f9c1e2', clean: false },
  ],
  ['of a file outside of any work tree', 'exit 128', undefined],
  ['where there is no git', undefined, undefined],
])('the revision %s', async (_, script, expected) => {
  expect(await revisionBy(script)).toEqual(expected);
});

it('is asked for in a way that runs nothing which the work tree names, and tells git no secret', async () => {
  const seen = join(folder, 'seen');
  await revisionBy(`echo "$* secret=$SECRET" >> ${seen}; echo 3f9c1e2`);
  for (const line of readFileSync(seen, 'utf8').trim().split('\n'))
    expect(line).toMatch(
      /^--no-optional-locks -c core.fsmonitor=false -c core.hooksPath=\/dev\/null .* secret=$/,
    );
});
