/** Backups of a VM with one disk as files: what vzdump would send, and whether what came back is the same disk. */
import { createHash } from 'node:crypto';
import { closeSync, createReadStream, openSync, statSync, writeSync } from 'node:fs';
import { ByteSource } from '../lab/stand-ins/byte-source.ts';
import { readVmaExtents, readVmaHeader } from '../lab/stand-ins/vma-reader.ts';
import { writeVma } from '../lab/stand-ins/vma-writer.ts';
import type { ContentPool } from './content-pool.ts';
import { type DiskPlan, diskReader } from './disk-plan.ts';

const CLUSTER = 65536;
const BLOCK = 4096;
const ZEROS = Buffer.alloc(BLOCK);

export interface StreamOptions {
  readonly disk: DiskPlan;
  readonly pool: ContentPool;
  readonly vmid: number;
  /** The uuid of the archive, and with it the order of clusters, come of it: another one for each backup. */
  readonly seed: string;
}

/** Writes the stream of a backup, clusters in QEMU's order. @returns its length in bytes */
export async function writeVmStream(file: string, options: StreamOptions): Promise<number> {
  const { disk, pool, vmid, seed } = options;
  const read = diskReader(disk, pool);
  const fd = openSync(file, 'w');
  const archive = {
    configs: new Map([['qemu-server.conf', Buffer.from(configOf(vmid, disk.size))]]),
    devices: [
      {
        name: 'drive-scsi0',
        size: disk.size,
        read: (cluster: number, into: Uint8Array) => read(cluster * CLUSTER, into),
      },
    ],
    created: 1_767_225_600,
    uuid: createHash('md5').update(`${seed} uuid`).digest(),
  };
  await writeVma(archive, {
    write: async (bytes) => void writeSync(fd, bytes),
    onCluster: () => undefined,
    eager: false,
    loseLastExtent: false,
  });
  closeSync(fd);
  return statSync(file).size;
}

/** @throws when the archive in the file is not whole, or its disk differs from the plan */
export async function expectDisk(
  file: string,
  { disk, pool }: Pick<StreamOptions, 'disk' | 'pool'>,
): Promise<void> {
  const source = new ByteSource(createReadStream(file, { highWaterMark: 1 << 20 }));
  const header = await readVmaHeader(source);
  const read = diskReader(disk, pool);
  const wanted = Buffer.alloc(BLOCK);
  const seen = new Uint8Array(disk.size / BLOCK);
  const expectBlock = (offset: number, bytes: Uint8Array) => {
    read(offset, wanted);
    if (!wanted.equals(bytes)) throw new Error(`${file} has other bytes at ${offset} of the disk`);
    seen[offset / BLOCK] = 1;
  };
  await readVmaExtents(source, header, {
    data: (_device, offset, bytes) => expectBlock(offset, bytes),
    progress: () => undefined,
  });
  for (let at = seen.indexOf(0); at >= 0; at = seen.indexOf(0, at + 1)) expectBlock(at * BLOCK, ZEROS);
}

/** With the map that qmrestore needs. */
function configOf(vmid: number, size: number): string {
  return [
    'boot: order=scsi0',
    'cores: 1',
    'memory: 128',
    `name: bench-${vmid}`,
    'ostype: l26',
    `scsi0: local:${vmid}/vm-${vmid}-disk-0.raw,size=${size / (1 << 20)}M`,
    `smbios1: uuid=00000000-0000-4000-8000-${String(vmid).padStart(12, '0')}`,
    '#qmdump#map:scsi0:drive-scsi0:local:raw:',
    '',
  ].join('\n');
}
