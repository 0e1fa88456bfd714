/** A way to a node that fails now and then: what has changed nothing is done again. */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { addCt } from '../lab/guests.ts';
import { type Lab, startLab } from '../lab/lab.ts';
import { byIdentity, labSite } from './lab-site.ts';
import { cleanWithin } from './node-mess.ts';
import { Workplace } from './program.ts';

let lab: Lab;
let place: Workplace;
let way: FlakyWay;

beforeAll(async () => {
  lab = await startLab();
  addCt(lab, 'pve1', { vmid: 105, hostname: 'git' });
  way = await flakyWay(lab.node('pve1').port);
  place = new Workplace();
  const hosts = { pve: byIdentity(lab.node('pve1'), { location: `proxmox://127.0.0.1:${way.port}` }) };
  place.write('site.yaml', labSite({ hosts, backups: ['{ name: all, host: pve, all: true, rpo: 1s }'] }));
  await place.makeRepository();
});

afterAll(async () => {
  place[Symbol.dispose]();
  await way[Symbol.asyncDispose]();
  await lab.stop();
});

/** A pattern. Which end notices it first is chance. */
function refused(seconds: number): string {
  const reasons = [
    'Connection lost before handshake',
    'the connection was reset',
    'the server closed the connection',
  ];
  return `cannot reach 127.0.0.1:${way.port}: (?:${reasons.join('|')}); again in ${seconds} s`;
}

it('plan connects again when the server closed the connection, and says so on stderr', async () => {
  way.refuse([1]);
  const { stdout, stderr } = await place.succeed('plan', 'site.yaml');
  expect(stderr).toMatch(new RegExp(`^pvebak: pve: ${refused(1)}\\n$`));
  expect(stdout).toContain('1 to back up');
});

it('apply connects again for a dump, and says so as progress', async () => {
  way.refuse([2, 3]);
  const { stdout, stderr } = await place.succeed('apply', 'site.yaml', '--yes');
  expect(stderr).toBe('');
  const said = stdout.split('\n').filter((line) => line.includes('again in'));
  expect(said).toEqual(
    [1, 4].map((seconds) => expect.stringMatching(`^  backup lxc/105 git: ${refused(seconds)}$`)),
  );
  expect(place.stored('snapshots')).toHaveLength(1);
});

it('a dump that loses its connection before a byte of it has come is begun again once the node is clean', async () => {
  way.refuse([]);
  const node = lab.node('pve1');
  const holder = node.spawn('flock /run/vzdump.lock sleep 30');
  const run = place.start(['apply', 'site.yaml', '--yes']);
  await run.says("backup lxc/105 git: waits for the node's vzdump lock");
  way.cut();
  await run.says(/backup lxc\/105 git: the connection to \S+ was lost.*; again in 1 s/);
  holder.kill();
  await node.exec('pkill -x sleep');
  const { stdout, status } = await run.ended;
  expect(status, stdout).toBe(0);
  expect(place.stored('snapshots')).toHaveLength(2);
  await cleanWithin(node, 0);
});

it('an interrupt in the pause ends the run at once', async () => {
  way.refuse([2, 3, 4, 5]);
  const run = place.start(['apply', 'site.yaml', '--yes']);
  await run.says('again in 4 s');
  const sent = Date.now();
  run.child.kill('SIGINT');
  expect((await run.ended).status).toBe(130);
  expect(Date.now() - sent).toBeLessThan(3_500);
});

interface FlakyWay extends AsyncDisposable {
  readonly port: number;
  /** From now on counted from 1, these connections are closed as soon as they are made. */
  refuse(numbers: readonly number[]): void;
  /** Ends all connections there are. */
  cut(): void;
}

async function flakyWay(target: number): Promise<FlakyWay> {
  const sockets = new Set<Socket>();
  let refused: readonly number[] = [];
  let count = 0;
  const server = createServer((near) => {
    near.on('error', () => undefined);
    count += 1;
    if (refused.includes(count)) {
      near.destroy();
      return;
    }
    const far = connect(target, '127.0.0.1');
    for (const socket of [near, far]) sockets.add(socket);
    far.on('error', () => near.destroy()).on('close', () => near.destroy());
    near.on('close', () => far.destroy());
    near.pipe(far).pipe(near);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const cut = () => {
    for (const socket of sockets) socket.destroy();
    sockets.clear();
  };
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    refuse(numbers) {
      refused = numbers;
      count = 0;
    },
    cut,
    async [Symbol.asyncDispose]() {
      server.close();
      cut();
      await once(server, 'close');
    },
  };
}
