import { hash, randomBytes } from 'node:crypto';
import { zstdCompressSync } from 'node:zlib';
import { Chalk } from 'chalk';
import { snapshotsTable } from '../../../src/cli/view/snapshots-table.ts';
import { verifyReportText } from '../../../src/cli/view/verify-report-text.ts';
import { toGuestSnapshot } from '../../../src/plan/guest-snapshot.ts';
import { toNodeSnapshot } from '../../../src/plan/node-snapshot.ts';
import { parseRecord } from '../../../src/records/parse-record.ts';
import { encodeRecord } from '../../../src/records/record.ts';
import { checkPack } from '../../../src/repository/check-pack.ts';
import { encodeConfig, newConfig, parseConfig } from '../../../src/repository/config-file.ts';
import { encrypt, encryptionReady } from '../../../src/repository/encryption.ts';
import { encodeIndexFile, parseIndexFile } from '../../../src/repository/index-file.ts';
import { newMasterKey, openKey, parseKeyFile, sealKey } from '../../../src/repository/key-file.ts';
import { blobId, type FileId, parseFileId } from '../../../src/repository/object-id.ts';
import { decodePackHeader, encodePackHeader, type PackEntry } from '../../../src/repository/pack-header.ts';
import { encodeSnapshot, parseSnapshot, type Snapshot } from '../../../src/repository/snapshot-file.ts';
import { TreeParser } from '../../../src/repository/tree-parser.ts';
import { openUnpacked } from '../../../src/repository/unpacked-file.ts';
import { parseRecordedContents, parseRecordedGuest } from '../../../src/snapshot/guest-record.ts';
import { nameSnapshot } from '../../../src/verify/snapshot-name.ts';
import type { VerifyReport } from '../../../src/verify/verify-report.ts';
import { QUICK_COST } from '../../repository/sample-repository.ts';
import { snapshotFacts } from '../../repository/snapshot-facts.ts';
import { expectInside, expectSafe, type InputTarget } from './input-target.ts';

const ID = '0a'.repeat(32);
const MOST_WORK = 1 << 20;

/** All that lies in a repository, as whoever holds its key could have written it. */
export async function repositoryTargets(): Promise<readonly InputTarget[]> {
  await encryptionReady;
  const key = newMasterKey();
  const fileId = needId(ID);
  const entries: readonly PackEntry[] = [0, 1, 2].map((number) => ({
    id: blobId(randomBytes(32)),
    type: number === 1 ? 'tree' : 'data',
    offset: number * 100,
    length: 100,
    uncompressedLength: number === 2 ? 500 : 0,
  }));
  const sealed = await sealKey(key, 'password', {
    hostname: 'h',
    username: 'u',
    created: '2026-11-22T18:00:00Z',
    cost: QUICK_COST,
  });
  const snapshots = [
    snapshotFacts(blobId(randomBytes(32)), {
      paths: ['/qemu/101'],
      tags: ['pvebak', 'guest=0123456789abcdef', 'policy=all', 'run=1'],
    }),
    snapshotFacts(blobId(randomBytes(32)), { paths: ['/node/pve1'], tags: ['pvebak'] }),
  ];
  return [
    { name: 'config', form: 'json', seeds: [encodeConfig(newConfig())], read: (bytes) => parseConfig(bytes) },
    {
      name: 'key',
      form: 'json',
      seeds: [sealed],
      read: async (bytes) => {
        const file = parseKeyFile(bytes, ID);
        const { N, r, p } = file.cost;
        // Its parser lets a key ask for up to a minute of scrypt.
        return N * r * p > MOST_WORK ? undefined : openKey(file, 'password', ID);
      },
    },
    {
      name: 'snapshot',
      form: 'json',
      seeds: snapshots.map(encodeSnapshot),
      read: (bytes) => {
        const snapshot = parseSnapshot(bytes.toString(), fileId);
        const shown = [toGuestSnapshot(snapshot) ?? toNodeSnapshot(snapshot) ?? []].flat();
        expectSafe(snapshotsTable(shown, { timeZone: 'UTC', isPinned: () => true }));
        expectSafe(verifyReportText({ name: 'main', where: '/' }, reportOf(snapshot), PLAIN));
      },
    },
    {
      name: 'index',
      form: 'json',
      seeds: [encodeIndexFile([{ id: fileId, entries }])],
      read: (bytes) => parseIndexFile(bytes, ID),
    },
    ...(['json', 'bytes'] as const).map(
      (form): InputTarget => ({ name: 'tree', form, seeds: TREES, read: readTree }),
    ),
    {
      name: 'pack header',
      form: 'bytes',
      seeds: [encodePackHeader(entries)],
      read: (bytes) => decodeOrRange(bytes),
    },
    {
      name: 'pack',
      form: 'bytes',
      seeds: [encodePackHeader(entries)],
      read: (bytes) => checkPack(key, packOf(encrypt(key, [bytes]), entries)),
    },
    {
      name: 'compressed file',
      form: 'bytes',
      seeds: [zstdCompressSync('{"a":1}'.repeat(1000)), zstdCompressSync(Buffer.alloc(300 << 20))],
      read: (bytes) => {
        const stored = encrypt(key, [Uint8Array.of(2), bytes]);
        return openUnpacked(key, stored, `index/${hash('sha256', stored, 'hex')}`);
      },
    },
    {
      name: 'record',
      form: 'json',
      seeds: [encodeRecord({ kind: 'pin', snapshots: [{ id: ID }], reason: 'why' })],
      read: (bytes) => parseRecord(bytes),
    },
    {
      name: 'pvebak.json',
      form: 'json',
      seeds: [GUEST_RECORD],
      read: (bytes) => [parseRecordedContents(bytes), parseRecordedGuest(bytes)],
    },
  ];
}

const TREES = [
  Buffer.from(
    `${JSON.stringify({
      nodes: [
        {
          name: 'a',
          type: 'file',
          mode: 420,
          mtime: '2026-11-22T18:00:00Z',
          uid: 0,
          gid: 0,
          user: 'root',
          size: 3,
          content: [ID, ID],
        },
        {
          name: 'b\\n\\xff',
          type: 'dir',
          mode: 2147484141,
          mtime: '2026-11-22T18:00:00Z',
          subtree: ID,
          content: null,
        },
        {
          name: 'c',
          type: 'symlink',
          linktarget: '/etc/passwd',
          extended_attributes: [{ name: 'user.a', value: 'YQ==' }],
        },
      ],
    })}\n`,
  ),
];

function readTree(bytes: Buffer): void {
  const parser = new TreeParser();
  try {
    for (let at = 0; at < bytes.length; at += 1000) parser.push(bytes.subarray(at, at + 1000));
    for (const { name } of parser.end()) expectInside(name);
  } catch (error) {
    // Its reader makes damage of it, and says where.
    if (!(error instanceof RangeError)) throw error;
  }
}

function decodeOrRange(bytes: Buffer): void {
  try {
    decodePackHeader(bytes);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
}

function packOf(header: Uint8Array, indexed: readonly PackEntry[]) {
  const bytes = new Uint8Array(300 + header.length + 4);
  bytes.set(header, 300);
  new DataView(bytes.buffer).setUint32(bytes.length - 4, header.length, true);
  return { name: ID, bytes, from: 0, indexed, wanted: undefined };
}

const PLAIN = { timeZone: 'UTC', colour: new Chalk({ level: 0 }) } as const;

/** A verification that found something, so that the snapshot is named. */
function reportOf(snapshot: Snapshot): VerifyReport {
  const fault = {
    kind: 'contents',
    snapshot: snapshot.id,
    path: snapshot.paths[0] ?? '',
    what: 'other',
  } as const;
  const touches = [{ snapshot: snapshot.id, paths: snapshot.paths, morePaths: 0 }];
  return {
    scope: 'repository',
    reading: { kind: 'structure' },
    started: 0,
    ended: 1,
    counts: {
      keys: 1,
      indexes: 1,
      packs: 1,
      trees: 1,
      readPacks: 0,
      readBytes: 0,
      readBlobs: 0,
      unindexedPacks: 0,
    },
    faults: [{ fault, touches }],
    snapshots: [{ name: nameSnapshot(snapshot), whole: false }],
  };
}

function needId(text: string): FileId {
  const id = parseFileId(text);
  if (id === undefined) throw new Error('no id');
  return id;
}

const GUEST_RECORD = Buffer.from(
  JSON.stringify({
    version: 1,
    guest: { type: 'qemu', vmid: 101, name: 'web', tags: ['gold'], pool: 'prod' },
    node: 'pve1',
    disks: [{ device: 'drive-scsi0', deviceId: 1, size: 65536, chunkBytes: 262144, listDigest: ID }],
    archive: { name: 'vzdump-qemu-101.vma', size: 70000, listDigest: ID, sha256: ID },
    rootfs: { files: 1, folders: 1, leftOut: [], leftOutCount: 0 },
    leftOut: [],
  }),
);
