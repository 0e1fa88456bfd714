import { encodeVma, type PieceMemory } from '../formats/vma/sparse-archive.ts';
import type { VmaHeader } from '../formats/vma/vma-header.ts';
import { formatGuestRef, type GuestRef } from '../pve/guest.ts';
import { type GuestConfig, parseGuestConfig } from '../pve/guest-config.ts';
import type { HostAccess } from '../pve/host-access.ts';
import { BlobLender } from '../repository/blob-lender.ts';
import type { Store } from '../repository/store.ts';
import type { StoredNode } from '../repository/tree-parser.ts';
import { UserError } from '../user-error.ts';
import { archiveName } from './archive-name.ts';
import { configOfVma, readConfigOfTar, readVmaHeader } from './archived-config.ts';
import { parseRecordedContents, type RecordedContents } from './guest-record.ts';
import { readProved } from './proved-content.ts';
import { findNode, listFolder, readSmallFile } from './snapshot-files.ts';

/** A guest's snapshot, found and understood, ready to be read. */
export interface OpenSnapshot {
  readonly id: string;
  readonly guest: GuestRef;
  /** As the archive has it, and as lies beside it if anything does. */
  readonly config: GuestConfig | undefined;
  /** By what that reaches the node. */
  readonly hostAccess: readonly HostAccess[];
  /** Bytes of its disks, or of its tar: what `onRead` adds up to. */
  readonly size: number;
  /** An upper bound of what `archive` delivers: chunks of zeros are not counted. */
  readonly mostBytes: number;
  /**
   * The archive as qmrestore and pct restore read it, uncompressed; a VM's with 4 KiB blocks of zeros left out.
   * Every blob is checked; the last byte is delivered only when lists and digests were right.
   */
  archive(onRead: (bytes: number) => void, reading?: ArchiveReading): AsyncGenerator<Uint8Array>;
}

export interface ArchiveReading {
  /** Changes a VM's configuration on its way into the archive; byte by byte, in the encoding latin1. */
  readonly mapConfig?: (text: string) => string;
  /** For the pieces of a VM's archive that are as large as to be worth it. */
  readonly memory?: PieceMemory;
}

/** What a configuration that was changed may add to the archive's header. */
const HEADER_SLACK_BYTES = 1 << 16;

/** @throws UserError `snapshot-not-found`, `repository-damaged` */
export async function openSnapshot(store: Store, id: string, guest: GuestRef): Promise<OpenSnapshot> {
  const { tree } = await store.readSnapshot(id);
  const folder = `/${formatGuestRef(guest)}`;
  const find = async (path: string) => findNode(store.reader, tree, `${folder}/${path}`);
  const archive = await find(`archive/${archiveName(guest.type, guest.vmid)}`);
  if (archive === undefined) throw lacks(id, folder, 'an archive');
  const textBeside = async () => {
    const node = await find(guest.type === 'qemu' ? 'qemu-server.conf' : 'pct.conf');
    return node && Buffer.from(await readSmallFile(store.reader, node)).toString('utf8');
  };
  const recordNode = await find('pvebak.json');
  const recorded = parseRecordedContents(
    recordNode === undefined ? new Uint8Array() : await readSmallFile(store.reader, recordNode),
  );
  const header = guest.type === 'qemu' ? await readVmaHeader(store.reader, archive) : undefined;
  const { text, hostAccess } =
    header === undefined ? await readConfigOfTar(store.reader, archive) : configOfVma(header);
  checkSame(text, await textBeside(), id);
  const config = text === undefined ? undefined : parseGuestConfig(guest.type, text);
  const opened = { id, guest, config, hostAccess };
  if (header === undefined)
    return {
      ...opened,
      size: archive.size,
      mostBytes: archive.size,
      archive: (onRead) => readTar(store, archive, { recorded, onRead }),
    };
  const disks = new Map<number, StoredNode>();
  for (const { id: deviceId, name } of header.devices) {
    const files = await listFolder(store.reader, tree, `${folder}/${name}`);
    const disk = files.find((node) => Buffer.from(node.name).toString('utf8') === `${name}.raw`);
    if (disk === undefined) throw lacks(id, folder, `the disk ${name}`);
    disks.set(deviceId, disk);
  }
  const lender = new BlobLender(store.reader);
  const size = header.devices.reduce((sum, device) => sum + device.size, 0);
  return {
    ...opened,
    size,
    mostBytes: archive.size + HEADER_SLACK_BYTES,
    archive: (onRead, { mapConfig, memory } = {}) =>
      readSparseVma(store, withConfig(header, mapConfig), { disks, recorded, lender, onRead, memory }),
  };
}

function withConfig(header: VmaHeader, mapConfig: ArchiveReading['mapConfig']): VmaHeader {
  if (mapConfig === undefined) return header;
  const configs = header.configs.map((config) => {
    if (config.name !== 'qemu-server.conf') return config;
    const text = mapConfig(Buffer.from(config.content).toString('latin1'));
    return { ...config, content: Buffer.from(text, 'latin1') };
  });
  return { ...header, configs };
}

async function* readTar(
  store: Store,
  archive: StoredNode,
  { recorded, onRead }: { readonly recorded: RecordedContents; readonly onRead: (bytes: number) => void },
): AsyncGenerator<Uint8Array> {
  const expected = { name: 'the archive', size: archive.size, listDigest: recorded.archiveDigest };
  for await (const { bytes } of readProved(store.reader, archive, expected)) {
    onRead(bytes.length);
    yield bytes;
  }
}

function readSparseVma(
  store: Store,
  header: VmaHeader,
  {
    disks,
    recorded,
    lender,
    onRead,
    memory,
  }: {
    readonly disks: ReadonlyMap<number, StoredNode>;
    readonly recorded: RecordedContents;
    readonly lender: BlobLender;
    readonly onRead: (bytes: number) => void;
    readonly memory: PieceMemory | undefined;
  },
): AsyncGenerator<Uint8Array> {
  const names = new Map(header.devices.map((device) => [device.id, device]));
  async function* readDevice(deviceId: number) {
    const disk = disks.get(deviceId);
    const device = names.get(deviceId);
    if (disk === undefined || device === undefined)
      throw new Error(`device ${deviceId} is not in the header`);
    const expected = {
      name: device.name,
      size: device.size,
      listDigest: recorded.diskDigests.get(device.name),
    };
    // Whoever makes an archive of them copies them, window by window.
    const pieces = readProved(store.reader, disk, expected, { lender });
    for await (const { bytes, isZeros } of pieces) {
      onRead(bytes.length);
      yield isZeros ? { zeros: bytes.length } : bytes;
    }
  }
  return encodeVma(header, readDevice, memory);
}

/** What a plan was made by lies beside the archive, and the node reads what is in it. @throws UserError `repository-damaged` */
function checkSame(archived: string | undefined, beside: string | undefined, id: string): void {
  if (beside === undefined || beside === archived) return;
  throw new UserError(
    'repository-damaged',
    `the archive in the snapshot ${id.slice(0, 8)} does not have the configuration that lies beside it`,
    { hint: 'pvebak has not made it so: who can write to the repository? restore from another snapshot' },
  );
}

function lacks(id: string, folder: string, what: string): UserError {
  return new UserError('snapshot-not-found', `the snapshot ${id.slice(0, 8)} has no ${folder} with ${what}`, {
    hint: 'is it a snapshot that pvebak made?',
  });
}
