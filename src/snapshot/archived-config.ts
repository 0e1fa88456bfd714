import { FormatError } from '../formats/format-error.ts';
import { ContainerConfigs, isContainerConfig } from '../formats/tar/container-configs.ts';
import { readTar } from '../formats/tar/read-tar.ts';
import { readVma } from '../formats/vma/read-vma.ts';
import type { VmaHeader } from '../formats/vma/vma-header.ts';
import { formatGuestRef, type GuestRef, type GuestType } from '../pve/guest.ts';
import { type HostAccess, hostAccess } from '../pve/host-access.ts';
import { type BlobId, blobId } from '../repository/object-id.ts';
import type { BlobSource } from '../repository/store.ts';
import type { StoredNode } from '../repository/tree-parser.ts';
import { UserError } from '../user-error.ts';
import { archiveName } from './archive-name.ts';
import { findNode } from './snapshot-files.ts';

/** The configuration inside of an archive: what the node is going to read, whatever else the snapshot says. */
export interface ArchivedConfig {
  /** Undefined when there is none, or none that would surely be read. */
  readonly text: string | undefined;
  readonly hostAccess: readonly HostAccess[];
}

/** @returns undefined when the snapshot has no archive. @throws UserError `repository-damaged` */
export async function readArchivedConfig(
  reader: BlobSource,
  { tree, guest }: { readonly tree: BlobId; readonly guest: GuestRef },
): Promise<ArchivedConfig | undefined> {
  const path = `/${formatGuestRef(guest)}/archive/${archiveName(guest.type, guest.vmid)}`;
  const archive = await findNode(reader, tree, path);
  if (archive === undefined) return undefined;
  if (guest.type === 'lxc') return readConfigOfTar(reader, archive);
  return configOfVma(await readVmaHeader(reader, archive));
}

/** @throws UserError `repository-damaged` when it is none */
export async function readVmaHeader(reader: BlobSource, archive: StoredNode): Promise<VmaHeader> {
  return understood(archive, async () => {
    for await (const event of readVma(blobsOf(reader, archive)))
      if (event.kind === 'header') return event.header;
    throw new Error('a VMA without a header was accepted');
  });
}

export function configOfVma({ configs }: VmaHeader): ArchivedConfig {
  const config = configs.find(({ name }) => name === 'qemu-server.conf');
  return judged('qemu', config && Buffer.from(config.content).toString('utf8'));
}

/**
 * Of a container, when it is the first file of the tar, where vzdump puts it. pct reads it from there, or extracts all and
 * then reads the file of that name, and overwrites no file while it extracts (`--skip-old-files`): what comes first counts,
 * and behind something else, a link among it, another file could come first.
 * Source: pve-container PVE/LXC/Create.pm.
 * @throws UserError `repository-damaged` when it is no tar
 */
export async function readConfigOfTar(reader: BlobSource, archive: StoredNode): Promise<ArchivedConfig> {
  const configs = new ContainerConfigs();
  await understood(archive, async () => {
    let isFirst = true;
    for await (const event of readTar(blobsOf(reader, archive))) {
      if (event.kind === 'member' && !(isFirst && isContainerConfig(event.member))) return;
      if (event.kind === 'member') {
        isFirst = false;
        configs.takeMember(event.member, 0);
      }
      if (event.kind === 'content') configs.takeContent(event.bytes, event.offset);
    }
  });
  const { pctConf } = configs;
  return judged('lxc', pctConf && Buffer.from(pctConf).toString('utf8'));
}

function judged(type: GuestType, text: string | undefined): ArchivedConfig {
  if (text !== undefined) return { text, hostAccess: hostAccess({ type, text, from: 'archive' }) };
  // qmrestore does nothing without a configuration; pct takes whatever it finds among the files.
  return { text, hostAccess: type === 'lxc' ? [NO_CONFIGURATION] : [] };
}

const NO_CONFIGURATION: HostAccess = {
  line: './etc/vzdump/pct.conf is not the first file of the archive',
  reason: 'no-configuration',
};

/** One after the other: the first are enough. */
async function* blobsOf(reader: BlobSource, { content }: StoredNode): AsyncGenerator<Uint8Array> {
  for (let position = 0; position < content.length; position++) {
    const id = content.at(position);
    if (id !== undefined) yield await reader.read('data', blobId(id.slice()));
  }
}

async function understood<Result>(archive: StoredNode, read: () => Promise<Result>): Promise<Result> {
  try {
    return await read();
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    const name = Buffer.from(archive.name).toString('utf8');
    throw new UserError('repository-damaged', `${name} in the snapshot is no archive: ${cause.message}`, {
      cause,
      hint: 'pvebak verify tells what else is damaged',
    });
  }
}
