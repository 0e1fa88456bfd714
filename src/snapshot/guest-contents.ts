import { formatGuestRef, type GuestRef } from '../pve/guest.ts';
import { guestBridges } from '../pve/guest-bridges.ts';
import { type GuestConfig, parseGuestConfig } from '../pve/guest-config.ts';
import type { GuestContents, StoredVolume } from '../pve/guest-contents.ts';
import { hostAccess } from '../pve/host-access.ts';
import { parsePropertyString } from '../pve/property-string.ts';
import { vmDiskStorages } from '../pve/target-storage.ts';
import type { BlobId } from '../repository/object-id.ts';
import type { BlobSource } from '../repository/store.ts';
import { readArchivedConfig } from './archived-config.ts';
import { parseRecordedGuest, type RecordedGuest } from './guest-record.ts';
import { findNode, readSmallFile } from './snapshot-files.ts';

const MOST_BYTES = 1 << 20;

/**
 * The configuration is the one beside the archive, whose list of blobs may be huge; restoring proves that they are the same.
 * @returns undefined when it has neither a record nor a configuration that can be read
 * @throws UserError `repository-damaged`
 */
export async function readGuestContents(
  reader: BlobSource,
  { tree, guest }: { readonly tree: BlobId; readonly guest: GuestRef },
): Promise<GuestContents | undefined> {
  const read = async (name: string) => {
    const node = await findNode(reader, tree, `/${formatGuestRef(guest)}/${name}`);
    return node === undefined || node.size > MOST_BYTES
      ? undefined
      : await readSmallFile(reader, node, MOST_BYTES);
  };
  const record = await read('pvebak.json');
  const beside = await read(guest.type === 'qemu' ? 'qemu-server.conf' : 'pct.conf');
  const config = Buffer.from(beside ?? new Uint8Array()).toString('utf8');
  const archived = beside === undefined ? await readArchivedConfig(reader, { tree, guest }) : undefined;
  if (record === undefined && beside === undefined && archived === undefined) return undefined;
  const found = archived?.hostAccess ?? hostAccess({ type: guest.type, text: config, from: 'archive' });
  return {
    ...guestContents(
      parseRecordedGuest(record ?? new Uint8Array()),
      parseGuestConfig(guest.type, archived?.text ?? config),
      guest,
    ),
    ...(found.length > 0 && { hostAccess: found }),
  };
}

/** What the configuration tells counts before what was noted beside it, as it is what comes back. */
export function guestContents(record: RecordedGuest, config: GuestConfig, { type }: GuestRef): GuestContents {
  const { node, pool } = record;
  const name = config.name ?? record.name;
  const startOrder = startOrderOf(config);
  return {
    ...(name !== undefined && { name }),
    ...(node !== undefined && { node }),
    ...(pool !== undefined && { pool }),
    tags: config.tags.length > 0 ? config.tags : record.tags,
    ...(startOrder !== undefined && { startOrder }),
    volumes: type === 'qemu' ? vmVolumes(config, record) : containerVolumes(config, record),
    bridges: guestBridges(config.values),
  };
}

/** `startup: order=3,up=30`, or `startup: 3` */
function startOrderOf({ values }: GuestConfig): number | undefined {
  const startup = parsePropertyString(values.get('startup') ?? '');
  const text = startup.values.get('order') ?? startup.unkeyed ?? '';
  return /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}

function vmVolumes(config: GuestConfig, { dataBytes }: RecordedGuest): readonly StoredVolume[] {
  const storages = vmDiskStorages(config, {});
  return config.dumpedDisks.map(({ drive, device }) => {
    const storage = storages.get(drive);
    const bytes = config.volumes.find(({ key }) => key === drive)?.bytes;
    const data = dataBytes.get(device) ?? dataBytes.get(`drive-${drive}`);
    return {
      ...(storage !== undefined && { storage }),
      ...(bytes !== undefined && { bytes }),
      ...(data !== undefined && { dataBytes: data }),
    };
  });
}

function containerVolumes(
  { volumes }: GuestConfig,
  { archiveBytes }: RecordedGuest,
): readonly StoredVolume[] {
  const made = volumes.filter(({ leftOut }) => leftOut !== 'bind mount' && leftOut !== 'device');
  return made.map(({ storage, bytes }) => ({
    ...(storage !== undefined && { storage }),
    ...(bytes !== undefined && { bytes }),
    ...(made.length === 1 && archiveBytes !== undefined && { dataBytes: archiveBytes }),
  }));
}
