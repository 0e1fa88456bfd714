/** Sites and facts whose plans are kept as texts in `test/fixtures/plan`. */
import type { Site } from '../../src/config/site.ts';
import type { Facts } from '../../src/plan/facts.ts';
import type { CronLine } from '../../src/schedule/cron-line.ts';
import {
  backup,
  facts,
  filter,
  guest,
  HOUR,
  host,
  intent,
  inventory,
  line,
  node,
  policy,
  ref,
  site,
  snapshotId,
  vmid,
} from '../plan/sample-site.ts';

const GIB = 2 ** 30;

/** A site and what was found, as a plan tells it. */
export interface Scene {
  readonly site: Site;
  readonly facts: Facts;
  readonly restoreNames?: readonly string[];
}

const web = guest('qemu/101', {
  name: 'web-1',
  pool: 'prod',
  volumes: [
    { key: 'scsi0', bytes: 32 * GIB },
    { key: 'ide2', leftOut: 'cdrom' },
  ],
});
const erp = guest('qemu/212', {
  name: 'erp-db',
  pool: 'prod',
  volumes: [{ key: 'scsi0', bytes: 1945 * GIB }],
});
const git = guest('lxc/105', {
  name: 'gitea',
  pool: 'prod',
  volumes: [
    { key: 'rootfs', bytes: 8 * GIB },
    { key: 'mp0', leftOut: 'bind mount' },
  ],
});
const mail = guest('qemu/150', { name: 'mail', volumes: [{ key: 'scsi0', bytes: 64 * GIB }] });

export const firstNight: Scene = {
  site: site({ backups: [policy('production', { select: { kind: 'pool', pool: 'prod' } })] }),
  facts: facts({ pve: inventory([web, erp, git, mail], { pools: ['prod'] }) }),
};

export const nothingToDo: Scene = {
  ...firstNight,
  facts: facts({ pve: inventory([web, git], { pools: ['prod'] }) }, [
    backup(web, 20 * 60_000),
    backup(git, 5 * 60_000),
  ]),
};

const offline = Array.from({ length: 22 }, (_, index) =>
  guest(`qemu/${401 + index}`, { name: `node-${index}`, node: node('fra3') }),
);
const nodes = ['fra1', 'fra2', 'fra3'].map((name) => ({ name: node(name), online: name !== 'fra3' }));
const fra = [
  guest('qemu/101', { name: 'web-1', pool: 'prod', node: node('fra1'), volumes: web.volumes }),
  guest('qemu/118', {
    name: 'files',
    node: node('fra1'),
    volumes: [
      { key: 'scsi0', bytes: 40 * GIB },
      { key: 'scsi2', bytes: 4096 * GIB, leftOut: 'backup=0' },
    ],
  }),
  guest('qemu/119', { name: 'archive', node: node('fra1'), volumes: [{ key: 'scsi1', bytes: 10240 * GIB }] }),
  guest('qemu/144', { name: 'nas', node: node('fra1'), lock: 'snapshot-delete' }),
  guest('qemu/212', { name: 'erp-db', pool: 'prod', node: node('fra1'), volumes: erp.volumes }),
  guest('qemu/213', { name: 'erp-app', node: node('fra2') }),
  guest('qemu/230', { name: 'crm', node: node('fra1'), volumes: [{ key: 'scsi0', bytes: 120 * GIB }] }),
  guest('qemu/299', { name: 'test-jan', node: node('fra1'), tags: ['test'] }),
  guest('lxc/310', {
    name: 'jump',
    node: node('fra1'),
    identity: { line: line('c310'), machine: { kind: 'none' } },
  }),
];
const lab = guest('qemu/901', { name: 'web-test', node: node('lab1') });

export const badNight: Scene = {
  site: site({
    hosts: [host('fra'), host('lab'), host('ber')],
    backups: [
      policy('gold', { hosts: ['fra'], select: { kind: 'pool', pool: 'prod' }, rpoMs: 12 * HOUR }),
      policy('standard', { hosts: ['fra'], exclude: filter({ tags: ['test'] }), rpoMs: 48 * HOUR }),
      policy('berlin', { hosts: ['ber'], select: { kind: 'vmid', vmids: [vmid(101)] } }),
      policy('lost', { hosts: ['lab'], select: { kind: 'vmid', vmids: [vmid(109)] } }),
    ],
    restores: [
      intent('web-on-the-lab', {
        fromHostId: 'fra',
        onExisting: 'replace',
        to: { host: 'lab', vmid: vmid(901), unique: true, start: true },
      }),
      intent('files-on-the-lab', {
        guest: { type: 'qemu', vmid: vmid(118) },
        fromHostId: 'fra',
        to: { host: 'lab', vmid: vmid(902), storage: 'tank', unique: true, start: false },
      }),
      intent('lost-node', { manual: true }),
    ],
  }),
  facts: facts(
    {
      fra: inventory([...fra, ...offline], { localNode: node('fra1'), nodes, pools: ['prod'] }),
      lab: inventory([lab], {
        clusterFingerprint: 'bb'.repeat(32),
        localNode: node('lab1'),
        nodes: [{ name: node('lab1'), online: true }],
      }),
      ber: 'connect ETIMEDOUT 10.0.7.10:22',
    },
    fra.flatMap((one) => {
      const entry = { hostId: 'fra', id: snapshotId(`5e${one.ref.vmid}`) };
      const ages: Readonly<Record<number, number>> = { 101: 11, 118: 24, 212: 31, 299: 1, 310: 3 };
      const age = ages[one.ref.vmid];
      if (one.ref.vmid === 230) return [backup(one, 30 * HOUR, { ...entry, line: line('01d') })];
      return age === undefined ? [] : [backup(one, age * HOUR, entry)];
    }),
  ),
  restoreNames: ['web-on-the-lab'],
};

/** Guests that were backed up before: what this run takes can be told, but for one. */
const MINUTE = 60_000;
export const knownNight: Scene = {
  site: site({
    hosts: [host('fra1'), host('fra2')],
    backups: [
      policy('gold', {
        hosts: ['fra1', 'fra2'],
        verifyWithinMs: 7 * 24 * HOUR,
        window: { from: 22 * 60, to: 7 * 60, timeZone: 'Europe/Berlin' },
      }),
    ],
  }),
  facts: facts(
    {
      fra1: inventory(
        [web, erp].map((one) => ({ ...one, node: node('fra1') })),
        {
          localNode: node('fra1'),
          nodes: [{ name: node('fra1'), online: true }],
        },
      ),
      fra2: inventory(
        [git, mail].map((one) => ({ ...one, node: node('fra2') })),
        {
          clusterFingerprint: 'bb'.repeat(32),
          localNode: node('fra2'),
          nodes: [{ name: node('fra2'), online: true }],
        },
      ),
    },
    [
      backup(web, 23 * HOUR, { history: { durationMs: 6 * MINUTE, readBytes: 32 * GIB, newBytes: GIB } }),
      backup(erp, 31 * HOUR, {
        history: { durationMs: 166 * MINUTE, readBytes: 1945 * GIB, newBytes: 38 * GIB },
      }),
      backup(git, 20 * HOUR, { history: { durationMs: 2 * MINUTE, readBytes: 3 * GIB, newBytes: 2 ** 20 } }),
    ],
  ),
};

/** A window that is closed, a schedule, a skip, one that has ended, a fallback, and modes that contradict each other. */
const weekdays: CronLine = {
  minutes: [22 * 60],
  days: new Set(Array.from({ length: 31 }, (_, day) => day + 1)),
  months: new Set(Array.from({ length: 12 }, (_, month) => month + 1)),
  weekdays: new Set([0, 1, 2, 3, 4, 5, 6]),
  eitherDay: false,
};
export const policiesNight: Scene = {
  site: site({
    backups: [
      policy('office', {
        select: { kind: 'vmid', vmids: [vmid(101), vmid(212)] },
        window: { from: 8 * 60, to: 18 * 60, timeZone: 'Europe/Berlin' },
      }),
      policy('nightly', {
        include: filter({ names: ['gitea'] }),
        rpoMs: 48 * HOUR,
        schedule: { cron: '0 22 * * *', line: weekdays, timeZone: 'Europe/Berlin' },
      }),
      policy('careful', { include: filter({ names: ['mail'] }), backupMode: 'stop' }),
      policy('quick', { include: filter({ names: ['mail'] }), backupMode: 'snapshot' }),
      policy('rest', { fallback: true, rpoMs: 168 * HOUR }),
    ],
    skips: [
      {
        ...policy('test-guests', { include: filter({ names: ['test-*'] }) }),
        reason: 'rebuilt from git',
        owner: 'jan',
        until: '2026-12-31',
        timeZone: 'Europe/Berlin',
      },
      {
        ...policy('old-wiki', { select: { kind: 'vmid', vmids: [vmid(160)] } }),
        reason: 'is switched off soon',
        owner: 'eva',
        until: '2026-11-01',
        timeZone: 'Europe/Berlin',
      },
    ],
  }),
  facts: facts(
    {
      pve: inventory([
        web,
        erp,
        git,
        mail,
        guest('qemu/160', { name: 'wiki' }),
        guest('qemu/170', { name: 'test-1' }),
        guest('qemu/171', { name: 'test-2' }),
        guest('qemu/900', { name: 'base', template: true }),
      ]),
    },
    [
      backup(web, 13 * HOUR),
      backup(erp, 31 * HOUR),
      backup(git, 6 * HOUR),
      backup(guest('qemu/160'), 24 * HOUR),
    ],
  ),
};

/** An old cluster whose nodes' own configurations are kept: one is due, one fresh, one has no address. */
const oldCluster = facts({
  old: inventory(
    [guest('qemu/101', { node: node('old1'), volumes: [{ key: 'scsi0', storage: 'local-lvm' }] })],
    {
      version: { release: '7.4', version: '7.4-19' },
      localNode: node('old1'),
      nodes: [
        { name: node('old1'), online: true, address: '10.0.0.1' },
        { name: node('old2'), online: true, address: '10.0.0.2' },
        { name: node('old3'), online: true },
      ],
    },
  ),
});
const nodeSnapshots = [
  { id: snapshotId('c1'), time: oldCluster.now - 30 * HOUR, hostId: 'old', node: node('old1') },
  { id: snapshotId('c2'), time: oldCluster.now - 2 * HOUR, hostId: 'old', node: node('old2') },
];
export const nodesOwn: Scene = {
  site: site({
    hosts: [
      host('old', {
        configBackup: true,
        vzdump: { excludePath: [], fleecing: {} },
        access: {
          kind: 'ssh',
          addresses: [{ host: '10.0.0.1', port: 22 }],
          username: 'root',
          login: { kind: 'agent' },
          hostKeys: { kind: 'known-hosts', files: [] },
        },
      }),
    ],
    backups: [policy('all', { hosts: ['old'] })],
  }),
  facts: {
    ...oldCluster,
    repositories: new Map([
      [
        'main',
        {
          id: snapshotId('aa'),
          snapshots: [],
          nodeSnapshots,
          keyCount: 2,
          pinned: new Set<string>(),
          acknowledged: new Set<string>(),
          damaged: new Set<string>(),
          verified: new Map(),
        },
      ],
    ]),
  },
};

/** Restores of a first run: two wait for backups, and the targets of the others are not ready. */
export const heldRestores: Scene = {
  site: site({
    hosts: [host('pve', { vzdump: { excludePath: [], fleecing: {} } }), host('lab', { node: node('lab2') })],
    backups: [policy('production', { select: { kind: 'pool', pool: 'prod' } })],
    restores: [
      intent('web-copy'),
      intent('mail-copy', { guest: { type: 'qemu', vmid: vmid(150) }, to: copyTo(902) }),
      intent('over-the-old', { onExisting: 'replace', to: copyTo(903) }),
      intent('other-net', {
        to: copyTo(904),
        map: { storage: new Map(), bridge: new Map([['vmbr0', 'vmbr9']]) },
      }),
      intent('on-the-lab', { to: { ...copyTo(905), host: 'lab' } }),
    ],
  }),
  facts: facts({
    pve: inventory(
      [
        guest('qemu/101', {
          name: 'web-1',
          pool: 'prod',
          volumes: [
            { key: 'scsi0', bytes: 32 * GIB },
            { key: 'unused0', storage: 'local-lvm', leftOut: 'not attached' },
          ],
        }),
        guest('qemu/150', { name: 'mail', pool: 'prod', lock: 'migrate' }),
        guest('qemu/903', { name: 'web-old', protection: true }),
      ],
      { pools: ['prod'], nodes: [{ name: node('pve'), online: true, bridges: ['vmbr0', 'vmbr1'] }] },
    ),
    lab: inventory([], {
      clusterFingerprint: 'bb'.repeat(32),
      localNode: node('lab1'),
      nodes: [
        { name: node('lab1'), online: true },
        { name: node('lab2'), online: false, address: '192.0.2.2' },
      ],
    }),
  }),
  restoreNames: ['over-the-old'],
};

function copyTo(id: number) {
  return { host: 'pve', vmid: vmid(id), unique: false, start: false };
}

export const hostileNames: Scene = {
  site: firstNight.site,
  facts: facts({
    pve: inventory(
      [
        guest('qemu/101', { name: 'a\u001b[2Jb\u202egpj.exe', pool: 'prod' }),
        guest('qemu/102', { name: 'long-'.repeat(24), pool: 'prod' }),
      ],
      { pools: ['prod'] },
    ),
  }),
};

/** Guests that are gone: one lately, one whose time is over but for a pin, one whose vmid another machine has, and a pool that is empty. */
const files = guest('qemu/118', { name: 'files' });
const wiki = guest('lxc/160', { name: 'wiki' });
const DAY = 24 * HOUR;
const pinnedId = snapshotId('914d');
const goneFacts = facts({ pve: inventory([web], { pools: ['prod', 'test'] }) }, [
  backup(web, 400 * DAY, { line: line('f0'), id: snapshotId('0a1d') }),
  ...[20, 21].map((days) => backup(files, days * DAY, { id: snapshotId(`f11e5${days}`) })),
  ...[101, 108].map((days) => backup(wiki, days * DAY, { id: snapshotId(`3141${days}`) })),
  backup(wiki, 200 * DAY, { id: pinnedId }),
]);
const heldOfGone = goneFacts.repositories.get('main');
export const guestsGone: Scene = {
  site: site({
    backups: [
      policy('production', { select: { kind: 'pool', pool: 'prod' } }),
      policy('testing', { select: { kind: 'pool', pool: 'test' } }),
      policy('wikis', { select: { kind: 'vmid', vmids: [vmid(160)] } }),
    ],
    orphans: { keepMs: 90 * DAY },
  }),
  facts: {
    ...goneFacts,
    repositories: new Map(
      heldOfGone === undefined ? [] : [['main', { ...heldOfGone, pinned: new Set([pinnedId]) }]],
    ),
  },
};

/** A guest that went to another cluster, one that is to follow, one that was left where it was, and one that was adopted. */
const movedWeb = guest('qemu/201', { name: 'web-1', volumes: web.volumes });
const movedTo = (from: string, to: string) => {
  const [fromHost = '', fromGuest = ''] = from.split(' ');
  const [toHost = '', toGuest = ''] = to.split(' ');
  return {
    from: { hostId: fromHost, guest: ref(fromGuest) },
    to: { host: toHost, hostId: toHost, guest: ref(toGuest) },
  };
};
const movedFacts = facts(
  {
    fra: inventory([git]),
    ber: inventory(
      [
        movedWeb,
        mail,
        guest('lxc/105', { name: 'gitea', identity: { ...git.identity, line: line('105b') } }),
      ],
      {
        clusterFingerprint: 'bb'.repeat(32),
      },
    ),
  },
  [
    ...[26, 50, 74].map((hours) => backup(web, hours * HOUR, { hostId: 'fra' })),
    backup(git, 2 * HOUR, { hostId: 'fra' }),
    backup(mail, 100 * HOUR, { hostId: 'ber', line: line('a11') }),
    backup(mail, 5 * HOUR, { hostId: 'ber' }),
  ],
);
export const guestsMoved: Scene = {
  site: site({
    hosts: [host('fra'), host('ber')],
    backups: [policy('all', { hosts: ['fra', 'ber'], retention: { last: 2 } })],
    moved: [
      movedTo('fra qemu/101', 'ber qemu/201'),
      movedTo('fra qemu/212', 'ber qemu/212'),
      movedTo('fra lxc/105', 'ber lxc/105'),
    ],
  }),
  facts: {
    ...movedFacts,
    repositories: new Map(
      [...movedFacts.repositories].map(([name, held]) => [
        name,
        { ...held, adoptions: new Map([[line('a11'), { to: mail.identity.line }]]) },
      ]),
    ),
  },
};
