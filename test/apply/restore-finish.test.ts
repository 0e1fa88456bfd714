import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Finishing, finishRestore } from '../../src/apply/restore-finish.ts';
import { parseGuestRef } from '../../src/pve/guest.ts';
import { openLocalShell } from '../../src/transport/local-shell.ts';
import type { Shell } from '../../src/transport/shell.ts';
import { UserError } from '../../src/user-error.ts';
import { userErrorOf } from '../repository/user-error-of.ts';

const target = parseGuestRef('qemu/901');
let folder: string;
let shell: Shell;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pvebak-finish-'));
  shell = openLocalShell({ environment: { PATH: `${folder}:/usr/bin:/bin` } });
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What `qm` does on the node. */
function qm(script: string): void {
  writeFileSync(join(folder, 'qm'), `#!/bin/sh\n${script}\n`);
  chmodSync(join(folder, 'qm'), 0o755);
}

function finishing(more: Partial<Finishing> = {}): Finishing {
  if (target === undefined) throw new Error('no guest');
  const signal = new AbortController().signal;
  const nothing = { bridges: new Map(), template: false, start: false, remarks: [] };
  return { target, snapshot: 'ab'.repeat(32), ...nothing, shell, signal, ...more };
}

describe('when the tool has done its part', () => {
  it('what cannot be done after it is said, with the command', async () => {
    qm('case $1 in start) echo "no such bridge" >&2; exit 1;; esac');
    expect(await userErrorOf(finishRestore(finishing({ start: true })))).toMatchObject({
      code: 'restore-target',
      message: 'qemu/901 is restored, but it could not be started: no such bridge',
      hint: 'next: qm start 901',
    });
  });

  it('an interrupt says that the guest is there, and what it may lack', async () => {
    const interrupt = new AbortController();
    setTimeout(() => interrupt.abort(new UserError('interrupted', 'interrupted')), 300);
    const work = finishing({ start: true, template: true, signal: interrupt.signal });
    qm('case $1 in template) exec sleep 600;; esac');
    expect(await userErrorOf(finishRestore(work))).toMatchObject({
      code: 'interrupted',
      message:
        'qemu/901 is restored whole, but then it was interrupted: its description may not name the snapshot, it may not be a template, it may not be started',
      hint: 'look with: qm config 901',
    });
  });

  it('a connection that is lost says so as well', async () => {
    const lost: Shell = {
      where: 'pve1',
      run: async () => {
        throw new UserError('host-unreachable', 'the connection to pve1 was lost');
      },
      [Symbol.asyncDispose]: async () => undefined,
    };
    expect(await userErrorOf(finishRestore(finishing({ shell: lost })))).toMatchObject({
      code: 'host-unreachable',
      message:
        'qemu/901 is restored whole, but then the connection to pve1 was lost: its description may not name the snapshot',
    });
  });
});
