/** Claims on this machine, as on a node. */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { withClaim } from '../../src/apply/guest-claim.ts';
import { type GuestRef, parseGuestRef } from '../../src/pve/guest.ts';
import { type ClaimHolder, claimCommand, parseClaimAnswer } from '../../src/pve/wrapper/claim-script.ts';
import { openLocalShell } from '../../src/transport/local-shell.ts';
import type { Shell } from '../../src/transport/shell.ts';

const HOLDER: ClaimHolder = {
  run: '00112233aabbccdd',
  hostname: 'backup-1.example',
  pid: 4711,
  since: '2026-11-28T02:00:00+01:00',
};
const REPOSITORY = 'ab'.repeat(32);
/** Each test has one of its own. */
let vmid = 860_000 + (process.pid % 10_000) * 10;
let guest: GuestRef;
let shell: Shell;

beforeEach(() => {
  const ref = parseGuestRef(`qemu/${++vmid}`);
  if (ref === undefined) throw new Error(`no guest ${vmid}`);
  guest = ref;
  shell = openLocalShell();
});

afterEach(() => shell[Symbol.asyncDispose]());

function pathOf(): string {
  return `/run/pvebak-claim-qemu-${vmid}.${REPOSITORY.slice(0, 16)}`;
}

function claim<T>(claimed: () => Promise<T>, { repository = REPOSITORY, silenceSeconds = 60 } = {}) {
  return withClaim<T | ClaimHolder | undefined>(shell, {
    repository,
    guest,
    holder: HOLDER,
    silenceSeconds,
    everyMs: 100,
    claimed,
    busy: ({ by }) => by,
    signal: new AbortController().signal,
  });
}

it('a guest goes to one run at a time, the others hear whose it is, and nothing is left', async () => {
  const inside = await claim(async () => {
    expect(await claim(async () => 'claimed twice')).toEqual(HOLDER);
    return 'claimed';
  });
  expect(inside).toBe('claimed');
  expect(existsSync(pathOf())).toBe(false);
  expect(await claim(async () => 'claimed again')).toBe('claimed again');
});

it('of many who want it at the same moment one gets it', async () => {
  const all = await Promise.all(
    Array.from({ length: 8 }, () =>
      claim(async () => {
        await sleep(1500);
        return 'claimed';
      }),
    ),
  );
  expect(all.filter((one) => one === 'claimed')).toHaveLength(1);
  expect(existsSync(pathOf())).toBe(false);
});

it('is claimed for one repository', async () => {
  const other = await claim(() => claim(async () => 'claimed too', { repository: 'cd'.repeat(32) }));
  expect(other).toBe('claimed too');
});

it('is given back when the work fails', async () => {
  const failing = claim(() => Promise.reject(new Error('the dump failed')));
  await expect(failing).rejects.toThrow('the dump failed');
  expect(await claim(async () => 'claimed')).toBe('claimed');
});

it.each(['its input is at its end', 'nothing is heard of it'])('is given back when %s', async (end) => {
  const silenceSeconds = end === 'nothing is heard of it' ? 1 : 60;
  const [program = '', ...args] = claimCommand({
    repository: REPOSITORY,
    guest,
    holder: HOLDER,
    silenceSeconds,
  });
  const runner = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const gone = new Promise((resolve) => runner.once('exit', resolve));
  await new Promise((resolve) => runner.stdout.once('data', resolve));
  expect(readFileSync(pathOf(), 'utf8')).toBe(
    '00112233aabbccdd backup-1.example 4711 2026-11-28T02:00:00+01:00\n',
  );
  expect(await claim(async () => 'claimed')).toEqual(HOLDER);
  if (silenceSeconds === 60) runner.stdin.end();
  await gone;
  expect(existsSync(pathOf())).toBe(false);
});

it("a file that a killed run has left is in nobody's way", async () => {
  writeFileSync(pathOf(), 'somebody\n');
  expect(await claim(async () => 'claimed')).toBe('claimed');
});

it('a node where nothing can be claimed is named with its reason', async () => {
  const without: Shell = {
    ...shell,
    run: (argv, options) =>
      shell.run(
        argv.map((word) => word.replace('path=/run/', 'path=/run/not/there/')),
        options,
      ),
  };
  const claiming = withClaim(without, {
    repository: REPOSITORY,
    guest,
    holder: HOLDER,
    everyMs: 100,
    claimed: async () => undefined,
    busy: () => undefined,
    signal: new AbortController().signal,
  });
  await expect(claiming).rejects.toMatchObject({
    code: 'command-failed',
    message: expect.stringMatching(/^this machine cannot keep other runs from a guest: .*\/run\/not\/there/),
  });
});

it.each([
  ['claimed', { kind: 'claimed' }],
  ['busy', { kind: 'busy', by: undefined }],
  ['busy ', { kind: 'busy', by: undefined }],
  ['busy x; reboot', { kind: 'busy', by: undefined }],
  ['busy 00112233aabbccdd a\u001b[2J 1 2026-11-28T02:00:00Z', { kind: 'busy', by: undefined }],
  [
    'busy 00112233aabbccdd b 1 2026-11-28T02:00:00Z',
    { kind: 'busy', by: { run: '00112233aabbccdd', hostname: 'b', pid: 1, since: '2026-11-28T02:00:00Z' } },
  ],
  ['Welcome to node pve1', undefined],
])('of what a node says, %j is the answer %j', (text, answer) => {
  expect(parseClaimAnswer(text)).toEqual(answer);
});
