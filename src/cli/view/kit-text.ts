import { formatGuestRef } from '../../pve/guest.ts';
import { hostAccessText } from '../../pve/host-access-text.ts';
import type {
  FoundRepository,
  KitGuest,
  KitNode,
  KitRepository,
  PasswordSource,
  RecoveryKit,
  RecoveryRemark,
} from '../recovery-kit.ts';
import { datedMoment } from './dated-moment.ts';
import { count } from './quantities.ts';
import { secretRefText } from './secret-ref-text.ts';
import { terminalSafe } from './terminal-safe.ts';

/**
 * A recovery kit for people who may never have seen pvebak, to be printed. Lines to be typed are indented by four and
 * never broken. Ends with a newline.
 */
export function renderKit(kit: RecoveryKit, { timeZone }: { readonly timeZone: string }): string {
  const blocks = [
    [
      `RECOVERY KIT of ${kit.site}, ${datedMoment(kit.madeAt, timeZone)}`,
      'Keep it, and the passwords, away from what it recovers. It holds no secret.',
    ],
    INSTALL,
    ...kit.repositories.flatMap((repository) => repositoryBlocks(repository, timeZone)),
  ];
  return `${blocks.map((lines) => lines.map(terminalSafe).join('\n')).join('\n\n')}\n`;
}

/** A remark as a sentence. */
export function remarkText(remark: RecoveryRemark): string {
  switch (remark.kind) {
    case 'size-guessed':
      return `${remark.gib} GiB for ${remark.key} are a guess: its configuration says no size`;
    case 'storage-guessed':
      return `${remark.storage} for ${remark.key} is a guess: its configuration names no storage`;
    case 'comes-back-empty':
      return `${remark.key} at ${remark.path} was not dumped, and comes back empty`;
    case 'left-out':
      return `${remark.key} at ${remark.path} was not dumped (${remark.why}), so that the line with restic does not make it; it was ${remark.value}`;
    case 'reaches-node':
      return `its configuration reaches the node: ${hostAccessText(remark.access)}; if that is yours, add --allow host-access to the line with pvebak`;
    case 'host-unknown':
      return `no host of the site has the id ${remark.hostId}: put the address of a node for NODE`;
    case 'identity-elsewhere':
      return `the private key is ${sourceText(remark.secret)}: load it into an agent, or give --identity-file`;
  }
}

const INSTALL = [
  'The repositories are in the format of restic, so that restic (0.14 or later) is enough. On a node of Proxmox VE:',
  '    apt-get update && apt-get install restic',
  'or the one file from https://github.com/restic/restic/releases. Lines with restic are for the node that gets the',
  'guest, as root, and must reach the repository under the same path; lines with pvebak are for any machine that has it.',
  'Storages are those that the guests had: for others, add --storage NAME for a VM and change the names for a container.',
];

function repositoryBlocks(repository: KitRepository, timeZone: string): readonly (readonly string[])[] {
  const { found } = repository;
  if (found === undefined)
    return [[`REPOSITORY ${repository.name}`, `  ${repository.where} holds no repository yet: pvebak init`]];
  return [
    repositoryLines(repository, found),
    ...(found.guests.length + found.nodes.length === 0 ? [['  There are no backups in it.']] : []),
    ...found.guests.map((guest) => guestLines(guest, timeZone)),
    ...found.nodes.map((node) => nodeLines(node, timeZone)),
  ];
}

function repositoryLines(
  { name, where, password }: KitRepository,
  found: FoundRepository,
): readonly string[] {
  const { id, keys, passwordLine, listLines } = found;
  const second = keys === 1 ? '; add a second with pvebak key add' : '';
  const asked = 'Both programs ask for the password';
  return [
    `REPOSITORY ${name}`,
    `  place     ${where}`,
    `  id        ${id}`,
    `  keys      ${keys}${second}`,
    `  password  ${sourceText(password)}`,
    ...(passwordLine === undefined
      ? [`${asked} where they are not told.`]
      : [`${asked}, unless, where it can be found as above, this line comes first:`, `    ${passwordLine}`]),
    'To see what is there:',
    ...listLines.map((line) => `    ${line}`),
  ];
}

function guestLines({ snapshot, name, snapshots, recovery }: KitGuest, timeZone: string): readonly string[] {
  const title = `${formatGuestRef(snapshot.guest)}${name === undefined ? '' : ` ${name}`} of ${snapshot.hostId}`;
  const newest = `snapshot ${snapshot.id.slice(0, 8)} of ${datedMoment(snapshot.time, timeZone)}, the newest of ${count(snapshots, 'snapshot')}`;
  if (recovery.kind === 'unreadable')
    return [title, `  ${newest}`, `  IT CANNOT BE READ: ${recovery.reason}`];
  return [
    title,
    `  ${newest}`,
    `    ${recovery.restic}`,
    `    ${recovery.pvebak}`,
    ...recovery.remarks.map((remark) => `  note: ${remarkText(remark)}`),
  ];
}

function nodeLines({ node, host, snapshot, time, snapshots, restic }: KitNode, timeZone: string): string[] {
  const moment = datedMoment(Date.parse(time), timeZone);
  return [
    `node ${node} of ${host}: its /etc/pve, keys included, and /etc/network`,
    `  snapshot ${snapshot.slice(0, 8)} of ${moment}, the newest of ${count(snapshots, 'snapshot')}`,
    `    ${restic}`,
  ];
}

function sourceText(source: PasswordSource): string {
  return source.kind === 'site-file' ? 'in the site file itself' : secretRefText(source);
}
