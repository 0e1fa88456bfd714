import { describe, expect, it } from 'vitest';
import { recoveryNodes } from '../../src/cli/recovery-nodes.ts';
import { renderKit } from '../../src/cli/view/kit-text.ts';

const NEWEST = 'ab12cd34'.padEnd(64, '0');

function snapshot(id: string, time: string, node = 'fra1', hostname = 'frankfurt') {
  const tags = ['pvebak', `node=${node}`, 'run=a1'];
  return { id: id.padEnd(64, '0'), time, hostname, paths: [`/node/${node}`], tags };
}

const all = [
  snapshot('02', '2026-11-22T01:00:00Z'),
  snapshot('03', '2026-11-20T01:00:00Z', 'fra2'),
  snapshot(NEWEST, '2026-11-23T02:00:00+01:00'),
  snapshot('04', '2026-11-21T01:00:00Z', 'one', 'berlin'),
  { ...snapshot('05', '2026-11-24T01:00:00Z'), paths: ['/qemu/101'], tags: ['pvebak'] },
];

describe("the nodes' own configurations in a kit", () => {
  const nodes = recoveryNodes(all, '/srv/re po');

  it('are each there once, by host and name, with the newest snapshot', () => {
    expect(nodes.map(({ host, node, snapshots }) => [host, node, snapshots])).toEqual([
      ['berlin', 'one', 1],
      ['frankfurt', 'fra1', 2],
      ['frankfurt', 'fra2', 1],
    ]);
    expect(nodes[1]).toMatchObject({ snapshot: NEWEST, time: '2026-11-23T01:00:00.000Z' });
  });

  it('come with one line that unpacks them into a folder of their own', () => {
    expect(nodes[1]?.restic).toBe(
      "mkdir -p node-fra1 && restic -r '/srv/re po' dump ab12cd34 /node/fra1/archive/node-fra1.tar | tar -x -C node-fra1",
    );
  });

  it('are named with as many digits as tell them from other snapshots', () => {
    const twin = { ...snapshot('ab12cd34ff', '2026-11-01T01:00:00Z'), paths: ['/qemu/101'] };
    expect(recoveryNodes([...all, twin], '/srv/repo')[1]?.restic).toContain(` dump ${NEWEST} `);
  });

  it('stand behind the guests', () => {
    const found = { id: '7e', keys: 2, passwordLine: undefined, listLines: [], guests: [], nodes };
    const password = { kind: 'site-file' } as const;
    const repositories = [{ name: 'main', where: '/srv/re po', password, found }];
    const text = renderKit({ madeAt: 0, site: 'site.yaml', repositories }, { timeZone: 'Europe/Berlin' });
    expect(text).not.toContain('There are no backups');
    expect(text).toContain(
      [
        'node fra1 of frankfurt: its /etc/pve, keys included, and /etc/network',
        '  snapshot ab12cd34 of 2026-11-23 02:00 CET, the newest of 2 snapshots',
        `    ${nodes[1]?.restic}\n`,
      ].join('\n'),
    );
  });
});
