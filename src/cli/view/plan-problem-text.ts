import type { GuestLabel } from '../../plan/plan.ts';
import type { PlanProblem } from '../../plan/plan-problem.ts';
import { withoutMountPoints } from '../../pve/container-host-access.ts';
import { formatGuestRef } from '../../pve/guest.ts';
import type { HostAccess } from '../../pve/host-access.ts';
import { hostAccessText } from '../../pve/host-access-text.ts';
import { guestText, listText } from './guest-text.ts';
import { clockText } from './plan-note-text.ts';
import { count, formatBytes, formatDuration } from './quantities.ts';

/** What could not be asked or done, as one sentence, with what to do about it where that is known. */
export function planProblemText(problem: PlanProblem, { verbose }: { readonly verbose: boolean }): string {
  switch (problem.kind) {
    case 'host-unreachable':
      return `host ${problem.host} could not be asked: ${problem.reason}`;
    case 'vmid-missing':
      return `policy ${problem.policy}: there is no guest ${problem.vmid} on ${problem.hosts.join(', ')}`;
    case 'pool-missing':
      return `policy ${problem.policy}: there is no pool ${problem.pool} on ${problem.hosts.join(', ')}`;
    case 'pool-empty':
      return `policy ${problem.policy}: the pool ${problem.pool} is empty`;
    case 'uncovered':
      return `no policy covers ${count(problem.guests.length, 'guest')} of ${problem.host}, listed below; select or skip them`;
    case 'skip-ended':
      return `policy ${problem.policy}: its guests were to be left out until ${problem.until}; ask ${problem.owner}, then give another date or remove it`;
    case 'skip-contradicts':
      return `${guestText(problem.guest)} is selected by its number by ${problem.policies.join(', ')}, and skipped by ${problem.skippedBy}: name it in one of them only`;
    case 'modes-contradict':
      return `${guestText(problem.guest)} is due, but ${problem.policies.map((name, index) => `${name} wants mode ${problem.modes[index]}`).join(', ')}, and there is one dump for all of them`;
    case 'node-offline':
      return `node ${problem.node} of ${problem.host} is offline, with ${heldGuests(problem.guests, verbose)}`;
    case 'guest-on-other-node':
      return `${guestText(problem.guest)} is due, but lives on ${problem.guest.node}, where ${problem.host} does not lead; give its address under hosts.${problem.host}.nodes, or add a host entry for it`;
    case 'node-config-elsewhere':
      return `the configuration of node ${problem.node} is due, but ${problem.host} does not lead there; give its address under hosts.${problem.host}.nodes`;
    case 'guest-locked':
      return `${guestText(problem.guest)} is locked (${problem.lock}); if nothing works on it: ${unlock(problem)}`;
    case 'disk-too-large':
      return `${guestText(problem.guest)}: ${problem.volume} has ${formatBytes(problem.bytes)}, more than 8 TiB; set backup=0 on it to back up the rest`;
    case 'repository-unread':
      return `nothing is forgotten in ${problem.repository}: ${unreadText(problem.unread, verbose)}; put it back from a copy, or remove it once it is given up (\`pvebak verify\` says what it touches)`;
    case 'forget-clock-differs':
      return `nothing is forgotten: the clock of ${problem.host} is ${clockText(problem.aheadMs)} this machine's, and no other host agrees with this machine; put right the clock that is wrong`;
    case 'forget-clock-behind':
      return `nothing is forgotten in ${problem.repository}: its newest snapshot claims a time ${formatDuration(problem.aheadMs)} from now; put right the clock that is wrong`;
    default:
      return `restore ${problem.intent}: ${restoreProblemText(problem)}`;
  }
}

function unreadText(unread: readonly string[], verbose: boolean): string {
  const [first = '', ...more] = unread;
  if (verbose || more.length === 0) return unread.join('; ');
  return `${first}, and ${more.length} more (--verbose)`;
}

type RestoreProblem = Extract<PlanProblem, { readonly intent: string }>;

function restoreProblemText(problem: RestoreProblem): string {
  switch (problem.kind) {
    case 'restore-snapshot-missing':
      return `there is no snapshot ${problem.wanted} of that guest from that host`;
    case 'restore-snapshot-ambiguous':
      return `${problem.matches} snapshots begin with ${problem.wanted}; give more digits`;
    case 'restore-target-exists':
      return `${guestText(problem.target)} exists; on_existing: replace would overwrite it`;
    case 'restore-target-is-source':
      return `${guestText(problem.target)} is what the backup is of; to put it back, name the restore: --restore ${problem.intent}`;
    case 'restore-target-protected':
      return `${guestText(problem.target)} is protected; if it may really go: ${unprotect(problem.target)}`;
    case 'restore-target-other-type':
      return `the vmid belongs to ${guestText(problem.target)}, a guest of the other type`;
    case 'restore-target-other-node':
      return `${guestText(problem.target)} lives on ${problem.target.node}, not on ${problem.node}`;
    case 'restore-target-claimed':
      return `${problem.by} restores to vmid ${problem.vmid} already`;
    case 'restore-reaches-node':
      return `its configuration would reach the node: ${hostAccessText(problem.access)}; ${allowText(problem.access)}`;
    case 'restore-selects-none':
      return `the repository knows no guest of ${problem.from} that it selects`;
    case 'restore-guests-unknown':
      return `what the backups say of their guests could not be read, so that it is not known whether they are selected: ${listText(problem.refs.map(formatGuestRef), { verbose: false })}`;
    case 'restore-vmid-impossible':
      return `with its vmid_offset, its vmid would be ${problem.vmid}, and there is no such`;
    case 'restore-name-unknown':
      return 'the site file has no restore of that name';
    default:
      return restorePlaceText(problem);
  }
}

function restorePlaceText(
  problem: Extract<
    RestoreProblem,
    { readonly kind: `restore-${'host-' | 'node-' | 'storage-' | 'no-room' | 'bridge-' | 'pool-'}${string}` }
  >,
): string {
  switch (problem.kind) {
    case 'restore-host-unreachable':
      return `host ${problem.host} could not be asked`;
    case 'restore-node-unknown':
      return `there is no node ${problem.node}`;
    case 'restore-node-offline':
      return `node ${problem.node} is offline`;
    case 'restore-node-elsewhere':
      return `${problem.host} leads to ${problem.localNode}, not to ${problem.node}; give its address under hosts.${problem.host}.nodes, or add a host entry for it`;
    case 'restore-storage-missing':
      return `the storage ${problem.storage} ${storageFault(problem.why)} on ${problem.node}`;
    case 'restore-no-room':
      return `it needs ${formatBytes(problem.needsBytes)} on the storage ${problem.storage} of ${problem.node}, which has ${formatBytes(problem.freeBytes)} left${problem.others === 0 ? '' : ` after ${count(problem.others, 'other restore')}`}`;
    case 'restore-bridge-missing':
      return `there is no bridge ${problem.bridge} on ${problem.node}, only ${problem.there.join(', ')}`;
    case 'restore-pool-missing':
      return `there is no pool ${problem.pool} on ${problem.host}`;
  }
}

function storageFault(why: Extract<PlanProblem, { kind: 'restore-storage-missing' }>['why']): string {
  switch (why) {
    case 'not-there':
      return 'does not exist';
    case 'not-available':
      return 'is not available';
    case 'no-images':
      return 'does not take disks of VMs (content: images)';
    case 'no-rootdir':
      return 'does not take containers (content: rootdir)';
  }
}

/** A stream makes no mount points on paths of the node. */
function allowText(access: readonly HostAccess[]): string {
  const allow = 'if that is yours: --allow host-access, or allow: [host-access] in the site file';
  return withoutMountPoints(access).length > 0 ? allow : `${allow}; mode: streamed leaves it out`;
}

function heldGuests(guests: readonly GuestLabel[], verbose: boolean): string {
  if (guests.length === 0) return 'no guests';
  return `${count(guests.length, 'guest')}: ${listText(guests.map(guestText), { verbose })}`;
}

function unlock({ guest: { ref }, lock }: Extract<PlanProblem, { kind: 'guest-locked' }>): string {
  const command = `${toolOf(ref)} unlock ${ref.vmid}`;
  return lock === 'backup' ? `${command}, or --allow unlock=${formatGuestRef(ref)}` : command;
}

function unprotect({ ref }: GuestLabel): string {
  return `${toolOf(ref)} set ${ref.vmid} --protection 0`;
}

function toolOf({ type }: GuestLabel['ref']): string {
  return type === 'qemu' ? 'qm' : 'pct';
}
