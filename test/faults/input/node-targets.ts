import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Chalk } from 'chalk';
import { planHeader } from '../../../src/cli/view/plan-header.ts';
import { renderPlanMarkdown } from '../../../src/cli/view/plan-markdown.ts';
import { renderPlanText } from '../../../src/cli/view/plan-text.ts';
import type { RepositoryFacts } from '../../../src/plan/facts.ts';
import { makePlan } from '../../../src/plan/make-plan.ts';
import { dumpVerdict } from '../../../src/pve/dump-verdict.ts';
import { parseGuestConfig } from '../../../src/pve/guest-config.ts';
import { readInventory } from '../../../src/pve/read-inventory.ts';
import { explainDumpFailure, explainToolFailure } from '../../../src/pve/tool-failure.ts';
import { VzdumpLog } from '../../../src/pve/vzdump-log.ts';
import { parseKnownHosts } from '../../../src/transport/known-hosts.ts';
import { policy, site } from '../../plan/sample-site.ts';
import { recordedShell } from '../../pve/recorded-shell.ts';
import { expectSafe, type InputTarget } from './input-target.ts';

const FIXTURES = join(import.meta.dirname, '../../fixtures');
const RELEASE = readFileSync(join(FIXTURES, 'pvesh/version.json'));
const STATUS = readFileSync(join(FIXTURES, 'pvesh/cluster-status.json'));
const RESOURCES = readFileSync(join(FIXTURES, 'pvesh/cluster-resources.json'));
const FILES = Buffer.from(
  [
    '-----BEGIN CERTIFICATE-----',
    Buffer.from('a certificate').toString('base64'),
    '-----END CERTIFICATE-----',
    '',
    'nodes/pve1/qemu-server/101.conf:#web server',
    'nodes/pve1/qemu-server/101.conf:name: web-1',
    'nodes/pve1/qemu-server/101.conf:net0: virtio=BC:24:11:00:00:01,bridge=vmbr0',
    'nodes/pve1/qemu-server/101.conf:scsi0: local:101/vm-101-disk-0.qcow2,size=64M',
    'nodes/pve1/qemu-server/101.conf:tags: prod;web',
    'nodes/pve1/qemu-server/101.conf:[before]',
    'nodes/pve1/lxc/201.conf:hostname: ct-alpha',
    'nodes/pve1/lxc/201.conf:net0: name=eth0,hwaddr=BC:24:11:5C:7C:2D,ip=dhcp',
    '',
  ].join('\n'),
);

const EMPTY: RepositoryFacts = {
  id: '0'.repeat(64),
  snapshots: [],
  nodeSnapshots: [],
  keyCount: 2,
  pinned: new Set(),
  acknowledged: new Set(),
  damaged: new Set(),
  verified: new Map(),
};

/** All that a node says. */
export function nodeTargets(): readonly InputTarget[] {
  const logs = readdirSync(join(FIXTURES, 'vzdump-log'))
    .filter((name) => name.endsWith('.log'))
    .map((name) => readFileSync(join(FIXTURES, 'vzdump-log', name)));
  return [
    {
      name: 'pvesh version',
      form: 'json',
      seeds: [RELEASE],
      read: (bytes) => plannedWith({ version: bytes }),
    },
    {
      name: 'pvesh cluster status',
      form: 'json',
      seeds: [STATUS],
      read: (bytes) => plannedWith({ status: bytes }),
    },
    {
      name: 'pvesh resources',
      form: 'json',
      seeds: [RESOURCES],
      read: (bytes) => plannedWith({ resources: bytes }),
    },
    { name: 'pvesh', form: 'bytes', seeds: [RESOURCES], read: (bytes) => plannedWith({ resources: bytes }) },
    {
      name: 'files of /etc/pve',
      form: 'bytes',
      seeds: [FILES],
      read: (bytes) => plannedWith({ files: bytes }),
    },
    { name: 'vzdump log', form: 'bytes', seeds: logs, read: readLog },
    {
      name: 'guest configuration',
      form: 'bytes',
      seeds: [FILES],
      read: (bytes) => [
        parseGuestConfig('qemu', bytes.toString()),
        parseGuestConfig('lxc', bytes.toString()),
      ],
    },
    {
      name: 'known_hosts',
      form: 'bytes',
      seeds: [
        Buffer.from(
          '[pve]:22 ssh-ed25519 AAAAC3Nz\n|1|c2FsdA==|aGFzaA== ssh-rsa AAAA\n@revoked * ssh-rsa AAAA\n',
        ),
      ],
      read: (bytes) => parseKnownHosts(bytes.toString(), 'known_hosts'),
    },
  ];
}

interface Answers {
  readonly version?: Buffer;
  readonly status?: Buffer;
  readonly resources?: Buffer;
  readonly files?: Buffer;
}

/** What a node says becomes a plan, and that a text: nothing in it may reach a terminal as it is. */
async function plannedWith({
  version = RELEASE,
  status = STATUS,
  resources = RESOURCES,
  files = FILES,
}: Answers): Promise<void> {
  const shell = recordedShell({
    'pvesh get /version': { stdout: version.toString() },
    'pvesh get /cluster/status': { stdout: status.toString() },
    'pvesh get /cluster/resources': { stdout: resources.toString() },
    'sh -c': { stdout: files.toString() },
  });
  const inventory = await readInventory(shell);
  const declared = site({ backups: [policy('all')] });
  const hosts = new Map(
    [...declared.hosts.keys()].map((name) => [name, { kind: 'reached', inventory } as const]),
  );
  const facts = { now: Date.UTC(2026, 10, 23), hosts, repositories: new Map([['main', EMPTY]]) };
  const plan = makePlan(declared, facts, { restoreNames: [] });
  const header = planHeader(declared, facts, { title: 'pvebak plan', timeZone: 'UTC' });
  const text = renderPlanText(plan, header, { colour: new Chalk({ level: 0 }), width: 80, verbose: true });
  expectSafe(text);
  expectSafe(renderPlanMarkdown(plan, header, {}));
}

function readLog(bytes: Buffer): void {
  const log = new VzdumpLog();
  const records = [];
  for (let at = 0; at < bytes.length; at += 777) records.push(...log.push(bytes.subarray(at, at + 777)));
  records.push(...log.end());
  const verdict = dumpVerdict(records);
  const exit = { kind: 'status', status: 1 } as const;
  explainDumpFailure({ argv: ['vzdump', '101'], exit, verdict });
  explainToolFailure({ tool: 'qm', argv: ['qm'], exit, stdout: bytes.toString(), stderr: bytes.toString() });
}
