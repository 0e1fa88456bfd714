/**
 * What the API answers about guests, nodes, storages and pools. Numbers, names, status and template of a guest come from the
 * broadcasts of its node's pvestatd: a node that is off, or a guest that is just made, leaves them out.
 */
import {
  clusterMembers,
  type GuestPlace,
  guestsOf,
  listGuests,
  readConfig,
  readConfigText,
} from './cluster.ts';
import { digestOf } from './guest-config.ts';
import { ctStatus, vmStatus } from './guest-status.ts';
import { isFresh, isOnline, nodeName, readSettings } from './lab-state.ts';
import { poolOf, readPools } from './pools.ts';
import { spaceOf, storageResources } from './pvesh-storage-answers.ts';
import { ToolError } from './tool-error.ts';

const VERSIONS = {
  '7.4': { release: '7.4', repoid: '51b3c3d4', version: '7.4-19' },
  '8.4': { release: '8.4', repoid: '2606ac8500000000', version: '8.4.21' },
  '9.2': { release: '9.2', repoid: '14a22df300000000', version: '9.2.11' },
} as const;

export function version(): unknown {
  return VERSIONS[readSettings().version];
}

export function clusterResources(type: string | undefined): readonly unknown[] {
  const wanted = (kind: string) => type === undefined || type === kind;
  return [
    ...(type === undefined
      ? readPools().map(({ id }) => ({ id: `/pool/${id}`, pool: id, type: 'pool' }))
      : []),
    ...(wanted('vm') ? allGuests().map(guestResource) : []),
    ...(wanted('node') ? clusterMembers().map(nodeResource) : []),
    ...(wanted('storage') ? clusterMembers().flatMap(storageResources) : []),
    ...(wanted('sdn') ? clusterMembers().filter(isOnline).map(sdnResource) : []),
    ...(type === undefined && readSettings().version === '9.2'
      ? clusterMembers().filter(isOnline).map(networkResource)
      : []),
  ];
}

/** VMs before containers, by id, of this node before others. */
function allGuests(): readonly GuestPlace[] {
  return [...listGuests()].sort((a, b) => Number(a.vmid) - Number(b.vmid));
}

/** With what comes from configuration files: tags, pool, lock. */
function guestResource(guest: GuestPlace): object {
  const { values } = readConfig(guest);
  return {
    ...memberResource(guest),
    pool: poolOf(guest.vmid),
    tags: tagsOf(values.get('tags')),
    lock: values.get('lock'),
  };
}

function memberResource(guest: GuestPlace): object {
  const base = {
    id: `${guest.type}/${guest.vmid}`,
    node: guest.node,
    type: guest.type,
    vmid: Number(guest.vmid),
  };
  if (!isOnline(guest.node) || isFresh(guest.vmid, readSettings().freshSeconds))
    return { ...base, status: 'unknown' };
  const { name, qmpstatus, maxmem, maxdisk, cpus, uptime, mem } = statusOf(guest);
  const template = readConfig(guest).values.get('template') === '1' ? 1 : 0;
  const zeros = { cpu: 0, disk: 0, diskread: 0, diskwrite: 0, netin: 0, netout: 0 };
  const host = readSettings().version === '9.2' ? { memhost: mem } : {};
  return {
    ...base,
    ...zeros,
    ...host,
    maxcpu: cpus,
    maxdisk,
    maxmem,
    mem,
    name,
    status: qmpstatus,
    template,
    uptime,
  };
}

function statusOf(guest: GuestPlace) {
  return guest.type === 'qemu' ? vmStatus(guest) : ctStatus(guest);
}

/** Sorted, as the API gives them. */
function tagsOf(tags: string | undefined): string | undefined {
  return tags === undefined || tags === '' ? undefined : [...new Set(tags.split(/[;, ]+/))].sort().join(';');
}

function nodeResource(node: string): object {
  const base = { id: `node/${node}`, node, type: 'node' };
  if (!isOnline(node)) return { ...base, status: node === nodeName() ? 'online' : 'offline' };
  const { total, used } = spaceOf('/var/lib/vz');
  const numbers = {
    cpu: 0,
    maxcpu: 2,
    disk: used,
    maxdisk: total,
    mem: 804859904,
    maxmem: 25276502016,
    uptime: Math.floor(process.uptime()),
  };
  return { ...base, ...numbers, 'cgroup-mode': 1, level: '', status: 'online' };
}

export function nodes(): readonly unknown[] {
  return clusterMembers().map((node) => {
    const { 'cgroup-mode': _, ...rest } = { 'cgroup-mode': 1, ...nodeResource(node) };
    return { ...rest, ssl_fingerprint: fingerprintOf(node) };
  });
}

function fingerprintOf(node: string): string {
  return digestOf(`certificate of ${node}`)
    .toUpperCase()
    .slice(0, 32)
    .replace(/(..)(?=.)/g, '$1:');
}

function sdnResource(node: string): object {
  return { id: `sdn/${node}/localnetwork`, node, sdn: 'localnetwork', status: 'ok', type: 'sdn' };
}

function networkResource(node: string): object {
  return {
    id: `network/${node}/zone/localnetwork`,
    network: 'localnetwork',
    'network-type': 'zone',
    node,
    status: 'ok',
    type: 'network',
  };
}

export function clusterStatus(): readonly unknown[] {
  const all = clusterMembers();
  const single = all.length === 1;
  const cluster = {
    id: 'cluster',
    name: 'lab',
    nodes: all.length,
    quorate: 1,
    type: 'cluster',
    version: all.length,
  };
  const members = all.map((name) => ({
    id: `node/${name}`,
    ip: '127.0.0.1',
    level: '',
    local: name === nodeName() ? 1 : 0,
    name,
    nodeid: single ? 0 : all.indexOf(name) + 1,
    online: isOnline(name) ? 1 : 0,
    type: 'node',
  }));
  return single ? members : [cluster, ...members];
}

export function nextId(): string {
  const taken = new Set(listGuests().map(({ vmid }) => vmid));
  let id = 100;
  while (taken.has(String(id))) id++;
  return String(id);
}

/** @throws ToolError `pool 'x' does not exist` */
export function pools(id: string | undefined, type: string | undefined): readonly unknown[] {
  if (id === undefined)
    return readPools().map((each) => ({ comment: commentOf(each.comment), poolid: each.id }));
  const { comment, members } = poolContent(id);
  const wanted = (member: object) => type === undefined || ('type' in member && member.type === type);
  return [{ comment, members: members.filter(wanted), poolid: id }];
}

export function pool(id: string): unknown {
  const { comment, members } = poolContent(id);
  return { comment, members, poolid: id };
}

interface PoolContent {
  readonly comment: string | undefined;
  readonly members: readonly object[];
}

function poolContent(id: string): PoolContent {
  const found = readPools().find((each) => each.id === id);
  if (found === undefined) throw new ToolError(`pool '${id}' does not exist`);
  const guests = allGuests().filter(({ vmid }) => found.vmids.includes(vmid));
  const places = clusterMembers().filter(isOnline).flatMap(storageResources);
  const members = places.filter((each) => 'storage' in each && found.storages.includes(String(each.storage)));
  return { comment: commentOf(found.comment), members: [...guests.map(memberResource), ...members] };
}

function commentOf(comment: string): string | undefined {
  return comment === '' ? undefined : comment;
}

export function nodeVms(node: string): readonly unknown[] {
  return guestsOf(node, 'qemu').map((guest) => {
    const { name, status, cpus, maxdisk, maxmem, mem, uptime, pid } = vmStatus(guest);
    const template = readConfig(guest).values.get('template') === '1' ? { template: 1 } : {};
    return {
      ...fromConfig(guest),
      ...template,
      cpu: 0,
      cpus,
      disk: 0,
      maxdisk,
      maxmem,
      mem,
      name,
      netin: 0,
      netout: 0,
      pid,
      status,
      uptime,
      vmid: Number(guest.vmid),
    };
  });
}

export function nodeContainers(node: string): readonly unknown[] {
  return guestsOf(node, 'lxc').map((guest) => {
    const template = readConfig(guest).values.get('template') === '1' ? { template: 1 } : {};
    return { ...containerNumbers(guest), ...template };
  });
}

function containerNumbers(guest: GuestPlace): object {
  const { name, status, cpus, maxdisk, maxmem, maxswap, mem, uptime, pid } = ctStatus(guest);
  const zeros = { cpu: 0, disk: 0, diskread: 0, diskwrite: 0, netin: 0, netout: 0, swap: 0 };
  return {
    ...fromConfig(guest),
    ...zeros,
    cpus,
    maxdisk,
    maxmem,
    maxswap,
    mem,
    name,
    pid,
    status,
    type: 'lxc',
    uptime,
    vmid: Number(guest.vmid),
  };
}

function fromConfig(guest: GuestPlace): object {
  const { values } = readConfig(guest);
  return { tags: tagsOf(values.get('tags')), lock: values.get('lock') };
}

export function guestStatus(guest: GuestPlace): unknown {
  if (guest.type === 'lxc') return { ...containerNumbers(guest), ha: { managed: 0 } };
  const { name, status, qmpstatus, cpus, maxdisk, maxmem, mem, uptime, pid } = vmStatus(guest);
  const live =
    pid === undefined
      ? {}
      : {
          pid,
          balloon: maxmem,
          ballooninfo: { actual: maxmem, max_mem: maxmem },
          'proxmox-support': PROXMOX_SUPPORT,
          'running-machine': 'pc-i440fx-10.0+pve0',
          'running-qemu': '10.0.13',
          diskread: 0,
          diskwrite: 0,
        };
  return {
    ...fromConfig(guest),
    ...live,
    cpu: 0,
    cpus,
    disk: 0,
    ha: { managed: 0 },
    maxdisk,
    maxmem,
    mem,
    name,
    netin: 0,
    netout: 0,
    qmpstatus,
    status,
    uptime,
    vmid: Number(guest.vmid),
  };
}

const PROXMOX_SUPPORT = {
  'backup-access-api': true,
  'backup-fleecing': true,
  'backup-max-workers': true,
  'pbs-dirty-bitmap': true,
  'pbs-dirty-bitmap-migration': true,
  'pbs-dirty-bitmap-savevm': true,
  'pbs-library-version': '1.5.2 (stub)',
  'pbs-masterkey': true,
  'query-bitmap-info': true,
};

const VM_NUMBERS =
  /^(?:acpi|autostart|cores|cpulimit|cpuunits|freeze|kvm|localtime|numa|onboot|protection|reboot|shares|smp|sockets|tablet|tdf|template|vcpus)$/;
const CT_NUMBERS =
  /^(?:console|cores|cpulimit|cpuunits|debug|memory|onboot|protection|swap|template|tty|unprivileged)$/;

/** @throws ToolError with status 2 when there is no such guest on the node */
export function guestConfig(guest: GuestPlace): unknown {
  const { values, description } = readConfig(guest);
  const numbers = guest.type === 'qemu' ? VM_NUMBERS : CT_NUMBERS;
  const typed = [...values].map(([key, value]) => [key, numbers.test(key) ? Number(value) : value] as const);
  const digest = digestOf(readConfigText(guest));
  return { ...Object.fromEntries(typed), ...(description === undefined ? {} : { description }), digest };
}
