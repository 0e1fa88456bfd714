import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import type { PlannedHost } from '../../../src/apply/apply-host.ts';
import type { NodeJob } from '../../../src/apply/node-job.ts';
import type { NodeWay } from '../../../src/apply/node-way.ts';
import { NodeThreads } from '../../../src/apply/thread/node-threads.ts';
import { type NodeName, parseNodeName } from '../../../src/pve/guest.ts';
import { type RepositorySession, withSession } from '../../../src/repository/repository.ts';
import { UserError } from '../../../src/user-error.ts';
import { sampleRepository } from '../../repository/sample-repository.ts';

const NODE = nodeOf('pve1');
const FACTS = {
  run: 'test',
  runner: { hostname: 'backup-1', pid: 1 },
  programVersion: 'pvebak test',
  environment: {},
  temporaryFolder: tmpdir(),
  offsetMinutes: 60,
};
const INVENTORY = { version: { release: '8.4', version: '8.4.21' }, clusterFingerprint: 'ab'.repeat(32) };
const JOB: NodeJob = {
  kind: 'node-config',
  action: {
    kind: 'node-config',
    host: 'pve',
    node: NODE,
    repository: 'main',
    reason: { kind: 'never-backed-up' },
  },
  inventory: INVENTORY,
};

/** A node whose tar is this script. */
async function hostWhoseTar(script: string): Promise<PlannedHost> {
  const folder = await mkdtemp(join(tmpdir(), 'pvebak-thread-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, 'tar'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return hostWith(async () => ({
    kind: 'entry',
    way: { kind: 'local', environment: { PATH: `${folder}:/usr/bin:/bin` } },
  }));
}

function hostWith(wayTo: () => Promise<NodeWay>): PlannedHost {
  return {
    name: 'pve',
    id: 'pve',
    reachesAllNodes: true,
    dumpDir: '/var/lib/vz/dump',
    compression: '0',
    cleanup: false,
    vzdump: { excludePath: [] },
    wayTo,
  };
}

function portsOf(store: RepositorySession) {
  return { store, onProgress: () => undefined, onWaiting: () => undefined, onRetry: () => undefined };
}

async function runJob(host: PlannedHost, signal = new AbortController().signal) {
  const { repository } = await sampleRepository();
  return withSession(repository, { lock: 'shared' }, async (session) => {
    await using threads = new NodeThreads(FACTS, signal);
    const thread = await threads.get(host, NODE);
    return await thread.run(JOB, portsOf(session));
  });
}

it('what fails on a node is the outcome of the job, and the thread goes on to the next one', async () => {
  const host = await hostWhoseTar('echo "tar: no such folder" >&2; exit 2');
  const { repository } = await sampleRepository();
  await withSession(repository, { lock: 'shared' }, async (session) => {
    await using threads = new NodeThreads(FACTS, new AbortController().signal);
    for (let job = 0; job < 2; job++) {
      const thread = await threads.get(host, NODE);
      expect(await thread.run(JOB, portsOf(session))).toMatchObject({ kind: 'failed', left: [] });
    }
  });
});

it('an interrupt reaches the thread and ends what runs there', async () => {
  const interrupt = new AbortController();
  const host = await hostWhoseTar('exec sleep 600');
  setTimeout(() => interrupt.abort(new UserError('interrupted', 'interrupted')), 500);
  const begun = performance.now();
  expect(await runJob(host, interrupt.signal)).toMatchObject({ kind: 'failed', code: 'interrupted' });
  expect(performance.now() - begun).toBeLessThan(60_000);
});

it('a way that needs a secret that is not there is no thread', async () => {
  const host = hostWith(async () => {
    throw new UserError('secret', 'PVE_PASSWORD is not set');
  });
  await expect(runJob(host)).rejects.toMatchObject({ code: 'secret' });
});

it('a thread that dies fails its job, and every one after it', async () => {
  const host = await hostWhoseTar('exec sleep 600');
  const { repository } = await sampleRepository();
  await withSession(repository, { lock: 'shared' }, async (session) => {
    const thread = await new NodeThreads(FACTS, new AbortController().signal).get(host, NODE);
    const running = thread.run(JOB, portsOf(session)).catch((error: unknown) => error);
    await thread.end();
    expect(await running).toMatchObject({ message: "a node's thread ended early" });
    await expect(thread.run(JOB, portsOf(session))).rejects.toThrow("a node's thread ended early");
  });
});

function nodeOf(text: string): NodeName {
  const node = parseNodeName(text);
  if (node === undefined) throw new Error(`no node: ${text}`);
  return node;
}
