/** How a run looks to those who watch it: people at a terminal, and machines that read JSON lines. */
import { spawn } from 'node:child_process';
import { stripVTControlCharacters } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addCt, addVm } from '../lab/guests.ts';
import { type Lab, startLab } from '../lab/lab.ts';
import { byIdentity, labSite } from './lab-site.ts';
import { until, Workplace } from './program.ts';

let lab: Lab;
let place: Workplace;

beforeAll(async () => {
  lab = await startLab();
  place = new Workplace();
  const scsi0 = { key: 'scsi0', sizeBytes: 12 << 20, content: { kind: 'random', bytes: 12 << 20 } } as const;
  addVm(lab, 'pve1', { vmid: 101, name: 'web', disks: [scsi0] });
  addCt(lab, 'pve1', { vmid: 105, hostname: 'git' });
  const hosts = { pve: byIdentity(lab.node('pve1'), { vzdump: '{ bwlimit: 6MiB }' }) };
  place.write('site.yaml', labSite({ hosts, backups: ['{ name: all, host: pve, all: true, rpo: 1s }'] }));
  await place.makeRepository();
});

afterAll(async () => {
  place[Symbol.dispose]();
  await lab.stop();
});

describe('on a terminal, apply', () => {
  it('asks, shows bytes, rate and percent while it works, and what came of it', async () => {
    const terminal = new Terminal(place.line('apply', 'site.yaml'), place.environment);
    await until(() => terminal.text.includes('Carry this out? [y/N]'));
    terminal.type('y\n');
    expect(await terminal.ended).toBe(0);
    expect(terminal.text).toMatch(
      /\d+ %, [\d.]+ [KM]iB of 12 MiB, [\d.]+ [KM]iB\/s, [\d.]+ \w+ new, [\d.]+ s left/,
    );
    expect(terminal.text).toMatch(
      /backup qemu\/101 web: 12 MiB in [\d.]+ s, 12 MiB new \(.* stored\), snapshot/,
    );
    expect(terminal.text).toMatch(/backup lxc\/105 git: .* new \(.* stored\), snapshot/);
    expect(terminal.text).toMatch(/\n2 backed up: 12 MiB of guests, .* new/);
    expect(place.stored('snapshots')).toHaveLength(2);
  });

  it('does nothing when the answer is no', async () => {
    const terminal = new Terminal(place.line('apply', 'site.yaml'), place.environment);
    await until(() => terminal.text.includes('Carry this out? [y/N]'));
    terminal.type('\n');
    expect(await terminal.ended).toBe(1);
    expect(terminal.text).toContain('nothing was done');
    expect(place.stored('snapshots')).toHaveLength(2);
  });
});

describe('with --json, apply', () => {
  it('writes one object a line, in order, and the last of each item carries its report', async () => {
    const { stdout, stderr, status } = await place.pvebak('apply', 'site.yaml', '--yes', '--json');
    expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
    const events = stdout.trimEnd().split('\n').map(parseEvent);
    const times = events.map(({ time }) => time);
    expect(times).toEqual(times.toSorted());
    for (const item of ['backup main pve qemu/101', 'backup main pve lxc/105']) {
      const own = events.filter((event) => event.item === item);
      expect(own.map(({ kind }) => kind).join(' ')).toMatch(/^item-started( item-progress)+ item-ended$/);
      expect(own[0]).toMatchObject({ label: { kind: 'backup', host: 'pve', repository: 'main' } });
      expect(own.at(-1)).toMatchObject({
        outcome: {
          kind: 'backed-up',
          report: {
            snapshot: expect.stringMatching(/^[0-9a-f]{64}$/),
            diskBytes: expect.any(Number),
            newBytes: expect.any(Number),
            warnings: [],
          },
        },
      });
    }
  });

  it('tells of a failure as data too', async () => {
    lab.node('pve1').orderFault({ kind: 'empty' });
    const { stdout, status } = await place.pvebak('apply', 'site.yaml', '--yes', '--json');
    const ended = stdout
      .trimEnd()
      .split('\n')
      .map(parseEvent)
      .filter(({ kind }) => kind === 'item-ended');
    expect(ended).toHaveLength(2);
    expect(ended).toContainEqual(
      expect.objectContaining({
        outcome: expect.objectContaining({ kind: 'failed', reason: expect.stringContaining('sent nothing') }),
      }),
    );
    expect(status).toBe(3);
  });
});

interface Event {
  readonly time: string;
  readonly kind: string;
  readonly item: string;
}

function parseEvent(line: string): Event {
  return JSON.parse(line);
}

/** A pseudo terminal of 120 columns and 40 rows, with somebody at the keys. */
class Terminal {
  readonly ended: Promise<number | null>;
  readonly #child;
  #text = '';

  constructor(line: string, env: NodeJS.ProcessEnv) {
    const command = `stty cols 120 rows 40; ${line}`;
    this.#child = spawn('script', ['--quiet', '--return', '--command', command, '/dev/null'], {
      env: { ...env, TERM: 'xterm' },
    });
    this.#child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.#text += text;
    });
    const { promise, resolve } = Promise.withResolvers<number | null>();
    this.#child.once('close', resolve);
    this.ended = promise;
  }

  /** All that was ever shown, without colours and movements. */
  get text(): string {
    return stripVTControlCharacters(this.#text).replaceAll('\r', '');
  }

  type(keys: string): void {
    this.#child.stdin.write(keys);
  }
}
