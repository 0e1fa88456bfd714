import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { byIdentity, labSite } from '../../cli/lab-site.ts';
import { Workplace } from '../../cli/program.ts';
import { addCt, addPool, addVm } from '../../lab/guests.ts';
import { type Lab, startLab } from '../../lab/lab.ts';
import type { Draws } from '../draws.ts';
import type { FaultPart, Made } from '../fault-part.ts';
import { CANARY, expectHarmless, hostileName } from './hostile-names.ts';

export const FEW_COMMANDS: readonly (readonly string[])[] = [
  ['apply', 'site.yaml', '--yes'],
  ['ls', '-r', 'lxc/105'],
  ['kit', 'site.yaml'],
];

export const ALL_COMMANDS: readonly (readonly string[])[] = [
  ['plan', 'site.yaml', '--verbose'],
  ['plan', 'site.yaml', '--markdown'],
  ...FEW_COMMANDS,
  ['apply', 'site.yaml', '--yes', '--allow', 'forget'],
  ['status', 'site.yaml'],
  ['snapshots', 'site.yaml'],
  ['find', '*', '--guest', 'lxc/105'],
  ['dump', 'qemu/101', 'qemu-server.conf', '--target', 'conf'],
  ['verify'],
];

/**
 * Guests, tags, pools, notes and files with hostile names, through every command that shows them: none reaches a terminal as it is, and no
 * shell obeys one, neither here nor on the node.
 */
export function terminalPart(size: {
  readonly shortCases: number;
  readonly commands: readonly (readonly string[])[];
}): FaultPart {
  return {
    name: 'terminal',
    share: 1,
    shortCases: size.shortCases,
    async prepare() {
      const lab = await startLab();
      return {
        lanes: 1,
        run: (draws) => shown(lab, size.commands, draws),
        [Symbol.asyncDispose]: () => lab.stop(),
      };
    },
  };
}

async function shown(lab: Lab, commands: readonly (readonly string[])[], draws: Draws): Promise<Made> {
  using place = new Workplace();
  rmSync(CANARY, { force: true });
  const names = addHostile(lab, draws);
  const hosts = { pve: byIdentity(lab.node('pve1')) };
  const policies = [
    '{ name: all, host: pve, all: true, rpo: 1s, verify_within: 30d, retention: { keep-last: 1 } }',
  ];
  place.write('site.yaml', labSite({ hosts, backups: policies }));
  await place.makeRepository();
  for (const args of commands) {
    const { stdout, stderr } = await place.pvebak(...args);
    expectHarmless(`pvebak ${args[0]}`, stdout + stderr);
    if ((stdout === '' && args[0] !== 'dump') || (stdout + stderr).includes('this is a bug'))
      throw new Error(`pvebak ${args.join(' ')}:\n${stdout}${stderr}`);
  }
  const onNode = await lab.node('pve1').exec(`ls ${CANARY}`);
  if (existsSync(CANARY) || onNode.stdout !== '')
    throw new Error(`a shell has obeyed one of ${JSON.stringify(names)}`);
  if (place.stored('snapshots').length < 2) throw new Error('nothing was backed up');
  return { 'hostile names': names.length };
}

/** @returns all the names */
function addHostile(lab: Lab, draws: Draws): readonly string[] {
  const [name, tag, other, note, pool, hostname, folder, file] = Array.from({ length: 8 }, (_, place) =>
    place < 6 ? hostileName(draws) : hostileName(draws, '\n', '\u001b[31m\n').replaceAll('/', '_'),
  );
  const all = [name, tag, other, note, pool, hostname, folder, file].map((one) => one ?? '');
  addVm(lab, 'pve1', {
    vmid: 101,
    name: name ?? '',
    tags: [tag ?? '', other ?? ''],
    description: note ?? '',
    disks: [{ key: 'scsi0', sizeBytes: 65_536, content: { kind: 'random', bytes: 5000 } }],
  });
  addCt(lab, 'pve1', {
    vmid: 105,
    hostname: hostname ?? '',
    rootfs: (root) => {
      mkdirSync(join(root, folder ?? ''), { recursive: true });
      writeFileSync(join(root, folder ?? '', file ?? ''), 'x');
    },
  });
  addPool(lab, { id: pool ?? '', comment: note ?? '', vmids: ['101', '105'] });
  return all;
}
