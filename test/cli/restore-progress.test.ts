/** How far a restore is, as those who watch it see it, and how it is held back. */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { stripVTControlCharacters } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ApplyEvent, itemId, type Progress } from '../../src/apply/apply-event.ts';
import { applyLinesView } from '../../src/cli/view/apply-lines-view.ts';
import { addCt, addVm } from '../lab/guests.ts';
import { type Lab, startLab } from '../lab/lab.ts';
import type { LabNode } from '../lab/lab-node.ts';
import { byIdentity, labSite } from './lab-site.ts';
import { Workplace } from './program.ts';

const DISK_BYTES = 12 << 20;
let lab: Lab;
let node: LabNode;
let place: Workplace;

beforeAll(async () => {
  lab = await startLab();
  node = lab.node('pve1');
  place = new Workplace();
  const content = { kind: 'random', bytes: DISK_BYTES } as const;
  addVm(lab, 'pve1', { vmid: 101, name: 'web', disks: [{ key: 'scsi0', sizeBytes: DISK_BYTES, content }] });
  addCt(lab, 'pve1', { vmid: 105, hostname: 'git' });
  const hosts = { pve: byIdentity(node, { cleanup: 'true' }) };
  place.write('site.yaml', labSite({ hosts, backups: ['{ name: all, host: pve, all: true }'] }));
  await place.makeRepository();
  await place.succeed('apply', 'site.yaml', '--yes');
});

afterAll(async () => {
  place[Symbol.dispose]();
  await lab.stop();
});

/** From now on the tool does as the script says, which finds the real one as `$0.whole`. */
function replaceTool(tool: string, script: string): void {
  const path = `${node.bin}/${tool}`;
  renameSync(path, `${path}.whole`);
  writeFileSync(path, `#!/bin/bash\n${script}\n`, { mode: 0o755 });
}

function putBack(tool: string): void {
  renameSync(`${node.bin}/${tool}.whole`, `${node.bin}/${tool}`);
}

describe('while qmrestore reads the archive, its percentage', () => {
  /** As a file, so that nothing but the words of qmrestore can tell how far it is. */
  const staged = 'restore --latest --guests qemu/101 --to pve --vmid 901 --replace --yes --mode staged'.split(
    ' ',
  );

  beforeAll(() =>
    replaceTool(
      'qmrestore',
      'archive=$1; shift; exec "$0.whole" - "$@" < <(exec cstream -t 4000000 <"$archive")',
    ),
  );
  afterAll(() => putBack('qmrestore'));

  it('is on the terminal', async () => {
    const line = `stty cols 120 rows 40; ${place.line(...staged)}`;
    const { stdout } = await place.command('script', '--quiet', '--return', '--command', line, '/dev/null');
    expect(stripVTControlCharacters(stdout)).toMatch(/restoring on the node, [1-8]?\d %/);
  });

  it('is in the JSON lines, as bytes of disk', async () => {
    const { stdout } = await place.succeed(...staged, '--json');
    const done = stdout.split('\n').flatMap(bytesRestored);
    expect(done).toEqual(done.toSorted((one, other) => one - other));
    expect(done.some((bytes) => bytes > 0 && bytes < DISK_BYTES)).toBe(true);
  });

  function bytesRestored(line: string): readonly number[] {
    if (!line.includes('"phase":"restoring"')) return [];
    const { progress }: { progress: Progress } = JSON.parse(line);
    return [progress.doneBytes];
  }
});

describe('without a terminal, a line every ten seconds', () => {
  it.each<[string, Partial<Progress>, string]>([
    ['says how far qmrestore is', { doneBytes: 5 << 20 }, 'restoring on the node, 41 %'],
    ['says only that it works where nothing tells', {}, 'restoring on the node'],
    ['does so for a guest without a disk', { totalBytes: 0 }, 'restoring on the node'],
  ])('%s', (_, progress, text) => {
    expect(lineOf({ ...RESTORING, ...progress })).toBe(`  restore qemu/101 as 901 on pve: ${text}\n`);
  });

  const RESTORING: Progress = {
    phase: 'restoring',
    doneBytes: 0,
    totalBytes: DISK_BYTES,
    streamBytes: DISK_BYTES,
    newBytes: undefined,
    elapsedMs: 60_000,
  };

  function lineOf(progress: Progress): string {
    const item = itemId('restore');
    const label = { kind: 'restore', intent: 'web', guest: 'qemu/101', host: 'pve', vmid: 901 } as const;
    const events: readonly ApplyEvent[] = [
      { kind: 'item-started', item, label },
      { kind: 'item-progress', item, progress },
    ];
    let now = 0;
    let written = '';
    const write = (text: string) => {
      written = text;
    };
    const view = applyLinesView({ write }, () => now);
    for (const event of events) {
      view.emit(event);
      now += 10_000;
    }
    return written;
  }
});

describe('a limit on what is written each second is given to the tools, in KiB', () => {
  const both = ['--latest', '--guests', 'qemu/101,lxc/105', '--to', 'pve', '--vmid-offset', '800'];
  const tell = 'printf "%s\\n" "$*" >>/var/tmp/said; exec "$0.whole" "$@"';

  beforeAll(() => {
    for (const tool of ['qmrestore', 'pct']) replaceTool(tool, tell);
  });
  afterAll(() => ['qmrestore', 'pct'].forEach(putBack));

  it.each(['staged', 'streamed'])('%s', async (mode) => {
    await place.succeed('restore', ...both, '--replace', '--yes', '--mode', mode, '--bwlimit', '4MiB');
    const said = readFileSync(node.path('/var/tmp/said'), 'utf8').split('\n');
    expect(said.filter((line) => line.includes('--bwlimit'))).toEqual([
      expect.stringMatching(/^\S+ 901 .*--bwlimit 4096\b/),
      expect.stringMatching(/^restore 905 .*--bwlimit 4096\b/),
    ]);
    await node.exec('rm /var/tmp/said');
  });
});
