import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { brief, parse } from './render-site.ts';

const FOLDER = new URL('../../examples/', import.meta.url);
const example = (name: string) => readFileSync(new URL(name, FOLDER), 'utf8');

describe('the examples', () => {
  test.each(readdirSync(FOLDER).filter((name) => name.endsWith('.yaml')))(
    '%s is a good site file',
    (name) => {
      expect(brief(example(name))).toEqual([]);
      expect(example(name)).toContain('$schema=../schemas/site.schema.json');
    },
  );

  test('the example of a cluster uses what a first site does not need', () => {
    const { hosts, restores } = parse(example('cluster.yaml'));
    expect(hosts.get('pve')).toMatchObject({
      access: { client: { kind: 'openssh', options: ['ProxyJump=gate.example.org'] } },
      configBackup: true,
      vzdump: { fleecing: { storage: 'local-lvm' }, lockwaitMinutes: 30, stopwaitMinutes: 5 },
    });
    expect(restores.map(({ name, order }) => [name, order])).toEqual([
      ['database', 1],
      ['web', 2],
      ['everything', { kind: 'startup' }],
      ['staging', undefined],
    ]);
  });

  test("the ancestor's sources keep their names, meanings and defaults", () => {
    const { hosts, backups } = parse(example('ancestor.yaml'));
    expect([...hosts.values()].map(({ access }) => access)).toMatchObject([
      { kind: 'local' },
      { username: 'root', login: { kind: 'password', password: { value: 'aSecureAndStrongPass' } } },
      { username: 'root', login: { kind: 'identity', key: { path: '/path/to/somewhere/pmx_id' } } },
    ]);
    const options = [...hosts.values()].map(({ name: _name, id: _id, access: _access, ...rest }) => rest);
    expect(options[2]).toEqual(options[1]);
    expect(backups.map(({ select }) => select.kind)).toEqual(['vmid', 'pool', 'all']);
  });
});
