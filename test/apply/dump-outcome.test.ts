import { describe, expect, it } from 'vitest';
import { type DumpEnd, dumpFailure } from '../../src/apply/dump-outcome.ts';
import { dumpVerdict } from '../../src/pve/dump-verdict.ts';
import { VzdumpLog } from '../../src/pve/vzdump-log.ts';

function ended(log: string, change: Partial<DumpEnd> = {}): DumpEnd {
  const reader = new VzdumpLog();
  return {
    guest: 'lxc/105',
    where: '10.0.0.10:22',
    argv: ['vzdump', '105', '--stdout'],
    exit: { kind: 'status', status: 255 },
    verdict: dumpVerdict([...reader.push(Buffer.from(log)), ...reader.end()]),
    streamBytes: 0,
    intakeError: undefined,
    givenUp: false,
    ...change,
  };
}

describe('a dump that failed says why, and what to do', () => {
  it.each([
    [
      'a locked container',
      'ERROR: Backup of VM 105 failed - CT is locked (backup)\n',
      'vzdump lxc/105 on 10.0.0.10:22 failed: CT is locked (backup)',
      /pct unlock 105/,
    ],
    [
      "the node's own backup job",
      "ERROR: can't acquire lock '/var/run/vzdump.lock' - got timeout\n",
      "vzdump lxc/105 on 10.0.0.10:22 failed: can't acquire lock '/var/run/vzdump.lock' - got timeout",
      /another backup job/,
    ],
    [
      'no dump_dir',
      "dumpdir '/nowhere' does not exist\n",
      "vzdump lxc/105 on 10.0.0.10:22 failed: dumpdir '/nowhere' does not exist",
      /set dump_dir/,
    ],
    ['no word', '', 'vzdump lxc/105 on 10.0.0.10:22 failed: status 255, without a word', undefined],
    [
      'a log that says that all is well',
      'INFO: Backup job finished successfully\n',
      'vzdump lxc/105 on 10.0.0.10:22 failed: status 255, and nothing that it said tells why',
      undefined,
    ],
  ])('for %s', (_, log, message, hint) => {
    const failure = dumpFailure(ended(log));
    expect(failure).toMatchObject({ code: 'guest', message });
    if (hint === undefined) expect(failure).toMatchObject({ hint: undefined });
    else expect(failure).toMatchObject({ hint: expect.stringMatching(hint) });
  });

  it('and one that did not fail says nothing', () => {
    const well = { exit: { kind: 'status', status: 0 }, streamBytes: 10240 } as const;
    expect(dumpFailure(ended('INFO: Backup job finished successfully\n', well))).toBeUndefined();
  });
});
