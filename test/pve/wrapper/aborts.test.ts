import { type ChildProcess, spawn } from 'node:child_process';
import { randomFillSync } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { pctRestoreCommand, qmrestoreCommand, vzdumpCommand } from '../../../src/pve/commands.ts';
import { type GuestRef, parseGuestRef } from '../../../src/pve/guest.ts';
import { wrappedDump } from '../../../src/pve/wrapper/dump-script.ts';
import { findLeftovers, type Leftover } from '../../../src/pve/wrapper/leftovers.ts';
import { wrappedRestore } from '../../../src/pve/wrapper/restore-script.ts';
import { stageCommand } from '../../../src/pve/wrapper/stage-script.ts';
import { addCt, addVm, findGuest, runState } from '../../lab/guests.ts';
import { type Lab, startLab } from '../../lab/lab.ts';
import type { LabNode } from '../../lab/lab-node.ts';
import type { ClientOrder } from './client.ts';
import { type DroppableRoute, droppableRoute } from './droppable-route.ts';
import { openNode } from './lab-shell.ts';

/** One case at a time on a node, since a node dumps one guest at a time. */
const nodeNames = ['pve1', 'pve2', 'pve3'];
const dumpDir = '/var/lib/vz/dump';
const size = 32 << 20;
/** A machine that is busy with other tests was seen to keep a client, or a whole node, from its turn for 2 s. */
const silenceSeconds = 6;

let lab: Lab;
let free: LabNode[];
const waiting: ((node: LabNode) => void)[] = [];

beforeAll(async () => {
  lab = await startLab({ nodes: nodeNames });
  free = [...lab.nodes];
  for (const [index, { name }] of lab.nodes.entries()) {
    const disks = [{ key: 'scsi0', sizeBytes: size, content: { kind: 'random', bytes: size } }] as const;
    addVm(lab, name, { vmid: 101 + index * 10, name: 'still', disks });
    addVm(lab, name, { vmid: 102 + index * 10, name: 'busy', disks, running: true });
    const rootfs = (root: string) => writeFileSync(`${root}/noise`, randomFillSync(Buffer.alloc(size)));
    addCt(lab, name, { vmid: 103 + index * 10, hostname: 'files', rootfs });
  }
  const dumps =
    'vzdump 101 --stdout --compress 0 >/var/tmp/vma; vzdump 103 --stdout --compress 0 >/var/tmp/tar';
  await lab.node('pve1').exec(`${dumps}; rm ${dumpDir}/*.log`);
}, 120_000);

afterAll(() => lab.stop());

type Task =
  | 'dump of a stopped VM'
  | 'dump of a running VM'
  | 'dump of a container'
  | 'qmrestore'
  | 'pct restore'
  | 'staging';
type Accident = 'terminated' | 'killed' | 'stopped' | 'cut off' | 'lost behind a dropped route';

/** What the tool itself leaves when it is ended: it must be found, and the command that is told must clean it. */
const mayStay: Readonly<Record<Task, readonly Leftover['kind'][]>> = {
  'dump of a stopped VM': [],
  'dump of a running VM': [],
  'dump of a container': [],
  qmrestore: ['stub'],
  'pct restore': ['lock', 'stub'],
  staging: [],
};

const tasks: readonly Task[] = [
  'dump of a stopped VM',
  'dump of a running VM',
  'dump of a container',
  'qmrestore',
  'pct restore',
  'staging',
];
const accidents: readonly Accident[] = [
  'terminated',
  'killed',
  'stopped',
  'cut off',
  'lost behind a dropped route',
];
const moments = [
  ['early', 'started'],
  ['midway', String(size / 4)],
] as const;

const cases = tasks.flatMap((task) =>
  accidents.flatMap((accident) => moments.map(([moment, at]) => ({ task, accident, moment, at }))),
);

test.concurrent.each(cases)(
  'a $task ends clean when its client is $accident $moment',
  { timeout: 300_000 },
  async ({ task, accident, at }) => {
    await onFreeNode(async (node) => {
      const { guest, argv, archive } = order(task, node);
      const before = stateOf(guest);
      await using route = await droppableRoute(node.port);
      const client = startClient({ node: { ...addressOf(node), port: route.port }, argv, ...archive });
      try {
        await reached(client, at);
        await until(
          async () => (await mess(node)).includes('/run/pvebak'),
          () => 'not begun',
        );
        await strike(accident, { client, node, route });
        let still = '';
        await until(
          async () => {
            still = withoutLockOf(guest, await mess(node));
            return still === '';
          },
          () => `not clean: ${still}`,
        );
        await using shell = await openNode(node);
        const left = await findLeftovers(shell, {
          guest,
          dumpDir,
          task: task.startsWith('dump') ? 'dump' : 'restore',
          stagedArchive: staged(guest),
        });
        expect(left.filter(({ kind }) => !mayStay[task].includes(kind))).toEqual([]);
        for (const { command } of left) await node.exec(command.join(' '));
        expect(await mess(node)).toBe('');
        expect(stateOf(guest)).toEqual(before);
      } finally {
        client.kill('SIGKILL');
      }
    });
  },
);

test('a dump without the wrapper is held by a client that is stopped', async () => {
  await onFreeNode(async (node) => {
    const guest = ref(`qemu/${101 + nodeNames.indexOf(node.name) * 10}`);
    const argv = vzdumpCommand({ vmid: guest.vmid, mode: 'snapshot', compress: '0', dumpDir });
    const client = startClient({ node: addressOf(node), argv });
    await reached(client, String(size / 4));
    client.kill('SIGSTOP');
    await sleep(3 * silenceSeconds * 1000);
    expect(await mess(node)).toContain('lock: backup');
    client.kill('SIGCONT');
    await until(
      async () => !(await mess(node)).includes('lock'),
      () => 'not over',
    );
    await node.exec(`rm ${dumpDir}/*.log`);
  });
});

function withoutLockOf({ vmid }: GuestRef, text: string): string {
  return text.replace(new RegExp(`^.*/${vmid}\\.conf:lock:.*\\n`, 'm'), '');
}

async function until(holds: () => Promise<boolean>, fault: () => string): Promise<void> {
  const deadline = performance.now() + 40_000;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`in 40 s ${fault()}`);
    await sleep(200);
  }
}

async function onFreeNode(use: (node: LabNode) => Promise<void>): Promise<void> {
  const node = free.pop() ?? (await new Promise<LabNode>((resolve) => waiting.push(resolve)));
  try {
    await use(node);
  } finally {
    const next = waiting.shift();
    if (next === undefined) free.push(node);
    else next(node);
  }
}

let lastTarget = 900;

function order(task: Task, node: LabNode) {
  const base = 101 + nodeNames.indexOf(node.name) * 10;
  const files = { vma: lab.node('pve1').path('/var/tmp/vma'), tar: lab.node('pve1').path('/var/tmp/tar') };
  switch (task) {
    case 'dump of a stopped VM':
      return dumpOf(ref(`qemu/${base}`));
    case 'dump of a running VM':
      return dumpOf(ref(`qemu/${base + 1}`));
    case 'dump of a container':
      return dumpOf(ref(`lxc/${base + 2}`));
    case 'qmrestore': {
      const guest = ref(`qemu/${++lastTarget}`);
      const argv = wrappedRestore(qmrestoreCommand({ vmid: guest.vmid, archive: '-' }), {
        guest,
        silenceSeconds,
      });
      return { guest, argv, archive: { archive: files.vma } };
    }
    case 'pct restore': {
      const guest = ref(`lxc/${++lastTarget}`);
      const command = pctRestoreCommand({ vmid: guest.vmid, archive: '-', rootfs: 'local:0' });
      return {
        guest,
        argv: wrappedRestore(command, { guest, silenceSeconds }),
        archive: { archive: files.tar },
      };
    }
    case 'staging': {
      const guest = ref(`qemu/${++lastTarget}`);
      return {
        guest,
        argv: stageCommand(staged(guest), { guest, silenceSeconds }),
        archive: { archive: files.vma },
      };
    }
  }
}

function dumpOf(guest: GuestRef) {
  const command = vzdumpCommand({ vmid: guest.vmid, mode: 'snapshot', compress: '0', dumpDir });
  return { guest, argv: wrappedDump(command, { guest, dumpDir, silenceSeconds }), archive: {} };
}

function ref(text: string): GuestRef {
  const guest = parseGuestRef(text);
  if (guest === undefined) throw new Error(`no guest: ${text}`);
  return guest;
}

function staged({ vmid }: GuestRef): string {
  return `${dumpDir}/vzdump-qemu-${vmid}-staged.vma`;
}

function addressOf({ port, identityFile, hostKeyFingerprint }: LabNode) {
  return { port, identityFile, hostKeyFingerprint };
}

/** Whether it is there, its lock and whether it runs. */
function stateOf({ vmid }: GuestRef) {
  return { config: findGuest(lab, vmid)?.config.values, run: runState(lab, vmid) };
}

type Client = ChildProcess & { readonly stdout: NonNullable<ChildProcess['stdout']> };

function startClient(what: ClientOrder): Client {
  const file = fileURLToPath(new URL('client.ts', import.meta.url));
  return spawn(process.execPath, ['--disable-warning=ExperimentalWarning', file, JSON.stringify(what)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

/** @param at `started` or a number of bytes */
async function reached(client: Client, at: string): Promise<void> {
  for await (const line of createInterface({ input: client.stdout })) {
    if (/^[{l]/.test(line)) throw new Error(`the command ended before its time: ${line}`);
    if (line === at || Number(line) >= Number(at)) break;
  }
  client.stdout.on('error', () => {}).resume();
}

interface Victims {
  readonly client: Client;
  readonly node: LabNode;
  readonly route: DroppableRoute;
}

async function strike(accident: Accident, { client, node, route }: Victims): Promise<void> {
  switch (accident) {
    case 'terminated':
    case 'killed': {
      const ended = once(client, 'exit');
      client.kill(accident === 'killed' ? 'SIGKILL' : 'SIGTERM');
      await ended;
      return;
    }
    case 'stopped':
      client.kill('SIGSTOP');
      return;
    case 'cut off':
      await node.exec('kill -KILL $(cat /proc/1/task/1/children)');
      return;
    case 'lost behind a dropped route':
      route.drop();
      return;
  }
}

/** What is on the node and should not stay: processes, folders, files in the dump folder, locks. */
async function mess(node: LabNode): Promise<string> {
  const processes = 'ps -eo comm= | grep -vxE "sshd|ps|bash|grep"';
  const files = `ls -d /run/pvebak* ${dumpDir}/* ${dumpDir}/.pvebak* 2>/dev/null`;
  const locks = 'grep -H ^lock: /etc/pve/nodes/$(hostname)/*/*.conf';
  const { stdout } = await node.exec(`${processes}; ${files}; ${locks}`);
  return stdout;
}
