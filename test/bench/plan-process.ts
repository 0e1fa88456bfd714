/**
 * A process of its own, in two roles. `make FOLDER GUESTS`: a repository in which each guest has twenty snapshots, and recorded facts
 * of the hosts that they live on. `plan FOLDER`: plans with both, as `pvebak plan` does once the hosts have answered, and prints
 * `PlanFigures` as JSON.
 */
import { randomFillSync } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Chalk } from 'chalk';
import { askRepository } from '../../src/cli/gather-facts.ts';
import { encodeFactsFile, parseFactsFile } from '../../src/cli/saved/facts-file.ts';
import { keepHeapSmall } from '../../src/cli/small-heap.ts';
import { planHeader } from '../../src/cli/view/plan-header.ts';
import { renderPlanText } from '../../src/cli/view/plan-text.ts';
import { makePlan } from '../../src/plan/make-plan.ts';
import { formatGuestRef } from '../../src/pve/guest.ts';
import type { Guest } from '../../src/pve/inventory.ts';
import { folderBackend } from '../../src/repository/folder-backend.ts';
import { blobId } from '../../src/repository/object-id.ts';
import { initRepository, openRepository, type Repository } from '../../src/repository/repository.ts';
import { encodeSnapshot } from '../../src/repository/snapshot-file.ts';
import { saveUnpacked } from '../../src/repository/unpacked-file.ts';
import { facts, guest, HOUR, host, inventory, line, NOW, node, policy, site } from '../plan/sample-site.ts';

export interface PlanFigures {
  readonly snapshots: number;
  /** Milliseconds of processor time. */
  readonly phases: Readonly<Record<'key' | 'snapshots' | 'plan' | 'text', number>>;
  readonly backups: number;
  readonly forgotten: number;
}

const PASSWORD = 'a long sentence that nobody guesses';
const SNAPSHOTS_EACH = 20;
const SAVED_AT_ONCE = 64;
const RETENTION = { last: 2, daily: 7, weekly: 4, monthly: 6 };

const SITE = site({
  hosts: [
    host('pve', {
      access: {
        kind: 'ssh',
        addresses: [{ host: '192.0.2.1', port: 22 }],
        username: 'root',
        login: { kind: 'agent' },
        hostKeys: { kind: 'known-hosts', files: [] },
      },
    }),
  ],
  backups: [
    policy('gold', { select: { kind: 'pool', pool: 'gold' }, retention: RETENTION, rpoMs: 12 * HOUR }),
    policy('all', { retention: RETENTION }),
  ],
});

if (import.meta.main) {
  const [role = '', folder = '', guests = '0'] = process.argv.slice(2);
  const said = role === 'make' ? await make(folder, Number(guests)) : await plan(folder);
  process.stdout.write(JSON.stringify(said));
}

async function make(folder: string, count: number): Promise<{ readonly guests: number }> {
  const guests = Array.from({ length: count }, (_, index) => guestNumber(index));
  const nodes = Array.from({ length: 14 }, (_, index) => ({
    name: node(`fra${index}`),
    online: true,
    address: `192.0.2.${index + 1}`,
  }));
  const recorded = facts({ pve: inventory(guests, { nodes, localNode: node('fra0'), pools: ['gold'] }) });
  const file = { kind: 'pvebak-facts', version: 1, madeBy: 'the bench' } as const;
  const name = { file: 'site.yaml', sha256: '0'.repeat(64) };
  writeFileSync(join(folder, 'facts.json'), encodeFactsFile({ ...file, site: name, facts: recorded }));
  const backend = folderBackend(join(folder, 'repository'));
  await initRepository(backend, PASSWORD);
  await addSnapshots(await openRepository(backend, PASSWORD), guests);
  return { guests: count };
}

function guestNumber(index: number): Guest {
  const name = `${index % 3 === 0 ? 'lxc' : 'qemu'}/${1000 + index}`;
  return guest(name, {
    name: `guest-${index}.example.org`,
    node: node(`fra${index % 14}`),
    ...(index % 4 === 0 && { pool: 'gold' }),
    identity: {
      line: line((0xabc000 + index).toString(16)),
      machine: { kind: 'smbios-uuid', uuid: `0000-${index}` },
    },
    volumes: [{ key: 'scsi0', bytes: 32 * 2 ** 30, storage: 'ceph' }],
  });
}

/** Those of a guest are a day apart, and of half of all guests the newest is due again. */
async function addSnapshots({ backend, key }: Repository, guests: readonly Guest[]): Promise<void> {
  const all = guests.flatMap((one, index) =>
    Array.from({ length: SNAPSHOTS_EACH }, (_, day) => ({
      one,
      ageMs: ((index % 2) * 15 + 1 + day * 24) * HOUR,
    })),
  );
  for (let at = 0; at < all.length; at += SAVED_AT_ONCE) {
    const batch = all.slice(at, at + SAVED_AT_ONCE);
    await Promise.all(
      batch.map(({ one, ageMs }) =>
        saveUnpacked(backend, key, { type: 'snapshots', plaintext: snapshotOf(one, ageMs), compress: true }),
      ),
    );
  }
}

function snapshotOf({ ref, identity }: Guest, ageMs: number): Uint8Array {
  return encodeSnapshot({
    time: new Date(NOW - ageMs).toISOString(),
    tree: blobId(randomFillSync(new Uint8Array(32))),
    hostname: 'pve',
    paths: [`/${formatGuestRef(ref)}`],
    tags: ['pvebak', `guest=${identity.line}`, 'policy=all', 'run=0123456789abcdef'],
    username: 'root',
    programVersion: 'pvebak 0.1.0',
    summary: {
      backupStart: new Date(NOW - ageMs).toISOString(),
      backupEnd: new Date(NOW - ageMs + 600_000).toISOString(),
      totalBytesProcessed: 32 * 2 ** 30,
      dataAdded: 2 ** 30,
      dataAddedPacked: 2 ** 29,
    },
  });
}

async function plan(folder: string): Promise<PlanFigures> {
  const { facts: recorded } = parseFactsFile(readFileSync(join(folder, 'facts.json'), 'utf8'), 'facts.json');
  keepHeapSmall();
  const started = processorMs();
  const repository = await openRepository(folderBackend(join(folder, 'repository')), PASSWORD, {
    cacheFolder: join(folder, 'cache'),
  });
  const opened = processorMs();
  const held = await askRepository(repository, NOW);
  const read = processorMs();
  const known = { ...recorded, repositories: new Map([['main', held]]) };
  const made = makePlan(SITE, known);
  const planned = processorMs();
  const header = planHeader(SITE, known, { title: 'pvebak plan site.yaml', timeZone: 'Europe/Berlin' });
  renderPlanText(made, header, { colour: new Chalk({ level: 0 }) });
  const ended = processorMs();
  return {
    snapshots: held.snapshots.length,
    phases: { key: opened - started, snapshots: read - opened, plan: planned - read, text: ended - planned },
    backups: made.backups.length,
    forgotten: made.forgets.reduce((sum, { forget }) => sum + forget.length, 0),
  };
}

function processorMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
